"""A published table as data: its rows, what each was trained and tested on, and its numbers."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from toomre.errors import ArgumentError
from toomre.lookup import lookup
from toomre.recipe import Recipe

__all__ = [
    "TABLES",
    "Changes",
    "Images",
    "Published",
    "Row",
    "Start",
    "Table",
    "changed",
    "read_table",
]


def _number(path: Path) -> int:
    return int(path.stem.removeprefix("t"))


#: Name -> file.
TABLES: Mapping[str, Path] = {
    path.stem.upper(): path
    for path in sorted((Path(__file__).parent / "tables").glob("*.toml"), key=_number)
}


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Published(_Entry):
    """The published numbers of one test, in the order of the table's metrics; NaN: not given.

    Attributes
    ----------
    value, spread
        What is printed, and what stands behind its sign ±.
    low, high
        Instead of these, where the document gives ranges.
    corrected
        Metric -> what it must be, where the printed one contradicts the others.
    """

    value: tuple[float, ...] = ()
    spread: tuple[float, ...] = ()
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    corrected: Mapping[str, float] = {}

    def number(self, place: int, metric: str) -> float:
        """Return the number to compare with: what is printed, or what it must be."""
        return self.corrected.get(metric, self.value[place])

    def difference(self, place: int, metric: str, found: float) -> float:
        """Return found - published; of a range, the distance from its nearest end, 0 inside.

        Examples
        --------
        >>> Published(low=(0.8,), high=(0.9,)).difference(0, "accuracy", 0.85)
        0.0
        """
        if self.value:
            return found - self.number(place, metric)
        return max(found - self.high[place], 0.0) + min(found - self.low[place], 0.0)


class Images(_Entry):
    """Where the images of a name come from.

    Attributes
    ----------
    published
        Folder below DIR of the published set, as ``toomre convert NAME --out DIR/NAME`` makes it;
        empty: DIR is a prepared set itself.
    mocks
        Pair and twin of the simulator.
    bands, crop
        The mocks' bands in the order wanted, and the side of the central square that is brought
        to 75 pixels; else they stay as they are.
    replaceable
        Whether another set may take its place (``--target``).
    """

    published: str
    mocks: str
    bands: tuple[str, ...] = ()
    crop: float | None = None
    replaceable: bool = False


class Changes(_Entry):
    """Dotted name -> value: what differs from the recipe."""

    changes: Mapping[str, Any] = {}


class Start(_Entry):
    """A training that another one starts from.

    Attributes
    ----------
    recipe, source, target
        As of a row.
    mocks
        What differs on the mocks, in front of the table's.
    """

    recipe: str
    source: str
    target: str
    mocks: Changes = Changes()


class Row(_Entry):
    """One training and its tests.

    Attributes
    ----------
    name
        As the tables show it.
    recipe
        Name of a shipped recipe.
    source, target
        Names of images; a target's labels are not looked at.
    start
        Name of what it starts from, or empty.
    beside
        Name of the published row that one of ours is to be compared with, or empty.
    tests
        Name of images -> the published numbers on their test part.
    mocks
        What differs on the mocks, in front of the table's.
    """

    name: str
    recipe: str
    source: str
    target: str = ""
    start: str = ""
    beside: str = ""
    tests: Mapping[str, Published]
    mocks: Changes = Changes()


class Table(_Entry):
    """A published table.

    Attributes
    ----------
    name, title, source
        For the head.
    metrics
        What is compared; `false_positive_rate` or what `toomre.evaluation.bootstrap` knows.
    spread
        What stands behind the sign ± in the document.
    notes
        What a reader should know.
    data, starts, row
        What the rows speak of, and the rows.
    mocks, paper
        What differs from the recipes on the mocks, and where the source has the published split.
    """

    name: str
    title: str
    source: str
    metrics: tuple[str, ...]
    spread: str = ""
    notes: tuple[str, ...] = ()
    data: Mapping[str, Images]
    starts: Mapping[str, Start] = {}
    mocks: Changes = Changes()
    paper: Changes = Changes()
    row: tuple[Row, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_are_known(self) -> Table:
        starts = {name: (start.source, start.target) for name, start in self.starts.items()}
        for row in self.row:
            if row.beside not in {"", *(one.name for one in self.row)}:
                raise ValueError(f"{row.name} stands beside {row.beside}, which is no row")
            named = {row.source, row.target, *row.tests, *starts.get(row.start, ())} - {""}
            if not named <= set(self.data) or row.start not in {"", *starts}:
                raise ValueError(f"{row.name} speaks of data or a start that is not described")
            for one in row.tests.values():
                lengths = {len(x) for x in (one.value, one.spread, one.low, one.high)} - {0}
                if lengths != {len(self.metrics)} or bool(one.value) == bool(one.low):
                    raise ValueError(f"{row.name}: expected as many numbers as there are metrics")
        return self

    def rows(self, wanted: str | None = None) -> tuple[Row, ...]:
        """Return the rows whose name has one of some words, separated by commas; None: all.

        A whole name means that row alone.

        Raises
        ------
        ArgumentError
            If there is none.

        Examples
        --------
        >>> [row.name for row in read_table("t6").rows("transfer,source")]
        ['source only', 'MMD + transfer']
        >>> [row.name for row in read_table("t6").rows("MMD")]
        ['MMD']
        """
        if wanted is None:
            return self.row
        words = [word.strip().casefold() for word in wanted.split(",") if word.strip()]
        names = {row.name.casefold() for row in self.row}
        found = tuple(
            row
            for row in self.row
            if (name := row.name.casefold()) in words
            or any(word in name for word in words if word not in names)
        )
        if not found:
            known = "; ".join(row.name for row in self.row)
            raise ArgumentError.expected("rows", f"words from the rows' names ({known})", wanted)
        return found


def changed(recipe: Recipe, *changes: Mapping[str, Any]) -> Recipe:
    """Return a recipe with other values, the later ones in front.

    Examples
    --------
    >>> from toomre.recipes.shipped import open_recipe
    >>> recipe = open_recipe("deepmerge2-mmd")
    >>> changed(recipe, {"training.epochs": 9}, {"training.epochs": 8}).training.epochs
    8
    """
    values = {key: value for each in changes for key, value in each.items()}
    return recipe.replaced(**{key.replace(".", "__"): value for key, value in values.items()})


def read_table(name: str) -> Table:
    """Read a published table by its name, such as ``"T3"``; case does not matter.

    Raises
    ------
    ArgumentError
        If there is no such table.

    Examples
    --------
    >>> read_table("t1").metrics[:2]
    ('roc_auc', 'accuracy')
    """
    text = lookup(TABLES, name.upper(), "table").read_text(encoding="utf-8")
    return Table.model_validate(tomllib.loads(text))
