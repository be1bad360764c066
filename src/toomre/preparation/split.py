"""Which image belongs to which part of the data: by galaxy, stratified, stored once."""

from __future__ import annotations

import csv
import io
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from toomre.errors import ArgumentError, CorruptFileError, MissingFileError
from toomre.preparation.assignment import assign_groups
from toomre.preparation.groups import LINK_LENGTH, check_link_length
from toomre.spreadsheet import guard, unguard
from toomre.storage import sha256_bytes, write_text

__all__ = ["PARTS", "Protocol", "Split", "SplitOptions", "fold_splits", "make_split"]

#: The parts in order; an image that is bad or has no label belongs to none of them ("").
PARTS = ("train", "valid", "test")

#: How a split was made: by galaxy, or as it was published with the data, with copies of the
#: test images in training.
Protocol = Literal["grouped", "paper"]

_COLUMNS = ["image_id", "group", "part"]
_FRACTIONS = (0.7, 0.1, 0.2)  # train, valid, test, as in DeepMerge
_Names = Sequence[str] | NDArray[Any]
_FOLD_FRACTIONS = (7 / 8, 1 / 8)  # of what is not tested


@dataclass(frozen=True)
class SplitOptions:
    """How to split: see `make_split` and `toomre.preparation.groups.galaxy_groups`.

    Attributes
    ----------
    fractions
        Of the images in train, valid and test.
    link_length
        Images closer than this on the sky stay together [arcsec]; 0 = off.
    seed
        Seed of the draw.
    stratified
        Whether each part gets its share of each class. If not, labels are not looked at, as it
        should be where the set is a target whose labels may choose nothing; images without a
        label then have their part too.

    Examples
    --------
    >>> SplitOptions(fractions=(0.7, 0.2, 0.2))
    Traceback (most recent call last):
    toomre.errors.ArgumentError: Expected `fractions` to be three shares of train, valid and
    test that sum to 1, but got (0.7, 0.2, 0.2).
    """

    fractions: tuple[float, float, float] = _FRACTIONS
    link_length: float = LINK_LENGTH
    seed: int = 0
    stratified: bool = True

    def __post_init__(self) -> None:
        _shares(self.fractions)
        check_link_length(self.link_length)
        if self.seed < 0:
            raise ArgumentError.expected("seed", "0 or more", self.seed)


@dataclass(frozen=True, eq=False)
class Split:
    """A stored split: a table with the columns `image_id`, `group` and `part`.

    Examples
    --------
    >>> table = pd.DataFrame({"image_id": ["a", "b"], "group": ["0", "1"],
    ...                       "part": ["train", "test"]})
    >>> split = Split(table)
    >>> split.rows("test").tolist()
    [1]
    >>> len(split.sha256)
    64
    """

    table: pd.DataFrame

    @classmethod
    def read(cls, path: Path) -> Split:
        """Read ``split.csv``."""
        try:
            content = Path(path).read_bytes()
        except FileNotFoundError as error:
            raise MissingFileError(f"There is no split at {path}.") from error
        try:
            rows = list(csv.reader(io.StringIO(content.decode(), newline=""), strict=True))
        except (UnicodeDecodeError, csv.Error) as error:
            raise CorruptFileError(f"The split {path} is damaged: {error}.") from error
        header = rows[0] if rows else []
        if header != _COLUMNS:
            raise CorruptFileError(
                f"Expected the columns image_id, group, part in {path}, "
                f"but got {', '.join(header)}."
            )
        if any(len(row) != len(_COLUMNS) for row in rows):
            raise CorruptFileError(f"Expected three values in each row of {path}.")
        return cls(pd.DataFrame([map(unguard, row) for row in rows[1:]], columns=_COLUMNS))

    def write(self, path: Path) -> None:
        """Write ``split.csv`` atomically."""
        write_text(path, self.text)

    @property
    def text(self) -> str:
        """The content of ``split.csv``.

        A text that a spreadsheet would run as a formula is written behind an apostrophe,
        which `read` takes away again.
        """
        rows = [_COLUMNS, *self.table[_COLUMNS].astype(str).to_numpy().tolist()]
        return "".join(",".join(_quoted(guard(cell)) for cell in row) + "\n" for row in rows)

    @property
    def sha256(self) -> str:
        """SHA-256 of the content, which every model trained with this split carries."""
        return sha256_bytes(self.text.encode())

    def rows(self, part: str) -> pd.Index:
        """Return the row numbers of a part, in the catalogue's order."""
        return self.table.index[self.table["part"] == part]


def make_split(
    image_id: _Names,
    groups: ArrayLike,
    labels: ArrayLike | None,
    usable: ArrayLike,
    fractions: tuple[float, float, float] = _FRACTIONS,
    *,
    rng: np.random.Generator,
) -> Split:
    """Draw a split in which no group is divided and the classes keep their proportions.

    Each part gets its share of each class to within one group. A group may hold both labels
    (two galaxies of one real pair, say); it stays together all the same.

    Parameters
    ----------
    image_id, groups, labels, usable
        One value for each image: its name, its group, 1 or 0 (NaN or missing = unlabelled),
        and whether it may be used. What is unlabelled or not usable goes in no part. Labels
        None: there are no classes, as where vote fractions are to be learned.
    fractions
        Of the images in train, valid and test; they sum to 1, and 0 leaves a part empty.
    rng
        Draws the order in which the groups are dealt out.

    Raises
    ------
    ArgumentError
        If the fractions are not allowed, or the training part would lack a class.

    Warns
    -----
    UserWarning
        If valid or test lacks a class because there are too few groups of it.

    Examples
    --------
    >>> names = [f"g{i}" for i in range(20)]
    >>> split = make_split(names, range(20), [0, 1] * 10, [True] * 20,
    ...                    rng=np.random.default_rng(0))
    >>> split.table["part"].value_counts().to_dict()
    {'train': 14, 'test': 4, 'valid': 2}
    """
    shares = _shares(fractions)
    codes, classes = _checked(image_id, groups, labels, usable)
    parts = assign_groups(codes, classes, shares, rng)
    if labels is not None:
        _check_classes(parts, classes, shares)
    return _split(image_id, groups, parts)


