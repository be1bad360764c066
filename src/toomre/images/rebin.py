"""Put the light of one square grid of pixels on another, exactly by the areas they share."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from toomre.errors import ArgumentError

__all__ = ["rebin"]

Image = NDArray[np.float64]


def rebin(images: NDArray[np.floating], pixel_scale: float, new_scale: float, size: int) -> Image:
    """Bring images to square pixels of another size around the same centre.

    Each new pixel gets from each old one the part of its flux that lies within it. Flux is the
    same to rounding, but for what lies beyond the new frame; beyond the old one there is none.

    Parameters
    ----------
    images
        Array of shape (..., y, x): flux in each pixel.
    pixel_scale, new_scale
        Pixel scales before and after [arcsec/pixel].
    size
        Pixels on a side of the result.

    Returns
    -------
    Array of shape (..., size, size).

    Examples
    --------
    >>> rebin(np.ones((1, 6, 6)), 1.0, 2.0, 3)[0].tolist()
    [[4.0, 4.0, 4.0], [4.0, 4.0, 4.0], [4.0, 4.0, 4.0]]
    >>> rebin(np.ones((1, 2, 2)), 1.0, 1.0, 4)[0, 1].tolist()
    [0.0, 1.0, 1.0, 0.0]
    """
    flux: Image = np.asarray(images, dtype=np.float64)
    if flux.ndim < 2 or size < 1:
        found = (flux.shape, size)
        raise ArgumentError.expected("images, size", "of shape (..., y, x), at least 1", found)
    if not (pixel_scale > 0 and new_scale > 0):
        got = (pixel_scale, new_scale)
        raise ArgumentError.expected("pixel_scale, new_scale", "above 0 arcsec/pixel", got)
    ratio = new_scale / pixel_scale
    height, width = flux.shape[-2:]
    if ratio == 1 and height == width == size:
        return flux.copy()
    result: Image = _overlaps(height, ratio, size) @ flux @ _overlaps(width, ratio, size).T
    return result


@lru_cache(maxsize=32)
def _overlaps(length: int, ratio: float, size: int) -> Image:
    """Return how much of each old pixel lies in each new one along an axis, (new, old)."""
    old = np.arange(length) - length / 2
    new = (np.arange(size) - size / 2) * ratio
    upper = np.minimum(old + 1, new[:, None] + ratio)
    overlaps: Image = np.clip(upper - np.maximum(old, new[:, None]), 0, None)
    overlaps.flags.writeable = False
    return overlaps
