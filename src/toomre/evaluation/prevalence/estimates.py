"""The merger fraction of a catalogue in four ways, each with its interval and its assumption."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from toomre.errors import ArgumentError
from toomre.evaluation.bootstrap import Interval
from toomre.evaluation.prevalence.adjusted_count import (
    adjusted_count,
    drawn_adjusted_counts,
    drawn_rates,
)
from toomre.evaluation.prevalence.expectation_maximisation import ScoreBins
from toomre.evaluation.reliability import wilson_interval
from toomre.evaluation.validation_scores import ValidationScores

__all__ = ["ASSUMPTIONS", "VOTE_THRESHOLD", "Estimate", "Estimator", "counted_fraction"]

Floats = NDArray[np.float64]

#: The threshold of the Galaxy Zoo paper (S002).
VOTE_THRESHOLD = 0.30
_QUANTILES = (0.025, 0.975)
# More draws than this without an answer, and the interval is all that is possible.
_TAIL = 0.025

#: Method -> what must hold for its number to be right, and what its interval holds.
ASSUMPTIONS = {
    "count": (
        "Every galaxy at or above the model's threshold is a merger and no other is: right only "
        "where false alarms and missed mergers cancel, which depends on the fraction itself. The "
        "interval (Wilson) holds the catalogue's sampling error alone."
    ),
    "adjusted": (
        "Mergers are found, and nonmergers taken for mergers, as often as among the validation "
        "images; only their proportion differs. The interval holds the sampling errors of the "
        "catalogue and of the validation set."
    ),
    "expectation_maximisation": (
        "The scores of mergers, and those of nonmergers, are spread as among the validation "
        "images, where the true log odds are a line in those of the score; only the proportion "
        "differs. The interval holds the sampling errors of the catalogue and of the validation "
        "set."
    ),
    "votes": (
        f"Every galaxy with a score of {VOTE_THRESHOLD:.2f} or more is a merger and no other is "
        "(the Galaxy Zoo paper's count). The number depends on the threshold and on the fraction "
        "of mergers that the scores are calibrated for. The interval (Wilson) holds the "
        "catalogue's sampling error alone."
    ),
}


@dataclass(frozen=True)
class Estimate:
    """A merger fraction.

    Attributes
    ----------
    method
        A key of `ASSUMPTIONS`.
    fraction
        The fraction with its 95 % interval; NaN where it is undefined.
    """

    method: str
    fraction: Interval

    @property
    def assumption(self) -> str:
        """What must hold for the number to be right, in words."""
        return ASSUMPTIONS[self.method]


def counted_fraction(number: int, total: int) -> Interval:
    """Return a counted fraction with Wilson's 95 % interval.

    Examples
    --------
    The Galaxy Zoo paper (S002) counts 2,110 mergers among 79,975 galaxies at p >= 0.30:

    >>> print(counted_fraction(2110, 79_975))
    0.026 (0.025 to 0.028)
    """
    if not 0 <= number <= total:
        raise ArgumentError.expected("number", f"from 0 to the total of {total}", number)
    if not total:
        return Interval(np.nan, np.nan, np.nan)
    fraction = number / total
    lower, upper = wilson_interval(np.array([fraction]), np.array([float(total)]))
    return Interval(fraction, float(lower[0]), float(upper[0]))


class Estimator:
    """Estimates merger fractions of samples, with the validation set drawn once for all.

    Parameters
    ----------
    threshold
        A score of at least this is called a merger.
    validation
        Scores of labelled images; None leaves only the counts.
    rng
        The random generator.
    draws
        How often the sample and the validation set are drawn anew.

    Examples
    --------
    >>> rng = np.random.default_rng(3)
    >>> validation = ValidationScores.of([0] * 50 + [1] * 50, np.linspace(0.01, 0.99, 100))
    >>> estimator = Estimator(0.5, validation, rng=rng, draws=200)
    >>> [estimate.method for estimate in estimator([0.1, 0.2, 0.7])]
    ['count', 'adjusted', 'expectation_maximisation', 'votes']
    """

    def __init__(
        self,
        threshold: float,
        validation: ValidationScores | None = None,
        *,
        rng: np.random.Generator,
        draws: int = 1000,
    ) -> None:
        self.threshold = threshold
        self._validation = validation
        self._rng = rng
        if validation is not None:
            self._rates = drawn_rates(validation, threshold, draws=draws, rng=rng)
            self._bins = ScoreBins(validation, draws=draws, rng=rng)

    def __call__(self, score: ArrayLike) -> list[Estimate]:
        """Return the estimates for a sample with these scores, (n,); those with NaN are left out.

        Raises
        ------
        ArgumentError
            If a score is outside 0 to 1.
        """
        scores = _known(score)
        called = int((scores >= self.threshold).sum())
        votes = int((scores >= VOTE_THRESHOLD).sum())
        count = Estimate("count", counted_fraction(called, len(scores)))
        last = Estimate("votes", counted_fraction(votes, len(scores)))
        if self._validation is None or not len(scores):
            return [count, last]
        raw, rates = called / len(scores), self._validation.rates(self.threshold)
        drawn = drawn_adjusted_counts(called, len(scores), self._rates, rng=self._rng)
        adjusted = _interval(float(adjusted_count(raw, *rates)), drawn)
        drawn = self._bins.drawn_fractions(scores, self._rng)
        likely = _interval(self._bins.fraction(scores), drawn)
        return [
            count,
            Estimate("adjusted", adjusted),
            Estimate("expectation_maximisation", likely),
            last,
        ]


def _interval(value: float, drawn: Floats) -> Interval:
    """Return the central 95 % of the draws, widened to the value where that lies outside."""
    known = drawn[~np.isnan(drawn)]
    if len(known) < (1 - _TAIL) * len(drawn):
        return Interval(value, 0.0, 1.0)
    lower, upper = np.quantile(known, _QUANTILES)
    return Interval(value, float(np.fmin(lower, value)), float(np.fmax(upper, value)))


def _known(score: ArrayLike) -> Floats:
    scores = np.asarray(score, dtype=np.float64)
    scores = scores[~np.isnan(scores)]
    if ((scores < 0) | (scores > 1)).any():
        wrong = float(scores[(scores < 0) | (scores > 1)][0])
        raise ArgumentError.expected("score", "a probability from 0 to 1", wrong)
    return scores
