"""Every metric for many weightings of the same images at once: the one implementation.

A bootstrap resample is a weighting: how often each image was drawn. The images are sorted
once; each metric then takes weights of shape (resample, image) and returns one number a
resample, NaN where the metric is undefined. The plain metrics are the same with weights of 1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from toomre.errors import ArgumentError

__all__ = [
    "N_BINS",
    "WEIGHTED",
    "Scored",
    "calibration_bin",
    "counts",
    "cumulative_counts",
    "ratio",
]

Floats = NDArray[np.float64]

#: Equal-width bins of the expected calibration error.
N_BINS = 15


@dataclass(frozen=True, eq=False)
class Scored:
    """Labels and scores, sorted by falling score; images without a score are left out.

    Attributes
    ----------
    label, score
        Arrays of shape (image,) in the sorted order; label 1 is a merger, 0 a nonmerger.
    order
        Where each of them stands in the arrays that were given.
    start
        Index of the first image of each run of equal scores.
    threshold
        An image is called a merger where its score is at least this.

    Examples
    --------
    >>> Scored.of([0, 1, 1], [0.1, np.nan, 0.8]).order
    array([2, 0])
    """

    label: Floats
    score: Floats
    order: NDArray[np.intp]
    start: NDArray[np.intp]
    threshold: float

    @classmethod
    def of(cls, label: ArrayLike, score: ArrayLike, threshold: float = 0.5) -> Scored:
        """Check and sort the labels and scores.

        Raises
        ------
        ArgumentError
            If the shapes differ, a label is neither 0 nor 1, or a score or the threshold is
            outside 0 to 1.
        """
        labels, scores = _floats("label", label), _floats("score", score)
        if labels.shape != scores.shape:
            raise ArgumentError.expected(
                "score", f"an array of shape {labels.shape}, as `label`", scores.shape
            )
        if not np.isin(labels, (0, 1)).all():
            wrong = labels[~np.isin(labels, (0, 1))][0]
            raise ArgumentError.expected("label", "0 (nonmerger) or 1 (merger)", float(wrong))
        known = ~np.isnan(scores)
        outside = known & ~((scores >= 0) & (scores <= 1))
        if outside.any():
            raise ArgumentError.expected(
                "score", "a probability from 0 to 1", float(scores[outside][0])
            )
        if not 0 <= threshold <= 1:
            raise ArgumentError.expected("threshold", "a number from 0 to 1", threshold)
        kept = np.flatnonzero(known)
        order = kept[np.argsort(-scores[kept], kind="stable")]
        ranked = scores[order]
        first = np.r_[True, ranked[1:] != ranked[:-1]][: len(ranked)]
        return cls(labels[order], ranked, order, np.flatnonzero(first), float(threshold))


def _floats(name: str, values: ArrayLike) -> Floats:
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ArgumentError.expected(name, "an array of numbers", values) from error
    if array.ndim != 1:
        raise ArgumentError.expected(name, "an array of shape (n,)", array.shape)
    return array


def ratio(part: NDArray[Any], whole: NDArray[Any]) -> Floats:
    """Divide, with NaN where the divisor is zero.

    Examples
    --------
    >>> ratio(np.array([1.0, 0.0]), np.array([2.0, 0.0]))
    array([0.5, nan])
    """
    result = np.full(np.broadcast_shapes(part.shape, whole.shape), np.nan)
    np.divide(part, whole, out=result, where=whole != 0)
    return result


def calibration_bin(score: Floats, n_bins: int = N_BINS) -> NDArray[np.intp]:
    """Return the equal-width bin of each score: (lower, upper], with 0 in the first.

    Examples
    --------
    >>> calibration_bin(np.array([0.0, 0.25, 0.26, 1.0]), 4)
    array([0, 0, 1, 3])
    """
    return np.searchsorted(np.linspace(0, 1, n_bins + 1)[1:-1], score, side="left")


def counts(sample: Scored, weight: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Return true and false positives, false and true negatives, each of shape (resample,)."""
    merger, said = sample.label, (sample.score >= sample.threshold).astype(np.float64)
    kinds = np.stack(
        [merger * said, (1 - merger) * said, merger * (1 - said), (1 - merger) * (1 - said)], axis=1
    )
    tp, fp, fn, tn = (weight @ kinds).T
    return tp, fp, fn, tn


