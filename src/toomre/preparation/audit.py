"""Leaks that the tables alone show: galaxies, and views of them, in more than one part."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from toomre.errors import ArgumentError
from toomre.lookup import lookup
from toomre.preparation.split import PARTS

__all__ = ["PartLeaks", "TableLeaks", "audit_tables", "shared_between_parts"]


@dataclass(frozen=True)
class PartLeaks:
    """How much of a part was already seen in training.

    Fractions are from 0 to 1, and None where there are no such images or nothing is known.

    Attributes
    ----------
    images
        Images in the part.
    same_galaxy, same_galaxy_mergers, same_galaxy_nonmergers
        Fraction of them (of its mergers, of its nonmergers) whose galaxy is in train.
    same_view, same_view_mergers
        Fraction of them (of its mergers) of which a copy of the same view is in train.
    """

    images: int
    same_galaxy: float | None
    same_galaxy_mergers: float | None
    same_galaxy_nonmergers: float | None
    same_view: float | None = None
    same_view_mergers: float | None = None


@dataclass(frozen=True)
class TableLeaks:
    """What `audit_tables` found.

    Attributes
    ----------
    valid, test
        What of these parts was already seen in training.
    shared_galaxies
        Number of galaxies with images in more than one part.
    shared_views
        Number of views with images in more than one part, or None if no views were given.
    """

    valid: PartLeaks
    test: PartLeaks
    shared_galaxies: int
    shared_views: int | None = None

    @property
    def passed(self) -> bool:
        """Whether no galaxy and no view is in more than one part."""
        return self.shared_galaxies == 0 and not self.shared_views

    def part(self, name: str) -> PartLeaks:
        """Return the leaks of ``"valid"`` or ``"test"``."""
        return lookup({"valid": self.valid, "test": self.test}, name, "part")

    def to_dict(self) -> dict[str, Any]:
        """Return plain numbers, ready for JSON."""
        return {**asdict(self), "passed": self.passed}


def audit_tables(
    galaxy_id: ArrayLike, part: ArrayLike, label: ArrayLike, view_id: ArrayLike | None = None
) -> TableLeaks:
    """Measure how much of the valid and test parts was already seen in training.

    Parameters
    ----------
    galaxy_id
        Array of shape (image,): which galaxy an image shows, as numbers or text. A missing
        value stands for a galaxy of its own.
    part
        Array of shape (image,): ``"train"``, ``"valid"``, ``"test"``, or ``""`` for none.
    label
        Array of shape (image,): 1 for a merger, 0 for a nonmerger, missing where unknown.
    view_id
        Array of shape (image,): which original image an augmented copy was made from. Images
        with the same `view_id` are copies of one another.

    Raises
    ------
    ArgumentError
        If the arrays differ in length or a part has another name.

    Examples
    --------
    >>> leaks = audit_tables(["a", "a", "b", "c"], ["train", "test", "test", "valid"],
    ...                      [1, 1, 0, 0])
    >>> leaks.test.same_galaxy, leaks.test.same_galaxy_mergers, leaks.valid.same_galaxy
    (0.5, 1.0, 0.0)
    >>> leaks.shared_galaxies, leaks.passed
    (1, False)
    """
    parts = np.asarray(part, dtype=object)
    labels = pd.to_numeric(pd.Series(np.asarray(label, dtype=object)), errors="coerce")
    galaxies, views = _codes(galaxy_id), None if view_id is None else _codes(view_id)
    for name, values in (("galaxy_id", galaxies), ("label", labels), ("view_id", views)):
        if values is not None and len(values) != len(parts):
            raise ArgumentError.expected(name, f"of length {len(parts)}, as `part`", len(values))
    if unknown := sorted({str(name) for name in parts} - {*PARTS, ""}):
        raise ArgumentError.expected("part", "'train', 'valid', 'test' or ''", unknown[0])
    numbers = labels.to_numpy(float, na_value=np.nan)
    leaks = {name: _part_leaks(name, parts, numbers, galaxies, views) for name in PARTS[1:]}
    return TableLeaks(
        **leaks,
        shared_galaxies=_shared(galaxies, parts),
        shared_views=None if views is None else _shared(views, parts),
    )


def shared_between_parts(values: ArrayLike, part: ArrayLike) -> int:
    """Return how many different values occur in more than one part; missing ones never do.

    Examples
    --------
    >>> shared_between_parts(["a", "a", "b", "", ""], ["train", "test", "test", "test", "train"])
    1
    """
    return _shared(_codes(values), np.asarray(part, dtype=object))


def _codes(values: ArrayLike) -> NDArray[np.int64]:
    """Give each different value a number, and every missing one a number of its own."""
    series = pd.Series(np.asarray(values))
    codes, names = pd.factorize(series.mask(series.astype(str) == ""))
    missing = codes < 0
    numbers = codes.astype(np.int64)
    numbers[missing] = len(names) + np.arange(missing.sum())
    return numbers


def _shared(codes: NDArray[np.int64], parts: NDArray[np.object_]) -> int:
    used = parts != ""
    table = pd.DataFrame({"code": codes[used], "part": parts[used]})
    return int((table.groupby("code")["part"].nunique() > 1).sum())


def _part_leaks(
    name: str,
    parts: NDArray[np.object_],
    labels: NDArray[np.float64],
    galaxies: NDArray[np.int64],
    views: NDArray[np.int64] | None,
) -> PartLeaks:
    inside, train = parts == name, parts == "train"
    merger, nonmerger = labels[inside] == 1, labels[inside] == 0
    galaxy = np.isin(galaxies[inside], galaxies[train])
    view = None if views is None else np.isin(views[inside], views[train])
    return PartLeaks(
        images=int(inside.sum()),
        same_galaxy=_fraction(galaxy),
        same_galaxy_mergers=_fraction(galaxy[merger]),
        same_galaxy_nonmergers=_fraction(galaxy[nonmerger]),
        same_view=None if view is None else _fraction(view),
        same_view_mergers=None if view is None else _fraction(view[merger]),
    )


def _fraction(values: NDArray[np.bool_]) -> float | None:
    return float(values.mean()) if len(values) else None
