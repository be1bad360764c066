"""How good the scores are: numbers from labels and scores.

Every function takes the labels (image,), 1 for a merger and 0 for a nonmerger, the scores
(image,) from 0 to 1, and the threshold from which on a score means merger. Images whose
score is NaN are left out. Where a metric is undefined, for example without any merger, the
result is NaN, never an error.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from toomre.errors import ArgumentError
from toomre.evaluation.weighted import N_BINS, WEIGHTED, Scored, counts, ratio

__all__ = [
    "METRICS",
    "accuracy",
    "average_precision",
    "balanced_accuracy",
    "brier_score",
    "completeness",
    "confusion_matrix",
    "expected_calibration_error",
    "f1",
    "normalise_rows",
    "purity",
    "roc_auc",
    "specificity",
]


def accuracy(label: ArrayLike, score: ArrayLike, threshold: float = 0.5) -> float:
    """Return the fraction of images that are called by their right name.

    Examples
    --------
    >>> accuracy([0, 0, 1, 1], [0.1, 0.6, 0.7, 0.9])
    0.75
    """
    return _one("accuracy", label, score, threshold)


def balanced_accuracy(label: ArrayLike, score: ArrayLike, threshold: float = 0.5) -> float:
    """Return the mean of completeness and specificity: chance is 0.5 for any class balance.

    Examples
    --------
    >>> balanced_accuracy([0, 0, 1, 1], [0.1, 0.6, 0.7, 0.9])
    0.75
    """
    return _one("balanced_accuracy", label, score, threshold)


def purity(label: ArrayLike, score: ArrayLike, threshold: float = 0.5) -> float:
    """Return the fraction of mergers among what is called a merger (precision).

    Examples
    --------
    >>> purity([0, 0, 1, 1], [0.1, 0.6, 0.7, 0.2])
    0.5
    """
    return _one("purity", label, score, threshold)


def completeness(label: ArrayLike, score: ArrayLike, threshold: float = 0.5) -> float:
    """Return the fraction of the mergers that are called a merger (recall, sensitivity).

    Examples
    --------
    >>> completeness([0, 0, 1, 1], [0.1, 0.6, 0.7, 0.9])
    1.0
    """
    return _one("completeness", label, score, threshold)


def specificity(label: ArrayLike, score: ArrayLike, threshold: float = 0.5) -> float:
    """Return the fraction of the nonmergers that are called a nonmerger.

    Examples
    --------
    >>> specificity([0, 0, 1, 1], [0.1, 0.6, 0.7, 0.9])
    0.5
    """
    return _one("specificity", label, score, threshold)


def f1(label: ArrayLike, score: ArrayLike, threshold: float = 0.5) -> float:
    """Return the harmonic mean of purity and completeness.

    Examples
    --------
    >>> f1([0, 0, 1, 1], [0.1, 0.6, 0.7, 0.9])
    0.8
    """
    return _one("f1", label, score, threshold)


def roc_auc(label: ArrayLike, score: ArrayLike, threshold: float = 0.5) -> float:
    """Return the probability that a merger scores above a nonmerger; ties count half.

    The threshold has no influence; it is there so that all metrics are called alike.

    Examples
    --------
    >>> roc_auc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.75
    """
    return _one("roc_auc", label, score, threshold)


def average_precision(label: ArrayLike, score: ArrayLike, threshold: float = 0.5) -> float:
    """Return the purity averaged over the steps in completeness, without interpolation.

    Examples
    --------
    >>> round(average_precision([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]), 3)
    0.833
    """
    return _one("average_precision", label, score, threshold)


def brier_score(label: ArrayLike, score: ArrayLike, threshold: float = 0.5) -> float:
    """Return the mean squared difference of score and label: 0 is best.

    Examples
    --------
    >>> brier_score([0, 1], [0.5, 0.5])
    0.25
    """
    return _one("brier_score", label, score, threshold)


def expected_calibration_error(
    label: ArrayLike, score: ArrayLike, threshold: float = 0.5, n_bins: int = N_BINS
) -> float:
    """Return the mean distance of the score from the fraction of mergers, over score bins.

    The bins have equal widths; each counts with the number of its images, an empty one not at
    all. The value is never negative, so that a small sample makes it too large.

    Parameters
    ----------
    label, score, threshold
        As for all metrics; the threshold has no influence.
    n_bins
        Number of bins between 0 and 1.

    References
    ----------
    Guo et al. (2017), "On calibration of modern neural networks", section 2, here for the
    probability of the merger class.

    Examples
    --------
    >>> round(expected_calibration_error([0, 1, 1, 1], [0.7, 0.7, 0.7, 0.7]), 3)
    0.05
    """
    if n_bins < 1:
        raise ArgumentError.expected("n_bins", "an integer of 1 or more", n_bins)
    sample = Scored.of(label, score, threshold)
    weight = np.ones((1, len(sample.label)))
    return float(WEIGHTED["expected_calibration_error"](sample, weight, n_bins)[0])


def confusion_matrix(
    label: ArrayLike, score: ArrayLike, threshold: float = 0.5
) -> NDArray[np.int64]:
    """Return the counts of shape (2, 2): a row a truth, a column an answer; nonmerger first.

    Examples
    --------
    >>> confusion_matrix([0, 0, 1, 1, 1], [0.1, 0.6, 0.7, 0.9, 0.2])
    array([[1, 1],
           [1, 2]])
    """
    sample = Scored.of(label, score, threshold)
    tp, fp, fn, tn = counts(sample, np.ones((1, len(sample.label))))
    return np.array([[tn[0], fp[0]], [fn[0], tp[0]]]).astype(np.int64)


def normalise_rows(matrix: ArrayLike) -> NDArray[np.float64]:
    """Divide each row of a confusion matrix by its sum; NaN where a class is absent.

    Examples
    --------
    >>> normalise_rows([[3, 1], [0, 2]])
    array([[0.75, 0.25],
           [0.  , 1.  ]])
    """
    number = np.asarray(matrix, dtype=np.float64)
    return ratio(number, number.sum(axis=1, keepdims=True) + np.zeros_like(number))


def _one(name: str, label: ArrayLike, score: ArrayLike, threshold: float) -> float:
    sample = Scored.of(label, score, threshold)
    return float(WEIGHTED[name](sample, np.ones((1, len(sample.label))))[0])


#: Name -> function of (label, score, threshold). `bootstrap` gives each an interval.
METRICS: dict[str, Callable[[ArrayLike, ArrayLike, float], float]] = {
    "accuracy": accuracy,
    "balanced_accuracy": balanced_accuracy,
    "purity": purity,
    "completeness": completeness,
    "specificity": specificity,
    "f1": f1,
    "roc_auc": roc_auc,
    "average_precision": average_precision,
    "brier_score": brier_score,
    "expected_calibration_error": expected_calibration_error,
}
