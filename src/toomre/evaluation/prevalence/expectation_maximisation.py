"""The fraction of mergers that makes a catalogue's scores most likely, under prior shift."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit

from toomre.evaluation.prevalence.recalibration import fit_log_odds
from toomre.evaluation.prevalence.resampling import counts_in_bins, drawn_counts
from toomre.evaluation.validation_scores import ValidationScores

__all__ = ["ScoreBins", "most_likely_fraction", "posterior"]

Floats = NDArray[np.float64]

_BINS = 512
# Log odds beyond these tell nothing more.
_LARGEST = 30.0
_HALVINGS = 50
# Galaxies that are surely mergers, and surely not, that a draw of the catalogue adds on average:
# where the scores leave no doubt, this is Jeffreys' prior.
_PRIOR = 0.5


def posterior(score: ArrayLike, fraction: float, prior: float = 0.5) -> Floats:
    """Return the probabilities of a sample with another fraction of mergers.

    Parameters
    ----------
    score
        Probabilities that hold where `prior` of the galaxies are mergers.
    fraction
        Fraction of mergers of the sample.
    prior
        Fraction of mergers for which the scores are calibrated.

    References
    ----------
    Saerens, Latinne & Decaestecker (2002), equation 2.4.

    Examples
    --------
    >>> float(posterior(0.9, 0.05).round(3))
    0.321
    """
    odds = _log_odds(score) + logit(fraction) - logit(prior)
    found: Floats = expit(odds)
    return found


class ScoreBins:
    """Fine bins of the log odds that a catalogue and a validation set share.

    Parameters
    ----------
    validation
        Labels, scores and galaxies.
    draws
        How often the validation set is drawn anew.
    rng
        The random generator.

    Notes
    -----
    The bins make the work independent of the number of galaxies. They are at most 0.12 wide in
    the log odds; within one, each galaxy has the mean log odds of the validation set and the
    middle's otherwise.
    """

    def __init__(
        self, validation: ValidationScores, *, draws: int, rng: np.random.Generator
    ) -> None:
        self._edges = np.linspace(-_LARGEST, _LARGEST, _BINS + 1)
        odds = _log_odds(validation.score)
        place = self._place(odds)
        seen = np.bincount(place, minlength=_BINS)
        sums = np.bincount(place, weights=odds, minlength=_BINS)
        middle = (self._edges[1:] + self._edges[:-1]) / 2
        self._middle = np.where(seen > 0, sums / np.maximum(seen, 1), middle)
        mergers, nonmergers = counts_in_bins(validation, place, _BINS)
        self._whole = self._ratio(mergers[None], nonmergers[None])
        self._drawn = self._ratio(*drawn_counts(validation, place, _BINS, draws=draws, rng=rng))

    def fraction(self, score: ArrayLike) -> float:
        """Return the most likely fraction of mergers of a catalogue with these scores, (n,)."""
        odds = _log_odds(score)
        counts = np.bincount(self._place(odds), minlength=_BINS).astype(np.float64)
        return float(most_likely_fraction(counts[None], self._whole)[0])

    def drawn_fractions(self, score: ArrayLike, rng: np.random.Generator) -> Floats:
        """Draw the catalogue and the validation set anew: fractions of shape (draw,)."""
        counts = np.bincount(self._place(_log_odds(score)), minlength=_BINS)
        full = counts > 0
        ratios = self._drawn[:, full]
        drawn = rng.gamma(counts[full], size=ratios.shape)
        certain = rng.gamma(_PRIOR, size=(len(ratios), 2))
        ends = np.exp([[_LARGEST, -_LARGEST]]) + np.zeros((len(ratios), 1))
        return most_likely_fraction(np.hstack([drawn, certain]), np.hstack([ratios, ends]))

    def _place(self, odds: Floats) -> NDArray[np.intp]:
        return np.searchsorted(self._edges[1:-1], odds, side="right")

    def _ratio(self, mergers: Floats, nonmergers: Floats) -> Floats:
        """Return how much more often a merger than a nonmerger is in each bin, (draw, bin)."""
        full = (mergers + nonmergers).any(axis=0)
        slope, offset = fit_log_odds(self._middle[full], mergers[:, full], nonmergers[:, full])
        prior = logit(mergers.sum(axis=1) / (mergers + nonmergers).sum(axis=1))
        odds = slope[:, None] * self._middle + (offset - prior)[:, None]
        ratios: Floats = np.exp(np.clip(odds, -_LARGEST, _LARGEST))
        return ratios


def most_likely_fraction(counts: Floats, ratios: Floats) -> Floats:
    """Return the fractions of mergers at which counts in bins are most likely, (draw,).

    It is where expectation and maximisation, repeated, come to rest; found by halving the
    interval, for the slope of the likelihood falls everywhere.

    Parameters
    ----------
    counts
        Galaxies in each bin, (draw, bin).
    ratios
        How much more often a merger is in each bin than a nonmerger, (draw, bin).

    References
    ----------
    Saerens, Latinne & Decaestecker (2002), "Adjusting the outputs of a classifier to new a priori
    probabilities".

    Examples
    --------
    >>> most_likely_fraction(np.array([[30.0, 70.0]]), np.array([[1e9, 1e-9]])).round(3)
    array([0.3])
    """
    excess = ratios - 1
    low, high = np.zeros(len(counts)), np.ones(len(counts))
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        slope = (counts * excess / (1 + middle[:, None] * excess)).sum(axis=1)
        low, high = np.where(slope > 0, middle, low), np.where(slope > 0, high, middle)
    middle = (low + high) / 2
    # The ends themselves, where the likelihood is highest there.
    return np.where(low == 0, 0.0, np.where(high == 1, 1.0, middle))


def _log_odds(score: ArrayLike) -> Floats:
    with np.errstate(divide="ignore"):
        odds: Floats = np.clip(logit(np.asarray(score, np.float64)), -_LARGEST, _LARGEST)
    return odds