def _runs(sample: Scored, weight: Floats) -> tuple[Floats, Floats]:
    """Return the weight of mergers and nonmergers at each distinct score, falling."""
    merger = weight * sample.label
    nonmerger = weight - merger
    if len(sample.start) == len(sample.label):
        return merger, nonmerger
    return (
        np.add.reduceat(merger, sample.start, axis=1),
        np.add.reduceat(nonmerger, sample.start, axis=1),
    )


def cumulative_counts(sample: Scored, weight: Floats) -> tuple[Floats, Floats]:
    """Return true and false positives with the threshold at each distinct score, falling.

    Both have shape (resample, distinct score).
    """
    merger, nonmerger = _runs(sample, weight)
    return np.cumsum(merger, axis=1), np.cumsum(nonmerger, axis=1)


def _accuracy(sample: Scored, weight: Floats) -> Floats:
    tp, fp, fn, tn = counts(sample, weight)
    return ratio(tp + tn, tp + fp + fn + tn)


def _purity(sample: Scored, weight: Floats) -> Floats:
    tp, fp, _, _ = counts(sample, weight)
    return ratio(tp, tp + fp)


def _completeness(sample: Scored, weight: Floats) -> Floats:
    tp, _, fn, _ = counts(sample, weight)
    return ratio(tp, tp + fn)


def _specificity(sample: Scored, weight: Floats) -> Floats:
    _, fp, _, tn = counts(sample, weight)
    return ratio(tn, tn + fp)


def _f1(sample: Scored, weight: Floats) -> Floats:
    tp, fp, fn, _ = counts(sample, weight)
    return ratio(2 * tp, 2 * tp + fp + fn)


def _balanced_accuracy(sample: Scored, weight: Floats) -> Floats:
    return (_completeness(sample, weight) + _specificity(sample, weight)) / 2


def _roc_auc(sample: Scored, weight: Floats) -> Floats:
    # A merger and a nonmerger with the same score count as half a pair in the right order.
    merger, nonmerger = _runs(sample, weight)
    above = np.cumsum(merger, axis=1)
    mergers = above[:, -1].copy() if above.shape[1] else np.zeros(len(weight))
    above -= merger / 2
    pairs = np.einsum("rk,rk->r", nonmerger, above)
    return ratio(pairs, mergers * nonmerger.sum(axis=1))


def _average_precision(sample: Scored, weight: Floats) -> Floats:
    merger, nonmerger = _runs(sample, weight)
    tp = np.cumsum(merger, axis=1)
    answered = np.cumsum(nonmerger, axis=1)
    answered += tp
    # Where nothing has been answered yet, the step in completeness is zero too.
    precision = np.divide(tp, answered, out=np.zeros_like(tp), where=answered > 0)
    return ratio(np.einsum("rk,rk->r", merger, precision), merger.sum(axis=1))


def _brier_score(sample: Scored, weight: Floats) -> Floats:
    return ratio(weight @ (sample.score - sample.label) ** 2, weight.sum(axis=1))


def _expected_calibration_error(sample: Scored, weight: Floats, n_bins: int = N_BINS) -> Floats:
    # The weight cancels: sum of weight x |mean score - fraction of mergers| over the bins.
    gap = np.zeros((len(sample.score), n_bins))
    position = np.arange(len(sample.score)), calibration_bin(sample.score, n_bins)
    gap[position] = sample.score - sample.label
    return ratio(np.abs(weight @ gap).sum(axis=1), weight.sum(axis=1))


#: Name -> function of (`Scored`, weights of shape (resample, image)).
WEIGHTED: dict[str, Callable[..., Floats]] = {
    "accuracy": _accuracy,
    "balanced_accuracy": _balanced_accuracy,
    "purity": _purity,
    "completeness": _completeness,
    "specificity": _specificity,
    "f1": _f1,
    "roc_auc": _roc_auc,
    "average_precision": _average_precision,
    "brier_score": _brier_score,
    "expected_calibration_error": _expected_calibration_error,
}
