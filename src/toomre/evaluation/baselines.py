"""What answers without looking at the images reach: a model must beat them.

The look-up baseline shows leakage: where galaxies of the test part were trained on, it can be
right without having learned anything about mergers.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from toomre.errors import ArgumentError
from toomre.evaluation.metrics import METRICS

__all__ = ["lookup_baseline", "majority_baseline"]

_NAMES = ("accuracy", "balanced_accuracy", "purity", "completeness", "f1")


def majority_baseline(train_label: ArrayLike, test_label: ArrayLike) -> dict[str, float]:
    """Answer every test image with the commoner class of the training part.

    Parameters
    ----------
    train_label, test_label
        Arrays of 1 (merger) and 0 (nonmerger). Of two equally common classes, 0 is taken.

    Returns
    -------
    Accuracy, balanced accuracy, purity, completeness and F1; NaN where undefined.

    Raises
    ------
    ArgumentError
        If there is no training image, or a label is neither 0 nor 1.

    Examples
    --------
    >>> majority_baseline([0, 0, 1], [0, 1, 0, 0])["accuracy"]
    0.75
    """
    test = _labels("test_label", test_label)
    majority = _majority(_labels("train_label", train_label))
    return _judged(test, np.full(test.shape, majority, dtype=np.float64))


def lookup_baseline(
    train_galaxy_id: ArrayLike,
    train_label: ArrayLike,
    test_galaxy_id: ArrayLike,
    test_label: ArrayLike,
) -> dict[str, float]:
    """Answer with the label that the galaxy had in the training part, else with its majority.

    Parameters
    ----------
    train_galaxy_id, test_galaxy_id
        Ids, one for each image; they are compared as text.
    train_label, test_label
        Arrays of 1 (merger) and 0 (nonmerger).

    Returns
    -------
    As `majority_baseline`, and `seen`: the fraction of test images whose galaxy was in the
    training part, which is 0 in a split by galaxy.

    Raises
    ------
    ArgumentError
        If there is no training image, the lengths differ or a label is neither 0 nor 1.

    Examples
    --------
    >>> found = lookup_baseline(["a", "b", "c"], [1, 0, 0], ["a", "d"], [1, 1])
    >>> found["accuracy"], found["seen"]
    (0.5, 0.5)
    """
    train, test = _labels("train_label", train_label), _labels("test_label", test_label)
    train_id = _ids("train_galaxy_id", train_galaxy_id, len(train))
    test_id = _ids("test_galaxy_id", test_galaxy_id, len(test))
    majority = _majority(train)
    # A galaxy with as many labels of the one kind as of the other has no answer of its own.
    known = pd.Series(train).groupby(train_id.to_numpy()).mean()
    answer = test_id.map(known).to_numpy(dtype=np.float64)
    seen = ~np.isnan(answer)
    given = np.where(seen & (answer != 0.5), np.round(answer), majority)
    return {
        **_judged(test, np.asarray(given, dtype=np.float64)),
        "seen": float(seen.mean()) if len(seen) else np.nan,
    }


def _judged(label: NDArray[np.float64], answer: NDArray[np.float64]) -> dict[str, float]:
    return {name: METRICS[name](label, answer, 0.5) for name in _NAMES}


def _majority(label: NDArray[np.float64]) -> float:
    if not len(label):
        raise ArgumentError.expected("train_label", "the labels of at least one image", [])
    return float(label.mean() > 0.5)


def _labels(name: str, label: ArrayLike) -> NDArray[np.float64]:
    array = np.asarray(label, dtype=np.float64)
    if array.ndim != 1 or not np.isin(array, (0, 1)).all():
        raise ArgumentError.expected(name, "an array of 0 (nonmerger) and 1 (merger)", label)
    return array


def _ids(name: str, ids: ArrayLike, wanted: int) -> pd.Series[str]:
    text = pd.Series(np.asarray(ids).ravel()).astype(str)
    if len(text) != wanted:
        raise ArgumentError.expected(name, f"one id for each of the {wanted} labels", len(text))
    return text
