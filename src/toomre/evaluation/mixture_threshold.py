"""A threshold for images without labels: where the two heaps of their scores meet."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.special import expit, logit

__all__ = ["mixture_threshold"]

# Scores beyond these are all alike: their logits would rule the fit.
_EDGE = 1e-4
_FEWEST = 50
_STARTS = 5


def mixture_threshold(score: ArrayLike) -> float | None:
    """Return the score at which two normal distributions of the logits are equally dense.

    A network that was trained on another domain still parts mergers from nonmergers, but often
    at another score than in its own domain. The logits of the unlabelled images are taken for a
    mixture of two normal distributions (fitted by expectation-maximisation); between their
    means, where both densities are equal *without their weights*, lies the threshold of the
    best balanced accuracy if the model holds.

    Parameters
    ----------
    score
        Array of shape (image,), 0 to 1, in any order; NaN is left out.

    Returns
    -------
    The threshold; None where there are fewer than 50 scores, or where one normal distribution
    describes them better by the Bayesian information criterion, or where the densities do not
    cross between the means.

    Notes
    -----
    It misleads where few images are mergers (say, below 5 %), or where one class has two heaps
    itself. It does not need the share of mergers to be that of the training.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> mergers, others = rng.normal(1.0, 1.0, 3000), rng.normal(-4.0, 1.0, 7000)
    >>> threshold = mixture_threshold(expit(np.concatenate([mergers, others])))
    >>> round(float(logit(threshold)), 1)
    -1.5
    """
    from sklearn.mixture import GaussianMixture

    values = np.asarray(score, np.float64)
    values = values[np.isfinite(values)]
    if len(values) < _FEWEST:
        return None
    logits = logit(values.clip(_EDGE, 1 - _EDGE))[:, None]
    if np.ptp(logits) == 0:
        return None
    one, two = (
        GaussianMixture(count, n_init=_STARTS, random_state=0).fit(logits) for count in (1, 2)
    )
    if two.bic(logits) >= one.bic(logits):
        return None
    return _meeting(two.means_[:, 0], np.sqrt(two.covariances_[:, 0, 0]))


def _meeting(mean: NDArray[np.float64], deviation: NDArray[np.float64]) -> float | None:
    """Return where two normal densities are equal, between their means."""

    def difference(x: float) -> float:
        first, second = -(((x - mean) / deviation) ** 2) / 2 - np.log(deviation)
        return float(first - second)

    low, high = sorted(float(value) for value in mean)
    if difference(low) * difference(high) >= 0:
        return None
    return float(expit(brentq(difference, low, high)))
