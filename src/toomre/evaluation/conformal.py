"""Answers that hold the truth as often as is wanted: merger, nonmerger, both or none."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import ArrayLike, NDArray

from toomre.errors import ArgumentError
from toomre.evaluation.validation_scores import ValidationScores

__all__ = ["SETS", "Conformal"]

#: The sets, by whether a nonmerger (+ 1) and a merger (+ 2) belong to them.
SETS = ("none", "nonmerger", "merger", "both")
# Sums of equal weights are not exact.
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Conformal:
    """From which score on, and up to which, a galaxy may belong to a class.

    Of new galaxies of each class, like the validation images, at least the fraction `coverage`
    get a set that holds their class, whatever the scores are worth; a poor model pays with sets
    of both. The fraction is a mean over validation sets, and holds within each class, not for
    each kind of galaxy. It does not depend on the fraction of mergers.

    Attributes
    ----------
    coverage
        The wanted fraction.
    least_merger
        The lowest score of a set with ``merger``.
    most_nonmerger
        The highest score of a set with ``nonmerger``.

    References
    ----------
    Vovk, Gammerman & Shafer (2005), section 4.5 (Mondrian); Angelopoulos & Bates (2021), "A
    gentle introduction to conformal prediction". Images of one galaxy share one galaxy's weight:
    Lee, Barber & Willett (2023).

    Examples
    --------
    >>> validation = ValidationScores.of([0] * 19 + [1] * 19, np.arange(38) / 38)
    >>> conformal = Conformal.fit(validation, coverage=0.9)
    >>> conformal.sets([0.1, 0.9, 0.5, np.nan]).tolist()
    ['nonmerger', 'merger', 'none', '']
    """

    coverage: float
    least_merger: float
    most_nonmerger: float

    @classmethod
    def fit(cls, validation: ValidationScores, coverage: float = 0.9) -> Conformal:
        """Find both limits.

        With fewer than coverage / (1 - coverage) galaxies of a class, every set holds it.

        Raises
        ------
        ArgumentError
            If the coverage is not between 0 and 1.
        """
        if not 0 < coverage < 1:
            raise ArgumentError.expected("coverage", "a number between 0 and 1", coverage)
        merger = validation.label == 1
        score, group = validation.score, validation.group
        return cls(
            coverage,
            1 - _limit(1 - score[merger], group[merger], coverage),
            _limit(score[~merger], group[~merger], coverage),
        )

    def sets(self, score: ArrayLike) -> NDArray[np.str_]:
        """Return one of `SETS` for each score, (n,); empty where the score is NaN."""
        scores = np.asarray(score, dtype=np.float64)
        with np.errstate(invalid="ignore"):
            kind = (scores <= self.most_nonmerger) + 2 * (scores >= self.least_merger)
        found: NDArray[np.str_] = np.where(np.isnan(scores), "", np.array(SETS)[kind])
        return found


def _limit(strangeness: NDArray[np.float64], group: NDArray[np.int64], coverage: float) -> float:
    """Return the strangeness that the fraction `coverage` of new galaxies do not exceed.

    It is the ceil((n + 1) coverage)-th smallest of n galaxies with an image each; 1, the
    largest there is, where n is too small.
    """
    _, place, images = np.unique(group, return_inverse=True, return_counts=True)
    galaxies = len(images)
    order = np.argsort(strangeness, kind="stable")
    weight = np.cumsum((1 / images)[place][order])
    if len(strangeness) == galaxies:
        wanted: float = ceil((galaxies + 1) * coverage - _ROUNDING)
    else:
        wanted = (galaxies + 1) * coverage
    enough = np.flatnonzero(weight >= wanted - _ROUNDING)
    return float(strangeness[order[enough[0]]]) if len(enough) else 1.0
