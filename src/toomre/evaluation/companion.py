"""Where the companion of a simulated merger is, and what a person would point at instead."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, maximum_filter

from toomre.errors import ArgumentError

__all__ = ["RADIUS", "companions", "discs", "light_peaks"]

Floats = NDArray[np.float64]
Masks = NDArray[np.bool_]

#: Radius of a target region over the image's side; 6 of 75 pixels. The pointing game of Zhang et
#: al. (2018) has 15 of about 224 to 500.
RADIUS = 0.08
_NUCLEI = ("nucleus1_x", "nucleus1_y", "nucleus2_x", "nucleus2_y")


def companions(table: pd.DataFrame, stored: int, size: int, radius: float = RADIUS) -> Floats:
    """Return the pixels (x, y) of the companion in each image, (n, 2); NaN where there is none.

    Of two nuclei the companion is the one farther from the middle. It counts only where it lies
    in the frame and at least two radii from the other nucleus, so that their regions are apart.

    Parameters
    ----------
    table
        Rows of a simulated set's catalogue (`toomre.mocks.pictures.MockImage`).
    stored, size
        Sides of the set's images and of their central window that the maps are of [pixel].
    radius
        Of the target region, over `size`.

    Raises
    ------
    ArgumentError
        If the table has no nuclei.

    Examples
    --------
    >>> row = {"nucleus1_x": 37.0, "nucleus1_y": 37.0, "nucleus2_x": 57.0, "nucleus2_y": 30.0}
    >>> companions(pd.DataFrame([row]), 75, 71)
    array([[55., 28.]])
    """
    if not set(_NUCLEI) <= set(table):
        allowed = f"that of simulated images, with {', '.join(_NUCLEI)}"
        raise ArgumentError.expected("table", allowed, list(table.columns))
    nuclei = table[list(_NUCLEI)].to_numpy(np.float64).reshape(-1, 2, 2) - (stored - size) // 2
    away = np.linalg.norm(nuclei - (size - 1) / 2, axis=2)
    second = np.where(away[:, 1] >= away[:, 0], 1, 0)
    found: Floats = nuclei[np.arange(len(nuclei)), second]
    apart = np.linalg.norm(nuclei[:, 1] - nuclei[:, 0], axis=1) >= 2 * radius * size
    inside = ((found >= 0) & (found <= size - 1)).all(axis=1)
    found[~(apart & inside)] = np.nan  # a missing nucleus fails every comparison
    return found


def discs(places: Floats, size: int, radius: float = RADIUS) -> Masks:
    """Return which pixels are within `radius` times `size` of each place (x, y), (n, y, x).

    Examples
    --------
    >>> discs(np.array([[2.0, 2.0]]), 5, 0.2).astype(int).sum()
    np.int64(5)
    """
    y, x = np.mgrid[:size, :size]
    at = places[:, :, None, None]
    found: Masks = np.hypot(x - at[:, 0], y - at[:, 1]) <= radius * size
    return found


def light_peaks(images: NDArray[np.float32], sigma: float = 2.0) -> Floats:
    """Return the smoothed light at its local maxima, and 0 elsewhere, (n, y, x).

    With the middle left out, its peak is the brightest source beside the galaxy in the middle:
    what a person would point at without any network.

    Parameters
    ----------
    images
        (n, band, y, x); the bands are averaged, so that they should be in units of their scatter.
    sigma
        Of the Gaussian [pixel].

    Examples
    --------
    >>> image = np.zeros((1, 1, 21, 21), np.float32)
    >>> image[0, 0, 4, 15] = 1
    >>> np.argwhere(light_peaks(image)).tolist()
    [[0, 4, 15]]
    """
    found = np.zeros((len(images), *images.shape[2:]))
    for image, peaks in zip(images, found, strict=True):
        light = gaussian_filter(image.mean(axis=0, dtype=np.float64), sigma)
        light -= light.min()
        highest = (light == maximum_filter(light, size=5)) & (light > 0)
        peaks[highest] = light[highest]
    return found
