"""95 % intervals by drawing galaxies again and again, with replacement.

Images of one galaxy are not independent, so that whole galaxies (or groups of them) are
drawn. All resamples of a block are computed at once: a resample is a row of weights.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from toomre.errors import ArgumentError
from toomre.evaluation.class_averages import CLASS_AVERAGES
from toomre.evaluation.weighted import WEIGHTED, Scored, cumulative_counts
from toomre.lookup import lookup

__all__ = ["Interval", "RocBand", "bootstrap", "resample_weights", "roc_band"]

Floats = NDArray[np.float64]

#: Numbers in one block of weights (256 KiB): it stays in the processor cache.
_BLOCK = 1 << 15
_QUANTILES = (0.025, 0.975)


class Interval(NamedTuple):
    """A value with the ends of its 95 % interval; NaN where it is undefined.

    Examples
    --------
    >>> print(Interval(0.9234, 0.901, 0.94))
    0.923 (0.901 to 0.940)
    """

    value: float
    lower: float
    upper: float

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.lower:.3f} to {self.upper:.3f})"


@dataclass(frozen=True, eq=False)
class RocBand:
    """A ROC curve with its 95 % band at fixed false positive rates.

    Attributes
    ----------
    fpr
        False positive rate (1 - specificity), rising from 0 to 1.
    tpr
        True positive rate (completeness) of the images themselves.
    lower, upper
        Percentiles 2.5 and 97.5 of the resamples.
    mean, std
        Mean and standard deviation of the resamples.
    """

    fpr: Floats
    tpr: Floats
    lower: Floats
    upper: Floats
    mean: Floats
    std: Floats

    @property
    def normal(self) -> tuple[Floats, Floats]:
        """Mean -/+ 1.96 standard deviations, kept in 0 to 1 (Ćiprijanović et al. 2020)."""
        reach = 1.96 * self.std
        return np.clip(self.mean - reach, 0, 1), np.clip(self.mean + reach, 0, 1)


def bootstrap(
    label: ArrayLike,
    score: ArrayLike,
    groups: ArrayLike | None,
    *,
    threshold: float,
    rng: np.random.Generator,
    resamples: int = 1000,
    metrics: Sequence[str] = tuple(WEIGHTED),
) -> dict[str, Interval]:
    """Return each metric with its 95 % percentile interval.

    A resample without any merger or any nonmerger is drawn again. One in which a metric is
    undefined does not count for that metric. Resampling adds noise, so that the interval of
    the expected calibration error tends to lie high, and may lie above its value.

    Parameters
    ----------
    label, score
        Arrays of shape (image,): 1 for a merger and 0 for a nonmerger; 0 to 1, or NaN where
        there is no score (the image is left out).
    groups
        What is drawn, an id for each image (image,): galaxies, or groups of neighbours on the
        sky. None: every image by itself.
    threshold
        A score of at least this means merger.
    rng
        The random generator.
    resamples
        How many are drawn.
    metrics
        Names in `toomre.evaluation.metrics.METRICS`, or in
        `toomre.evaluation.class_averages.CLASS_AVERAGES`.

    Raises
    ------
    ArgumentError
        If the shapes differ, a value is not allowed or a metric is not known.

    References
    ----------
    Ćiprijanović et al. (2020), DeepMerge I, take 1,000 resamples of images.

    Examples
    --------
    >>> rng = np.random.default_rng(3)
    >>> label = rng.integers(0, 2, 500)
    >>> score = np.clip(0.3 + 0.4 * label + rng.normal(0, 0.2, 500), 0, 1)
    >>> print(bootstrap(label, score, None, threshold=0.5, rng=rng)["accuracy"])
    0.8... (0.8... to 0.8...)
    """
    known = {**WEIGHTED, **CLASS_AVERAGES}
    functions = {name: lookup(known, name, "metric") for name in metrics}
    sample = Scored.of(label, score, threshold)
    whole = np.ones((1, len(sample.label)))
    draws: dict[str, list[Floats]] = {name: [] for name in functions}
    for weight in resample_weights(sample, groups, resamples, rng):
        for name, function in functions.items():
            draws[name].append(function(sample, weight))
    return {
        name: Interval(float(function(sample, whole)[0]), *_percentiles(draws[name]))
        for name, function in functions.items()
    }


def _percentiles(parts: list[Floats]) -> tuple[float, float]:
    values = np.concatenate(parts) if parts else np.empty(0)
    values = values[~np.isnan(values)]
    if not len(values):
        return np.nan, np.nan
    lower, upper = np.quantile(values, _QUANTILES)
    return float(lower), float(upper)


def roc_band(
    label: ArrayLike,
    score: ArrayLike,
    groups: ArrayLike | None,
    *,
    rng: np.random.Generator,
    resamples: int = 1000,
    points: int = 1001,
) -> RocBand:
    """Return the ROC curve with its vertical 95 % band.

    Parameters
    ----------
    label, score, groups, rng, resamples
        As for `bootstrap`.
    points
        Number of false positive rates between 0 and 1.

    Raises
    ------
    ArgumentError
        If a value is not allowed.

    Examples
    --------
    >>> rng = np.random.default_rng(3)
    >>> band = roc_band([0, 1, 0, 1], [0.1, 0.9, 0.6, 0.4], None, rng=rng, points=5)
    >>> band.fpr, band.tpr
    (array([0.  , 0.25, 0.5 , 0.75, 1.  ]), array([0.5, 0.5, 1. , 1. , 1. ]))
    """
    if points < 2:
        raise ArgumentError.expected("points", "an integer of 2 or more", points)
    sample = Scored.of(label, score)
    fpr = np.linspace(0, 1, points)
    if not 0 < sample.label.sum() < len(sample.label):
        nothing = np.full(points, np.nan)
        return RocBand(fpr, *(nothing.copy() for _ in range(5)))
    tpr = _curves(sample, np.ones((1, len(sample.label))), fpr)[0]
    drawn = np.concatenate(
        [
            _curves(sample, weight, fpr)
            for weight in resample_weights(sample, groups, resamples, rng)
        ]
    )
    lower, upper = np.quantile(drawn, _QUANTILES, axis=0)
    return RocBand(fpr, tpr, lower, upper, drawn.mean(axis=0), drawn.std(axis=0))


def _curves(sample: Scored, weight: Floats, fpr: Floats) -> Floats:
    """Return the true positive rates at the given false positive rates, a row a resample."""
    tp, fp = cumulative_counts(sample, weight)
    tp, fp = (np.pad(count, ((0, 0), (1, 0))) for count in (tp, fp))
    return np.stack([np.interp(fpr, f / f[-1], t / t[-1]) for t, f in zip(tp, fp, strict=True)])


def resample_weights(
    sample: Scored, groups: ArrayLike | None, resamples: int, rng: np.random.Generator
) -> Iterator[Floats]:
    """Draw groups with replacement and give blocks of weights of shape (resample, image).

    The weight of an image is how often its group was drawn; images are in the order of the
    sample. If there are two classes, every resample has both.

    Parameters
    ----------
    sample
        The labels and scores.
    groups
        An id for each image in the order that was given, or None for every image by itself.
    resamples
        How many rows there are in all blocks.
    rng
        The random generator.

    Raises
    ------
    ArgumentError
        If there is not one group for each image, or `resamples` is less than 1.
    """
    if resamples < 1:
        raise ArgumentError.expected("resamples", "an integer of 1 or more", resamples)
    group = _group_number(sample, groups)
    n_groups = int(group.max(initial=-1)) + 1
    if not n_groups:
        return
    mergers = np.bincount(group, weights=sample.label, minlength=n_groups)
    members = np.bincount(group, minlength=n_groups).astype(np.float64)
    two_classes = 0 < sample.label.sum() < len(sample.label)
    rows = max(1, _BLOCK // max(len(group), 1))
    missing = resamples
    while missing:
        count = _draw(min(rows, missing), n_groups, rng)
        if two_classes:
            # At least half of the draws pass, even for two galaxies, so that this ends.
            drawn = count @ mergers
            count = count[(drawn > 0) & (drawn < count @ members)]
        missing -= len(count)
        if len(count):
            yield np.take(count, group, axis=1)


def _draw(rows: int, n_groups: int, rng: np.random.Generator) -> Floats:
    """Return how often each group is drawn in each of some resamples (multinomial counts)."""
    drawn = rng.integers(0, n_groups, size=(rows, n_groups))
    drawn += np.arange(rows)[:, None] * n_groups
    count = np.bincount(drawn.ravel(), minlength=rows * n_groups)
    return count.reshape(rows, n_groups).astype(np.float64)


def _group_number(sample: Scored, groups: ArrayLike | None) -> NDArray[np.intp]:
    """Return the groups' numbers from 0, in the order of the sample."""
    if groups is None:
        return np.arange(len(sample.label))
    ids = pd.Series(np.asarray(groups).ravel())
    wanted = int(sample.order.max(initial=-1)) + 1
    if len(ids) < wanted:
        raise ArgumentError.expected("groups", f"an id for each of the {wanted} images", len(ids))
    number, _ = pd.factorize(ids.iloc[sample.order])
    if (number < 0).any():
        raise ArgumentError.expected("groups", "an id for each image", "a missing value")
    return np.asarray(number, dtype=np.intp)
