"""``toomre.layers``: the layers of a network, of a recipe or a backbone by its name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from torch import nn

from toomre.build import architecture, build_backbone, build_network
from toomre.errors import MissingFileError
from toomre.networks.summary import Layer, summarise
from toomre.networks.tables import BACKBONES
from toomre.networks.timm_backbone import TIMM
from toomre.output import refuse_existing
from toomre.recipe import Recipe
from toomre.recipes.shipped import open_recipe
from toomre.storage import atomic_path

__all__ = ["Layers", "layers"]

# As `toomre prepare` makes images.
_SIZE = 75


@dataclass(frozen=True)
class Layers:
    """What `layers` returns.

    Attributes
    ----------
    name
        Of the recipe or of the backbone.
    shape
        Of one image, (band, y, x).
    rows
        See `toomre.networks.summary.summarise`.
    """

    name: str
    shape: tuple[int, int, int]
    rows: list[Layer]

    @property
    def numbers(self) -> int:
        """All numbers of the network, with the running statistics, as Keras counts."""
        return sum(row.numbers for row in self.rows)

    @property
    def learnt(self) -> int:
        """Those that can be learnt, as torch counts."""
        return sum(row.learnt for row in self.rows)

    @property
    def table(self) -> pd.DataFrame:
        """One row a layer: `layer`, `kind`, `shape` (such as ``32x62x62``), `numbers`, `learnt`."""
        table = pd.DataFrame(self.rows, columns=["layer", "kind", "shape", "numbers", "learnt"])
        return table.assign(shape=["x".join(map(str, row.shape)) for row in self.rows])

    def __str__(self) -> str:
        table = self.table
        counted = {name: table[name].map("{:,}".format) for name in ("numbers", "learnt")}
        lines = table.assign(**counted).to_string(index=False, justify="right")
        bands, y, x = self.shape
        return (
            f"{self.name} for images of {bands} bands and {y} x {x} pixels; shapes are "
            f"(channel, y, x)\n\n{lines}\n\n"
            f"{self.numbers:,} numbers, of which {self.learnt:,} can be learnt."
        )


def layers(
    name: Recipe | Path | str,
    *,
    size: int | None = None,
    bands: int = 3,
    depth: int | None = None,
    out: Path | str | None = None,
    overwrite: bool = False,
) -> Layers:
    """Return the layers of a network, with the shape of what each gives and its numbers.

    Parameters
    ----------
    name
        A backbone, or a recipe: its file, or the name of a shipped one. Of a recipe also the
        head; public weights are not needed, for nothing here depends on them.
    size
        Side of the images [pixel]; None: the recipe's, or 75.
    bands
        How many the images have.
    depth
        See `toomre.networks.summary.summarise`.
    out
        A table to write (CSV).
    overwrite
        Replace it.

    Raises
    ------
    MissingFileError
        If there is neither such a backbone nor such a recipe.
    ArgumentError
        If the network cannot be made for such images.
    OutputExistsError
        If the table is there already.

    Examples
    --------
    >>> layers("deepmerge2-mmd").learnt
    174626
    """
    path = None if out is None else Path(out)
    if path is not None:
        refuse_existing(path, overwrite=overwrite)
    called, network, side = _made(name, size, bands)
    shape = (bands, side, side)
    found = Layers(called, shape, summarise(network, shape, depth))
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_path(path) as temporary:
            found.table.to_csv(temporary, index=False, lineterminator="\n")
    return found


def _made(name: Recipe | Path | str, size: int | None, bands: int) -> tuple[str, nn.Module, int]:
    """Return name, network and side of the images of a backbone or recipe."""
    if isinstance(name, str) and (name in BACKBONES or name.startswith(TIMM)):
        side = size or _SIZE
        return name, build_backbone(name, {}, bands=bands, size=side), side
    try:
        recipe = open_recipe(name)
    except MissingFileError as error:
        raise MissingFileError(f"{error} Backbones are {', '.join(BACKBONES)}.") from error
    side = size or recipe.input.size
    return recipe.name, build_network(architecture(recipe), bands=bands, size=side), side
