"""Is an image like those that the model was trained on? Distance from their distribution."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from toomre.errors import ArgumentError

__all__ = ["FALSE_ALARMS", "FEWEST", "Novelty"]

Floats = NDArray[np.float64]

#: Fraction of images like the training's that are called unlike it.
FALSE_ALARMS = 0.01
_SHRINKAGE = 0.01
#: The least number of training images for a distribution.
FEWEST = 50


@dataclass(frozen=True, eq=False)
class Novelty:
    """A normal distribution of image statistics, and how far from it is too far.

    The distance is that of Mahalanobis (1936): in standard deviations, with the correlations
    of the statistics taken into account. It finds images of another kind (another stretch,
    scale, instrument, or no galaxy at all), not unusual galaxies.

    Attributes
    ----------
    centre
        Mean of the statistics of the training images, (k,).
    whitening
        Matrix (k, k) that makes them uncorrelated with unit variance.
    limit
        The distance that `FALSE_ALARMS` of the known images exceed.

    Examples
    --------
    >>> known = np.random.default_rng(0).normal(size=(500, 3))
    >>> novelty = Novelty.fit(known, known)
    >>> novelty.is_new([[0.0, 0.0, 0.0], [9.0, 0.0, 0.0]]).tolist()
    [False, True]
    """

    centre: Floats
    whitening: Floats
    limit: float

    @classmethod
    def fit(
        cls, training: ArrayLike, known: ArrayLike, false_alarms: float = FALSE_ALARMS
    ) -> Novelty:
        """Fit the distribution to training images, and the limit to known ones.

        Parameters
        ----------
        training
            Statistics of the training part, (n, k).
        known
            Statistics of images of the same kind that should pass, (m, k).
        false_alarms
            Fraction of `known` that the limit leaves out.

        Raises
        ------
        ArgumentError
            If there are too few images.
        """
        training, known = np.asarray(training, np.float64), np.asarray(known, np.float64)
        if len(training) < FEWEST:
            raise ArgumentError.expected("training", f"{FEWEST} images or more", len(training))
        centre = training.mean(axis=0)
        covariance = np.atleast_2d(np.cov(training, rowvar=False))
        # A little of a round distribution, so that a direction without variance is no trap.
        covariance += np.eye(len(covariance)) * (_SHRINKAGE * np.diag(covariance).mean() + 1e-12)
        values, vectors = np.linalg.eigh(covariance)
        whitening = (vectors / np.sqrt(values)).T
        unlimited = cls(centre, whitening, np.inf)
        limit = float(np.quantile(unlimited.distance(known), 1 - false_alarms))
        return cls(centre, whitening, limit)

    def distance(self, statistics: ArrayLike) -> Floats:
        """Return the distance of each row of statistics (n, k), in standard deviations."""
        offsets = np.asarray(statistics, np.float64) - self.centre
        found: Floats = np.sqrt(((offsets @ self.whitening.T) ** 2).sum(axis=1))
        return found

    def is_new(self, statistics: ArrayLike) -> NDArray[np.bool_]:
        """Return whether each row is farther away than the limit."""
        answer: NDArray[np.bool_] = self.distance(statistics) > self.limit
        return answer
