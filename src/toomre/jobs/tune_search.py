"""What a search for hyper-parameters is of: opened and checked before its folder is claimed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from toomre.build import choose_device
from toomre.errors import ArgumentError
from toomre.jobs.domains import start_sha256, target_images
from toomre.jobs.planning import Plan
from toomre.jobs.provenance import check_identity, environment
from toomre.jobs.search_places import changed, in_effect
from toomre.jobs.search_space import SearchSpace, default_space, read_space
from toomre.preparation.prepared import PreparedSet
from toomre.recipe import Recipe
from toomre.recipes.shipped import open_recipe
from toomre.storage import write_json
from toomre.training.objectives import Objective, find_objective
from toomre.training.selection import DIRECTIONS

__all__ = ["Search"]

_RECORD = "tune.json"


@dataclass(frozen=True, eq=False)
class Search:
    """A recipe, its images, what may change and what is looked for.

    Attributes
    ----------
    recipe
        The given one; with a metric as the objective, each stage chooses its epoch by it.
    prepared, target
        The source's images, and the target's or None.
    start
        The model that every trial starts from, or None.
    space
        What may change.
    objective
        What is made small or large.
    device
        As for `train`.
    """

    recipe: Recipe
    prepared: PreparedSet
    target: PreparedSet | None
    start: Path | str | None
    space: SearchSpace
    objective: Objective
    device: str

    @classmethod
    def make(
        cls,
        recipe: Recipe | Path | str,
        data: PreparedSet | Path | str,
        objective: str,
        *,
        target: PreparedSet | Path | str | None = None,
        start: Path | str | None = None,
        space: Path | str | None = None,
        device: str = "auto",
    ) -> Search:
        """Open everything and build a trial, or raise an error that says what does not fit.

        Raises
        ------
        ArgumentError
            If the objective, the space, the start or the domains do not fit the recipe.
        """
        recipe, wanted = open_recipe(recipe), find_objective(objective)
        wanted.check([term.name for term in recipe.loss])
        if objective in DIRECTIONS:
            places = [f"{place}.metric" for place in in_effect(recipe, "selection")]
            recipe = changed(recipe, dict.fromkeys(places, objective))
        changing = default_space(recipe) if space is None else read_space(space)
        changing.check(recipe)
        prepared = PreparedSet.of(data)
        opened = None if target is None else PreparedSet.of(target)
        search = cls(recipe, prepared, opened, start, changing, wanted, device)
        search._build()
        return search

    def claim(self, folder: Path) -> None:
        """Make a folder this search's, or check that it is.

        Raises
        ------
        OutputExistsError
            If it holds another search.
        ArgumentError
            If it holds something else.
        """
        identity: dict[str, object] = {
            "recipe_sha256": self.recipe.sha256,
            "dataset_sha256": self.prepared.info.sha256,
            "target_images_sha256": None if self.target is None else self.target.info.images_sha256,
            "start_sha256": start_sha256(self.start),
            "space_sha256": self.space.sha256,
            "objective": self.objective.name,
        }
        if self.objective.larger_is_better:  # once such a value was kept with another sign
            identity["larger_is_better"] = True
        path = folder / _RECORD
        if path.exists():
            check_identity(path, identity)
            return
        if any(not name.name.startswith(".") for name in folder.iterdir()):
            raise ArgumentError(f"{folder} is not empty, and it is no search. Give another.")
        write_json(path, {**environment(), **identity})
        self.recipe.write(folder / "recipe.toml")

    def _build(self) -> None:
        """Build trials as training would: all that can be wrong with one shows now."""
        device, split = choose_device(self.device), self.prepared.own_split()
        for values in self.space.to_build():
            recipe = changed(self.recipe, values)
            images = target_images(self.target, recipe)
            Plan.make(recipe, self.prepared, split, device, target=images, start=self.start)
