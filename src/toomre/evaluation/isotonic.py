"""A calibration of any rising shape: as many steps as the validation part wants, then smoothed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from toomre.errors import ArgumentError
from toomre.evaluation.weighted import Scored

__all__ = ["apply_knots", "fit_isotonic"]

Floats = NDArray[np.float64]


def fit_isotonic(score: ArrayLike, labels: ArrayLike) -> tuple[tuple[float, float], ...]:
    """Fit the rising function with the least squared error, as knots of a broken line.

    The best rising function has steps: runs of scores whose labels have the same mean (pool
    adjacent violators). The knots are the mean score and the mean label of each step, so that
    equal values, and with them the order of the scores, are kept apart. Where all n images of the
    first or last step have one label, it counts as (n + 1) / (n + 2) of them, so that no score is
    ever sure.

    Parameters
    ----------
    score
        Array of shape (image,), 0 to 1; NaN is left out.
    labels
        1 for a merger and 0 for a nonmerger, (image,).

    Returns
    -------
    Pairs (score, probability), both rising; one alone where all images have one class.

    Raises
    ------
    ArgumentError
        If the shapes differ, a value is not allowed or there is no score.

    References
    ----------
    Zadrozny & Elkan (2002), "Transforming classifier scores into accurate multiclass probability
    estimates"; Oron & Flournoy (2017), "Centered isotonic regression".

    Examples
    --------
    >>> fit_isotonic([0.125, 0.25, 0.375, 0.5, 0.625, 0.875], [1, 0, 0, 0, 1, 1])
    ((0.3125, 0.25), (0.75, 0.75))
    """
    from sklearn.isotonic import IsotonicRegression

    sample = Scored.of(labels, score)
    if not len(sample.label):
        raise ArgumentError.expected("score", "at least one score", 0)
    fitted = IsotonicRegression(y_min=0, y_max=1).fit_transform(sample.score, sample.label)
    steps, place = np.unique(fitted, return_inverse=True)
    images = np.bincount(place).astype(np.float64)
    middle = np.bincount(place, weights=sample.score) / images
    unsure = np.clip(steps, 1 / (images + 2), 1 - 1 / (images + 2))
    level = steps.copy()
    # But the first and the last step must not cross their neighbours.
    if steps[0] == 0:
        level[0] = np.min([unsure[0], *steps[1:2]])
    if steps[-1] == 1:
        level[-1] = np.max([unsure[-1], *level[-2:-1]])
    return tuple((float(x), float(y)) for x, y in zip(middle, level, strict=True))


def apply_knots(score: ArrayLike, knots: Sequence[tuple[float, float]]) -> Floats:
    """Return the broken line through the knots at the scores; constant beyond the ends.

    Examples
    --------
    >>> apply_knots([0.0, 0.5, 1.0], [(0.25, 0.1), (0.75, 0.9)])
    array([0.1, 0.5, 0.9])
    """
    x, y = np.asarray(knots, dtype=np.float64).T
    found: Floats = np.interp(np.asarray(score, dtype=np.float64), x, y)
    return found
