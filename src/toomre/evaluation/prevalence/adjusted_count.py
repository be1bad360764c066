"""The fraction of mergers from a count, corrected for missed mergers and for false alarms."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from toomre.evaluation.prevalence.resampling import drawn_counts
from toomre.evaluation.validation_scores import ValidationScores
from toomre.evaluation.weighted import ratio

__all__ = ["adjusted_count", "drawn_adjusted_counts", "drawn_rates"]

Floats = NDArray[np.float64]


def adjusted_count(raw: ArrayLike, tpr: ArrayLike, fpr: ArrayLike) -> Floats:
    """Return (raw - fpr) / (tpr - fpr), kept in 0 to 1; NaN where tpr is not above fpr.

    Parameters
    ----------
    raw
        Fraction of the catalogue that is called a merger.
    tpr, fpr
        Fractions of the mergers and of the nonmergers that are called a merger.

    References
    ----------
    Gart & Buck (1966); Forman (2008), "Quantifying counts and costs via classification".

    Examples
    --------
    >>> float(adjusted_count(0.14, 0.9, 0.1).round(3))
    0.05
    """
    above, span = np.subtract(raw, fpr), np.subtract(tpr, fpr)
    found = ratio(np.asarray(above), np.where(span > 0, span, 0.0))
    return np.clip(found, 0, 1)


def drawn_rates(
    validation: ValidationScores, threshold: float, *, draws: int, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Draw the true and the false positive rates that the validation images allow, (draw,) each.

    Examples
    --------
    >>> validation = ValidationScores.of([0, 0, 1, 1], [0.1, 0.6, 0.7, 0.9])
    >>> rng = np.random.default_rng(3)
    >>> tpr, fpr = drawn_rates(validation, 0.5, draws=1000, rng=rng)
    >>> bool(tpr.mean() > 0.7), bool(0.3 < fpr.mean() < 0.7)
    (True, True)
    """
    said = (validation.score >= threshold).astype(np.intp)
    mergers, nonmergers = drawn_counts(validation, said, 2, draws=draws, rng=rng, prior=0.5)
    return mergers[:, 1] / mergers.sum(axis=1), nonmergers[:, 1] / nonmergers.sum(axis=1)


def drawn_adjusted_counts(
    called: int,
    total: int,
    rates: tuple[Floats, Floats],
    *,
    rng: np.random.Generator,
) -> Floats:
    """Draw adjusted counts; the catalogue's own fraction has Jeffreys' posterior.

    Parameters
    ----------
    called, total
        Galaxies of the catalogue that are called a merger, and all with a score.
    rates
        True and false positive rates from `drawn_rates`, (draw,) each.
    rng
        The random generator.

    Returns
    -------
    Array of shape (draw,), with NaN where the true positive rate is not above the false one.
    """
    tpr, fpr = rates
    raw = rng.beta(called + 0.5, total - called + 0.5, size=len(tpr))
    return adjusted_count(raw, tpr, fpr)
