"""A few numbers that say what kind of image it is: brightness, noise, concentration, colour."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["image_statistics"]

_QUANTILES = (0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98, 0.998)
# Keeps logarithms finite, far below any noise [standard deviations of the training pixels].
_FLOOR = 1e-4
_ALMOST_ONE = 0.9999


def image_statistics(
    images: NDArray[np.float32], mean: Sequence[float], std: Sequence[float]
) -> NDArray[np.float64]:
    """Return numbers that do not depend on how the galaxy is turned.

    For each band: eight quantiles of the pixels (their inverse hyperbolic sines), median and
    root mean square step between neighbours (logarithms), and how much brighter the centre is
    than the border; then the correlation of each band with the next one.

    Parameters
    ----------
    images
        Array of shape (n, band, y, x), finite.
    mean, std
        Of the training pixels, one a band; the numbers are in these units.

    Returns
    -------
    Array of shape (n, 12 band - 1).

    Examples
    --------
    >>> image_statistics(np.zeros((2, 3, 15, 15), np.float32), (0,) * 3, (1,) * 3).shape
    (2, 35)
    """
    scale = np.asarray(std, dtype=np.float32)[:, None, None]
    values = (images - np.asarray(mean, dtype=np.float32)[:, None, None]) / scale
    count, bands, height, width = values.shape
    flat = values.reshape(count, bands, -1)
    quantiles = _quantiles(flat, _QUANTILES)
    across = np.abs(np.diff(values, axis=3)).reshape(count, bands, -1)
    along = np.abs(np.diff(values, axis=2)).reshape(count, bands, -1)
    steps = np.concatenate([across, along], axis=2)
    typical = np.log(_quantiles(steps, (0.5,))[..., 0] + _FLOOR)
    strong = np.log(np.sqrt(np.mean(steps**2, axis=2, dtype=np.float64)) + _FLOOR)
    third = slice(height // 3, height - height // 3), slice(width // 3, width - width // 3)
    centre = np.arcsinh(values[:, :, *third].mean(axis=(2, 3), dtype=np.float64))
    edges = [values[..., 0, :], values[..., -1, :], values[..., :, 0], values[..., :, -1]]
    border = np.arcsinh(np.concatenate(edges, axis=2).mean(axis=2))
    parts = [np.arcsinh(quantiles).reshape(count, -1), typical, strong, centre - border]
    return np.concatenate([*parts, _correlations(flat)], axis=1)


def _quantiles(values: NDArray[np.float32], levels: Sequence[float]) -> NDArray[np.float64]:
    """Return linear quantiles over the last axis; one sort is quicker than `numpy.quantile`."""
    ranked = np.sort(values, axis=-1)
    place = np.asarray(levels) * (ranked.shape[-1] - 1)
    lower = place.astype(np.intp)
    upper = np.minimum(lower + 1, ranked.shape[-1] - 1)
    found: NDArray[np.float64] = ranked[..., lower] + (place - lower) * (
        ranked[..., upper] - ranked[..., lower]
    )
    return found


def _correlations(flat: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the correlation of each band with the next one, stretched by artanh."""
    centred = flat.astype(np.float64)
    centred -= centred.mean(axis=2, keepdims=True)
    norms = np.sqrt((centred**2).sum(axis=2))
    products = (centred[:, :-1] * centred[:, 1:]).sum(axis=2)
    below = norms[:, :-1] * norms[:, 1:]
    r = np.divide(products, below, out=np.zeros_like(products), where=below > 0)
    stretched: NDArray[np.float64] = np.arctanh(np.clip(r, -_ALMOST_ONE, _ALMOST_ONE))
    return stretched
