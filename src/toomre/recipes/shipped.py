"""Find a recipe by the path of its file, or by the name of one that comes with the package."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

from toomre.errors import MissingFileError
from toomre.recipe import Recipe

__all__ = ["open_recipe", "shipped_recipes"]


def shipped_recipes() -> dict[str, Path]:
    """Return name -> file of every recipe that comes with the package.

    Examples
    --------
    >>> "deepmerge2-mmd" in shipped_recipes()
    True
    """
    return {path.stem: path for path in sorted(Path(__file__).parent.glob("*.toml"))}


def open_recipe(recipe: Recipe | Path | str) -> Recipe:
    """Return a recipe as it is, or read it: a file, or else a shipped one of that name.

    Raises
    ------
    MissingFileError
        If there is neither; the message lists the names.
    ArgumentError
        If the recipe has mistakes.

    Examples
    --------
    >>> open_recipe("deepmerge2-mmd").optimizer.betas
    (0.7, 0.8)
    """
    if isinstance(recipe, Recipe):
        return recipe
    if Path(recipe).is_file():
        return Recipe.read(recipe)
    shipped = shipped_recipes()
    if str(recipe) in shipped:
        return Recipe.read(shipped[str(recipe)])
    close = get_close_matches(str(recipe), list(shipped), n=1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    raise MissingFileError(
        f"There is no recipe at {recipe}, and none of that name is shipped; there are "
        f"{', '.join(shipped)}.{hint}"
    )
