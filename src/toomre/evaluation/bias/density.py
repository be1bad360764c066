"""Where images lie on the plane of a column and the score, as a smooth density."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["density", "enclosing_levels", "spreads"]

Floats = NDArray[np.float64]

_STEPS = 80
# Of a correlation nearer to 1, all points lie on a line.
_LINE = 1e-6


def spreads(values: ArrayLike, score: ArrayLike) -> bool:
    """Return whether points spread over the plane, not only along a line, as a density needs.

    Examples
    --------
    >>> spreads([1, 2, 3], [0.2, 0.4, 0.6]), spreads([1, 2, 3], [0.2, 0.6, 0.4])
    (False, True)
    """
    points = np.stack([np.asarray(each, dtype=np.float64) for each in (values, score)])
    if (np.ptp(points, axis=1) == 0).any():
        return False
    return bool(abs(np.asarray(np.corrcoef(points))[0, 1]) < 1 - _LINE)


def density(values: ArrayLike, score: ArrayLike) -> tuple[Floats, Floats, Floats]:
    """Return a Gaussian kernel density on a grid, which does not leave the scores' 0 to 1.

    What the kernels would carry over these ends is mirrored back.

    Parameters
    ----------
    values, score
        Of shape (image,), for which `spreads` holds.

    Returns
    -------
    The grid's values (80,) and scores (80,), and the density (score, value).

    References
    ----------
    Scott (1992), "Multivariate density estimation": the width of the kernels.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> x, y, height = density(rng.normal(0, 1, 500), rng.uniform(0, 1, 500))
    >>> round(float(height.sum() * (x[1] - x[0]) * (y[1] - y[0])), 1)
    1.0
    """
    from scipy.stats import gaussian_kde  # looks for torch when it is imported

    x, y = np.asarray(values, dtype=np.float64), np.asarray(score, dtype=np.float64)
    kernel = gaussian_kde(np.stack([x, y]))
    margin = 3 * float(np.sqrt(kernel.covariance[0, 0]))
    across = np.linspace(x.min() - margin, x.max() + margin, _STEPS)
    up = (np.arange(_STEPS) + 0.5) / _STEPS
    mirrored = np.concatenate([up, -up, 2 - up])
    grid = np.stack([each.ravel() for each in np.meshgrid(across, mirrored)])
    height = kernel(grid).reshape(3, _STEPS, _STEPS).sum(axis=0)
    return across, up, np.asarray(height, dtype=np.float64)


def enclosing_levels(height: Floats, shares: Sequence[float]) -> list[float]:
    """Return the heights above which lie these shares of a density, rising.

    Examples
    --------
    >>> enclosing_levels(np.array([[4.0, 3.0], [2.0, 1.0]]), [0.4, 0.9])
    [2.0, 4.0]
    """
    falling = np.sort(height, axis=None)[::-1]
    inside = np.cumsum(falling) / falling.sum()
    places = np.searchsorted(inside, np.asarray(shares) - 1e-12)
    return sorted({float(falling[min(place, len(falling) - 1)]) for place in places})
