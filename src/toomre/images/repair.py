"""Mend single bad pixels from the pixels around them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["fill_masked", "find_spikes", "replace_pixels"]

#: A masked pixel takes the mean of the smallest window with at least this many good pixels.
_FEWEST_NEIGHBOURS = 3
#: Steps (y, x) to the eight neighbours of a pixel.
_STEPS = np.array([(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1) if (y, x) != (0, 0)])


def fill_masked(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Fill the pixels that are not finite with the mean of the good ones around them.

    Each takes the mean over the smallest square window, centred on it, that holds at least
    three good pixels, so that the result turns and flips with the input.

    Parameters
    ----------
    pixels
        Array of shape (band, y, x); it is not changed.

    Returns
    -------
    NDArray
        A new array; a band without any finite pixel becomes 0.

    Examples
    --------
    >>> pixels = np.array([[[1, 2, 3], [4, np.nan, 6], [7, 8, 9]]], np.float32)
    >>> float(fill_masked(pixels)[0, 1, 1])
    5.0
    """
    result = pixels.copy()
    for band in result:
        good = np.isfinite(band)
        rows, columns = np.nonzero(~good)
        if not len(rows):
            continue
        means, count = _nearest_means(band, rows, columns)
        band[rows, columns] = 0
        wide = count < _FEWEST_NEIGHBOURS
        if wide.any():
            means[wide] = _window_means(band, good, rows[wide], columns[wide])
        band[rows, columns] = means
    return result


def _nearest_means(
    band: NDArray[np.float32], rows: NDArray[np.intp], columns: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Return the mean of the good ones among the eight neighbours, and how many they are."""
    height, width = band.shape
    y, x = rows + _STEPS[:, :1], columns + _STEPS[:, 1:]
    inside = (y >= 0) & (y < height) & (x >= 0) & (x < width)
    values = band[y.clip(0, height - 1), x.clip(0, width - 1)].astype(np.float64)
    good = inside & np.isfinite(values)
    count = good.sum(axis=0)
    return np.where(good, values, 0).sum(axis=0) / np.maximum(count, 1), count


def _window_means(
    band: NDArray[np.float32],
    good: NDArray[np.bool_],
    rows: NDArray[np.intp],
    columns: NDArray[np.intp],
) -> NDArray[np.float64]:
    height, width = band.shape
    # Summed-area tables give the sum over any window from its four corners.
    tables = [
        np.pad(layer.cumsum(0, dtype=np.float64).cumsum(1), ((1, 0), (1, 0)))
        for layer in (band, good)
    ]
    means = np.zeros(len(rows))
    left = np.arange(len(rows)) if good.any() else np.empty(0, np.intp)
    fewest = min(_FEWEST_NEIGHBOURS, int(good.sum()))
    radius = 2
    while len(left):
        y, x = rows[left], columns[left]
        bottom, top = np.maximum(y - radius, 0), np.minimum(y + radius + 1, height)
        start, end = np.maximum(x - radius, 0), np.minimum(x + radius + 1, width)
        total, count = (
            table[top, end] - table[bottom, end] - table[top, start] + table[bottom, start]
            for table in tables
        )
        found = count >= fewest
        means[left[found]] = total[found] / count[found]
        left = left[~found]
        radius += max(1, radius // 2)
    return means


def find_spikes(
    band: NDArray[np.float32], sky: float, floor: float, ratio: float
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Find single pixels that stand so far above all their neighbours that no light could.

    Parameters
    ----------
    band
        Array of shape (y, x), finite.
    sky
        Level from which heights are measured.
    floor
        A spike is at least this high above the sky.
    ratio
        A spike is more than this many times as high as the highest of its eight neighbours.
        A point source of 1.5 pixels FWHM, centred on a pixel, has a ratio of 3.4.

    Returns
    -------
    tuple
        Rows and columns of the spikes.

    Examples
    --------
    >>> band = np.ones((9, 9), np.float32)
    >>> band[4, 5] = 1e6
    >>> find_spikes(band, sky=1.0, floor=5.0, ratio=10.0)
    (array([4]), array([5]))
    """
    largest = float(np.finfo(np.float32).max)
    level = min(max(sky + floor, -largest), largest)
    rows, columns = np.divmod(np.flatnonzero(band > level), band.shape[1])
    # One neighbour rules out nearly all pixels of real sources, at an eighth of the work.
    likely = band[rows, columns] - sky > ratio * (band[rows, np.abs(columns - 1)] - sky)
    rows, columns = rows[likely], columns[likely]
    highest = _neighbours(band, rows, columns).max(axis=0, initial=-np.inf)
    spikes = band[rows, columns] - sky > ratio * np.maximum(highest - sky, 0.0)
    return rows[spikes], columns[spikes]


def replace_pixels(
    band: NDArray[np.float32], rows: NDArray[np.intp], columns: NDArray[np.intp]
) -> None:
    """Put the median of its eight neighbours into each pixel named, in place.

    Examples
    --------
    >>> band = np.ones((9, 9), np.float32)
    >>> band[4, 5] = 1e6
    >>> replace_pixels(band, np.array([4]), np.array([5]))
    >>> float(band.max())
    1.0
    """
    band[rows, columns] = np.median(_neighbours(band, rows, columns), axis=0)


def _neighbours(
    band: NDArray[np.float32], rows: NDArray[np.intp], columns: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Return the eight neighbours of each pixel, (8, pixel); at the border they are mirrored."""
    height, width = band.shape
    y = np.abs(rows + _STEPS[:, :1])
    x = np.abs(columns + _STEPS[:, 1:])
    y = np.where(y >= height, 2 * height - 2 - y, y)
    x = np.where(x >= width, 2 * width - 2 - x, x)
    values: NDArray[np.float64] = band[y, x].astype(np.float64)
    return values
