"""Purity and completeness of what is called a merger, for any true fraction of mergers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from toomre.errors import ArgumentError
from toomre.evaluation.prevalence.adjusted_count import drawn_rates
from toomre.evaluation.prevalence.resampling import counts_in_bins, drawn_counts
from toomre.evaluation.validation_scores import ValidationScores
from toomre.evaluation.weighted import ratio

__all__ = ["Band", "expected_purity", "purity_by_fraction", "selection_by_threshold"]

Floats = NDArray[np.float64]

_QUANTILES = (0.025, 0.975)
_DRAWS = 1000


@dataclass(frozen=True, eq=False)
class Band:
    """A curve with its 95 % interval at each point, arrays of shape (point,).

    Attributes
    ----------
    at
        Where: thresholds, or true fractions of mergers.
    value, lower, upper
        The curve and its interval; NaN where it is undefined.
    """

    at: Floats
    value: Floats
    lower: Floats
    upper: Floats


def expected_purity(tpr: ArrayLike, fpr: ArrayLike, fraction: ArrayLike) -> Floats:
    """Return the purity where a fraction of the galaxies are mergers.

    Parameters
    ----------
    tpr, fpr
        Fractions of the mergers (completeness) and of the nonmergers that are called mergers.
    fraction
        True fraction of mergers.

    Examples
    --------
    A purity of 0.9 in a balanced sample is one of 0.15 where 2 % are mergers:

    >>> expected_purity(0.9, 0.1, [0.5, 0.02]).round(2)
    array([0.9 , 0.16])
    """
    right = np.multiply(fraction, tpr)
    return ratio(np.asarray(right), right + np.multiply(1 - np.asarray(fraction), fpr))


def selection_by_threshold(
    validation: ValidationScores, fraction: float, *, rng: np.random.Generator, points: int = 201
) -> tuple[Band, Band]:
    """Return purity and completeness against the threshold, where `fraction` are mergers.

    Parameters
    ----------
    validation
        Scores of labelled images; their own fraction of mergers does not matter.
    fraction
        True fraction of mergers of the sample that is asked about.
    rng
        The random generator of the intervals.
    points
        Number of thresholds from 0 to 1.

    Raises
    ------
    ArgumentError
        If the fraction is not between 0 and 1.

    Examples
    --------
    >>> validation = ValidationScores.of([0, 0, 1, 1], [0.1, 0.6, 0.7, 0.9])
    >>> rng = np.random.default_rng(3)
    >>> purity, completeness = selection_by_threshold(validation, 0.5, rng=rng, points=3)
    >>> purity.value.round(2), completeness.value
    (array([0.5 , 0.67,  nan]), array([1., 1., 0.]))
    """
    _check_fraction(fraction)
    thresholds = np.linspace(0, 1, points)
    # Bin k holds the scores from threshold k on, below the next.
    place = np.searchsorted(thresholds, validation.score, side="right") - 1
    whole = counts_in_bins(validation, place, points)
    drawn = drawn_counts(validation, place, points, draws=_DRAWS, rng=rng, prior=0.5)
    tpr, fpr = (_from_above(counts[None])[0] for counts in whole)
    tprs, fprs = (_from_above(counts) for counts in drawn)
    purity = _band(thresholds, expected_purity(tpr, fpr, fraction), tprs, fprs, fraction)
    lower, upper = np.quantile(tprs, _QUANTILES, axis=0)
    return purity, Band(thresholds, tpr, np.fmin(lower, tpr), np.fmax(upper, tpr))


def purity_by_fraction(
    validation: ValidationScores,
    threshold: float,
    fractions: ArrayLike,
    *,
    rng: np.random.Generator,
) -> Band:
    """Return the purity at one threshold against the true fraction of mergers.

    The completeness does not depend on it.

    Examples
    --------
    >>> validation = ValidationScores.of([0, 0, 1, 1], [0.1, 0.6, 0.7, 0.9])
    >>> rng = np.random.default_rng(3)
    >>> purity_by_fraction(validation, 0.5, [0.1, 0.5], rng=rng).value.round(2)
    array([0.18, 0.67])
    """
    at = np.asarray(fractions, dtype=np.float64)
    tprs, fprs = drawn_rates(validation, threshold, draws=_DRAWS, rng=rng)
    value = expected_purity(*validation.rates(threshold), at)
    return _band(at, value, tprs[:, None], fprs[:, None], at)


def _band(at: Floats, value: Floats, tpr: Floats, fpr: Floats, fraction: float | Floats) -> Band:
    drawn = expected_purity(tpr, fpr, fraction)
    lower, upper = np.quantile(drawn, _QUANTILES, axis=0)
    undefined = np.isnan(value)
    lower, upper = np.fmin(lower, value), np.fmax(upper, value)
    return Band(at, value, np.where(undefined, np.nan, lower), np.where(undefined, np.nan, upper))


def _from_above(counts: Floats) -> Floats:
    """Return the fraction at or above each threshold, (draw, threshold)."""
    above = np.cumsum(counts[:, ::-1], axis=1)[:, ::-1]
    return above / above[:, :1]


def _check_fraction(fraction: float) -> None:
    if not 0 < fraction < 1:
        raise ArgumentError.expected("fraction", "a number between 0 and 1", fraction)
