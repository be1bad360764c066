"""Precision, recall and F1 averaged over both classes, as documents on classifiers print them.

Each class counts with its number of images. A class that no image is called has precision 0,
not none, as in scikit-learn's reports. The average recall is the accuracy.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from toomre.evaluation.weighted import Scored, counts, ratio

__all__ = ["CLASS_AVERAGES"]

Floats = NDArray[np.float64]


def _purity(sample: Scored, weight: Floats) -> Floats:
    tp, fp, fn, tn = counts(sample, weight)
    return _average(sample, weight, _or_zero(tp, tp + fp), _or_zero(tn, tn + fn))


def _completeness(sample: Scored, weight: Floats) -> Floats:
    tp, fp, fn, tn = counts(sample, weight)
    return ratio(tp + tn, tp + fp + fn + tn)


def _f1(sample: Scored, weight: Floats) -> Floats:
    tp, fp, fn, tn = counts(sample, weight)
    wrong = fp + fn
    merger, nonmerger = _or_zero(2 * tp, 2 * tp + wrong), _or_zero(2 * tn, 2 * tn + wrong)
    return _average(sample, weight, merger, nonmerger)


def _average(sample: Scored, weight: Floats, merger: Floats, nonmerger: Floats) -> Floats:
    mergers, images = weight @ sample.label, weight.sum(axis=1)
    return ratio(mergers * merger + (images - mergers) * nonmerger, images)


def _or_zero(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole != 0)


#: Name -> function of (`Scored`, weights of shape (resample, image)), as in `WEIGHTED`.
CLASS_AVERAGES: dict[str, Callable[..., Floats]] = {
    "averaged_purity": _purity,
    "averaged_completeness": _completeness,
    "averaged_f1": _f1,
}
