"""What a network is to learn of each image of a prepared set: its class, or its vote fractions."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toomre.errors import ArgumentError
from toomre.preparation.prepared import PreparedSet

__all__ = ["Labels", "labels_of", "training_labels", "with_votes"]

#: Classes (n,), int64: 1 merger, 0 nonmerger; or fractions (n, k), float32.
Labels = NDArray[np.int64] | NDArray[np.float32]


def training_labels(
    prepared: PreparedSet, rows: dict[str, NDArray[np.intp]], answers: tuple[str, ...]
) -> dict[str, Labels]:
    """Return the labels of each part that a training uses, or say why it cannot be trained on.

    Parameters
    ----------
    prepared
        The data set.
    rows
        Part -> its rows.
    answers
        The columns of the catalogue that the network is to give; none: the class.

    Raises
    ------
    ArgumentError
        If a part lacks a class, or the set lacks a column or a value.
    """
    labels = {part: labels_of(prepared, index, answers) for part, index in rows.items()}
    for part, found in labels.items():
        if found.ndim == 1:
            _check_classes(part, found)
        elif not len(found):
            raise ArgumentError.expected(f"the {part} part", "images with vote fractions", "none")
    return labels


def labels_of(prepared: PreparedSet, rows: NDArray[np.intp], answers: tuple[str, ...]) -> Labels:
    """Return the labels of some rows.

    Raises
    ------
    ArgumentError
        If the set lacks a column of `answers`, or a value of one.
    """
    table = prepared.catalog.iloc[rows]
    if not answers:
        unknown = int(table["label"].isna().sum())
        if unknown:
            raise ArgumentError.expected(
                f"the labels of {prepared.folder}",
                "merger or nonmerger",
                f"{unknown} images without one",
                "Votes alone train the head `votes` only; a set prepared with --no-stratify keeps "
                "images without a label in its parts, and serves as a target.",
            )
        return table["label"].to_numpy(np.int64)
    missing = [name for name in answers if name not in table]
    if missing:
        raise ArgumentError(
            f"{prepared.folder} has no {missing[0]}: its table had no vote fractions, which this "
            "network learns. Prepare it with Galaxy Zoo's table, or take another head."
        )
    fractions: NDArray[Any] = table[list(answers)].to_numpy(np.float32)
    if not np.isfinite(fractions).all():
        unknown = int((~np.isfinite(fractions)).any(axis=1).sum())
        raise ArgumentError.expected(
            f"the vote fractions of {prepared.folder}", "numbers", f"{unknown} rows without"
        )
    return fractions


def with_votes(
    prepared: PreparedSet, rows: NDArray[np.intp], answers: tuple[str, ...], part: str
) -> NDArray[np.intp]:
    """Return those of some rows that have a fraction for each answer.

    Of a set with labels, whose parts hold every image with a label, those without votes have
    nothing that could be learnt or judged here.

    Parameters
    ----------
    prepared
        The data set.
    rows
        Of a part, (n,).
    answers
        The columns that must be numbers; none: every row is returned.
    part
        Its name, for the warning.

    Warns
    -----
    UserWarning
        If some are left out, with how many.

    Examples
    --------
    >>> import pandas as pd
    >>> from types import SimpleNamespace
    >>> catalog = pd.DataFrame({"Class8.6": [0.1, np.nan, 0.9]})
    >>> some = SimpleNamespace(catalog=catalog, folder="prepared/gz2")
    >>> with warnings.catch_warnings(record=True) as told:
    ...     warnings.simplefilter("always")
    ...     with_votes(some, np.arange(3), ("Class8.6",), "train").tolist()
    [0, 2]
    >>> str(told[0].message)
    '1 of the 3 images of the train part of prepared/gz2 lack vote fractions and are left out.'
    """
    names = [name for name in answers if name in prepared.catalog]
    known = np.isfinite(prepared.catalog[names].iloc[rows].to_numpy(np.float64)).all(axis=1)
    if not known.all():
        warnings.warn(
            f"{int((~known).sum())} of the {len(rows)} images of the {part} part of "
            f"{prepared.folder} lack vote fractions and are left out.",
            UserWarning,
            stacklevel=3,
        )
    kept: NDArray[np.intp] = rows[known]
    return kept


def _check_classes(part: str, labels: Labels) -> None:
    """Refuse to train or choose by a part in which a class is absent."""
    mergers, nonmergers = int((labels == 1).sum()), int((labels == 0).sum())
    if min(mergers, nonmergers) == 0:
        raise ArgumentError.expected(
            f"the {part} part",
            "images of both classes",
            f"{mergers} mergers and {nonmergers} nonmergers",
            "Prepare the data set with other fractions, or add images.",
        )