def fold_splits(
    image_id: _Names,
    groups: ArrayLike,
    labels: ArrayLike | None,
    usable: ArrayLike,
    folds: int = 5,
    *,
    rng: np.random.Generator,
) -> list[Split]:
    """Draw splits for cross-validation: each usable image is tested in exactly one of them.

    What a fold does not test is divided 7:1 in train and valid, by group and class as well.

    Parameters
    ----------
    image_id, groups, labels, usable, rng
        As for `make_split`.
    folds
        How many splits, at least 2.

    Raises
    ------
    ArgumentError
        If `folds` is less than 2, or a training part would lack a class.

    Examples
    --------
    >>> splits = fold_splits(list("abcdefgh"), range(8), [0, 1] * 4, [True] * 8, folds=2,
    ...                      rng=np.random.default_rng(0))
    >>> sorted(row for split in splits for row in split.rows("test"))
    [0, 1, 2, 3, 4, 5, 6, 7]
    """
    if folds < 2:
        raise ArgumentError.expected("folds", "at least 2", folds)
    codes, classes = _checked(image_id, groups, labels, usable)
    fold = assign_groups(codes, classes, np.full(folds, 1 / folds), rng)
    splits = []
    for tested in range(folds):
        rest = np.where(fold == tested, -1, classes)
        parts = assign_groups(codes, rest, np.array(_FOLD_FRACTIONS), rng)
        if labels is not None:
            _check_classes(parts, rest, np.array([*_FOLD_FRACTIONS, 0]))
        splits.append(_split(image_id, groups, np.where(fold == tested, 2, parts)))
    return splits


def _shares(fractions: tuple[float, float, float]) -> NDArray[np.float64]:
    shares = np.asarray(fractions, dtype="float64")
    if shares.shape != (3,) or not (shares >= 0).all() or abs(shares.sum() - 1) > 1e-6:
        raise ArgumentError.expected(
            "fractions", "three shares of train, valid and test that sum to 1", fractions
        )
    return shares


def _checked(
    image_id: _Names, groups: ArrayLike, labels: ArrayLike | None, usable: ArrayLike
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the groups as 0, 1, ... and the classes: 1, 0, or -1 for an image left out."""
    given = np.zeros(len(image_id)) if labels is None else labels
    values = pd.Series(given).to_numpy(dtype="float64", na_value=np.nan)
    keys = pd.Series(groups)
    use = np.asarray(usable, dtype=bool)
    if not len(image_id) == len(keys) == len(values) == len(use):
        raise ArgumentError(
            "Expected one group, label and usable for each image, but got "
            f"{len(keys)}, {len(values)} and {len(use)} for {len(image_id)} images."
        )
    wrong = values[~np.isnan(values) & ~np.isin(values, (0, 1))]
    if len(wrong):
        raise ArgumentError.expected("labels", "0, 1 or missing", float(wrong[0]))
    classes = np.where(use & ~np.isnan(values), np.nan_to_num(values), -1).astype(np.intp)
    return pd.factorize(keys)[0], classes


def _check_classes(
    parts: NDArray[np.intp], classes: NDArray[np.intp], shares: NDArray[np.float64]
) -> None:
    names = ("nonmergers", "mergers")
    for part, name in enumerate(PARTS):
        counts = [int(((parts == part) & (classes == label)).sum()) for label in (0, 1)]
        if shares[part] == 0 or all(counts):
            continue
        totals = [int((classes == label).sum()) for label in (0, 1)]
        text = (
            f"the {name} part has {counts[1]} {names[1]} and {counts[0]} {names[0]}, drawn "
            f"from {totals[1]} {names[1]} and {totals[0]} {names[0]} that can be used. "
        )
        if name == "train":
            raise ArgumentError(
                f"Training needs both classes, but {text}Check the labels; fractions 0, 0, 1 "
                "make a set that is only tested, and a table without labels is not split."
            )
        warnings.warn(
            f"Some results need both classes, but {text}Groups of galaxies are never divided.",
            UserWarning,
            stacklevel=3,
        )


def _split(image_id: _Names, groups: ArrayLike, parts: NDArray[np.intp]) -> Split:
    names = np.array([*PARTS, ""], dtype=object)  # -1 is the last: no part
    columns = {"image_id": list(image_id), "group": pd.Series(groups).astype(str).tolist()}
    return Split(pd.DataFrame({**columns, "part": names[parts].tolist()}, columns=_COLUMNS))


def _quoted(cell: str) -> str:
    special = any(mark in cell for mark in ',"\r\n')
    return '"' + cell.replace('"', '""') + '"' if special else cell
