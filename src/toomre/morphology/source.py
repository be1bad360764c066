"""The galaxy in the middle of an image: the sky around it, and which pixels are its own."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from toomre.packages import import_package

__all__ = ["Sky", "Source", "find_source", "sky_of"]

Image = NDArray[np.float64]

# Width of the Gaussian before detection [pixel], and the smallest source [pixel].
_SMOOTHING = 3.0 / 2.3548
_SMALLEST = 5
# A source's pixels are brighter than the sky's scatter times the first, and than its own peak
# times the second: in an image without noise the first alone would take every pixel.
_OVER_SKY, _OVER_PEAK = 1.5, 0.003
# The ring whose pixels are sky, and how far from the middle the galaxy may be [image side].
_RING, _OFF_CENTRE = 0.08, 0.125


@dataclass(frozen=True)
class Sky:
    """Level and standard deviation of an image's sky, in the image's unit."""

    level: float
    scatter: float


@dataclass(frozen=True, eq=False)
class Source:
    """A galaxy's place among the sources of an image.

    Attributes
    ----------
    labels
        The number of the source that a pixel belongs to, 0 for none, (y, x).
    label
        The galaxy's number.
    peak
        Its brightest smoothed pixel above the sky.
    """

    labels: NDArray[np.int32]
    label: int
    peak: float


def sky_of(image: Image) -> Sky:
    """Measure the sky in the outermost pixels, without what lies over 3 sigma from their median.

    Parameters
    ----------
    image
        Array of shape (y, x); pixels that are not finite do not count.

    Examples
    --------
    >>> sky_of(np.full((20, 20), 7.0))
    Sky(level=7.0, scatter=0.0)
    """
    from astropy.stats import sigma_clipped_stats

    width = max(2, round(_RING * min(image.shape)))
    ring = np.ones(image.shape, dtype=bool)
    ring[width:-width, width:-width] = False
    values = image[ring & np.isfinite(image)]
    if not len(values):
        return Sky(0.0, 0.0)
    _, level, scatter = sigma_clipped_stats(values, sigma=3.0, maxiters=5)
    return Sky(float(level), float(scatter))


def find_source(image: Image) -> Source | None:
    """Find the source in the middle of an image, with photutils on the smoothed image.

    Touching galaxies are one source: they are not taken apart.

    Parameters
    ----------
    image
        Array of shape (y, x) whose sky is 0; pixels that are not finite count as sky.

    Returns
    -------
    The source, or None where there is none within an eighth of the side from the middle.

    Raises
    ------
    MissingPackageError
        If photutils is not installed.

    Examples
    --------
    >>> y, x = np.mgrid[-20:21, -20:21]
    >>> source = find_source(np.exp(-(x**2 + y**2) / 32.0))
    >>> bool(source.labels[20, 20] == source.label)
    True
    """
    detect_sources = import_package("photutils.segmentation", "morphology").detect_sources
    smooth = gaussian_filter(np.where(np.isfinite(image), image, 0.0), _SMOOTHING)
    sky = sky_of(smooth)
    smooth = smooth - sky.level
    middle, reach = np.array(image.shape) // 2, max(2, round(_OFF_CENTRE * min(image.shape)))
    peak = float(smooth[_box(middle, reach)].max())
    threshold = max(_OVER_SKY * sky.scatter, _OVER_PEAK * peak)
    if threshold <= 0:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that nothing was found
        found = detect_sources(smooth, threshold, _SMALLEST)
    if found is None:
        return None
    labels = np.asarray(found.data, dtype=np.int32)
    places = np.argwhere(labels)
    distances = np.hypot(*(places - middle).T)
    nearest = int(distances.argmin())
    if distances[nearest] > reach:
        return None
    return Source(labels, int(labels[tuple(places[nearest])]), peak)


def _box(middle: NDArray[np.intp], reach: int) -> tuple[slice, slice]:
    y, x = (int(value) for value in middle)
    return slice(max(0, y - reach), y + reach + 1), slice(max(0, x - reach), x + reach + 1)
