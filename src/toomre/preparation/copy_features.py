"""What a copy of an image keeps when it is turned, flipped, zoomed, scaled or made noisier.

All galaxies look alike at low resolution: a bright round blob. What tells one image from
another is its fine structure, its off-centre sources and even its noise. So an image is first
brought to a moderate resolution, band-passed and divided by its local contrast. This map is
then sampled on a log-polar grid around the centre, where a turn is a shift in angle and a zoom
is a shift in radius, and turned into angular Fourier modes (Casasent & Psaltis 1976, Applied
Optics 15, 1795; Reddy & Chatterji 1996, IEEE Trans. Image Process. 5, 1266).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, sparse

__all__ = [
    "ANGLES",
    "MAP_SIDE",
    "MODES",
    "WINDOW",
    "ZOOM_STEP",
    "ZOOM_STEPS",
    "LogPolar",
    "brightness_maps",
    "contrast_maps",
]

Floats = NDArray[np.float32]
Complexes = NDArray[np.complex64]

#: Angles of the log-polar grid, and angular modes used (1 to MODES; mode 0 is the profile).
ANGLES, MODES = 128, 32
#: Step of the logarithm of the radius, which is also the step of the zooms that are tried.
ZOOM_STEP = 0.053
#: Zooms are exp(k * ZOOM_STEP) with k from -ZOOM_STEPS to ZOOM_STEPS: 0.81 to 1.24.
ZOOM_STEPS = 4
#: Radii that are compared.
WINDOW = 31
#: Largest side of a contrast map [pixels].
MAP_SIDE = 64

# Scales of the band pass and of the local contrast [pixels of the map], and the least
# contrast as a fraction of the median (sky) and of the largest (for images without noise).
_FINE, _COARSE, _LOCAL = 0.8, 2.5, 4.0
_SKY_FLOOR, _PEAK_FLOOR = 0.3, 1e-6


def contrast_maps(images: NDArray[np.floating]) -> Floats:
    """Return the fine structure of some images, with the same contrast everywhere.

    Parameters
    ----------
    images
        Array of shape (image, band, y, x), finite, of any unit. The central square is used.

    Returns
    -------
    Array of shape (image, s, s), where s is the side of the image or 64, the smaller.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> images = rng.normal(size=(2, 3, 80, 80))
    >>> maps = contrast_maps(images)
    >>> maps.shape
    (2, 64, 64)
    >>> bool(np.allclose(maps, contrast_maps(5 * images + 2), atol=1e-3))
    True
    """
    grey = _grey(images)
    structure = ndimage.gaussian_filter(grey, (0, _FINE, _FINE))
    structure -= ndimage.gaussian_filter(grey, (0, _COARSE, _COARSE))
    power = ndimage.gaussian_filter(structure**2, (0, _LOCAL, _LOCAL))
    floor = _SKY_FLOOR * np.median(power, axis=(1, 2)) + _PEAK_FLOOR * power.max(axis=(1, 2))
    contrast = np.sqrt(power + floor[:, None, None] + np.float32(1e-20))
    return np.asarray(structure / contrast, np.float32)


def brightness_maps(images: NDArray[np.floating]) -> tuple[Floats, Floats]:
    """Return the images with their bright parts compressed, and how much of that is noise.

    Parameters
    ----------
    images
        Array of shape (image, band, y, x), finite, of any unit. The central square is used.

    Returns
    -------
    maps
        Array of shape (image, s, s) as `contrast_maps` has, free of unit and zero point.
    noise
        Array of shape (image,): power of the fine structure in the emptiest fifth of the
        image, as a fraction of the variance of the whole.
    """
    grey = _grey(images)
    grey -= np.median(grey, axis=(1, 2), keepdims=True)
    scale = np.quantile(np.abs(grey), 0.9, axis=(1, 2), keepdims=True)
    compressed = np.arcsinh(grey / np.where(scale > 0, scale, 1)).astype(np.float32)
    maps = np.asarray(ndimage.gaussian_filter(compressed, (0, _FINE, _FINE)), np.float32)
    structure = maps - ndimage.gaussian_filter(compressed, (0, _COARSE, _COARSE))
    power = ndimage.gaussian_filter(structure**2, (0, _LOCAL, _LOCAL))
    variance = maps.var(axis=(1, 2))
    noise = np.quantile(power, 0.2, axis=(1, 2)) / np.where(variance > 0, variance, 1)
    return maps, np.asarray(noise, np.float32)


def _grey(images: NDArray[np.floating]) -> Floats:
    """Return the mean of the bands, each scaled to a variance of 1, at moderate resolution."""
    square = _central_square(images).astype(np.float64)
    square -= square.mean(axis=(2, 3), keepdims=True)
    spread = square.std(axis=(2, 3), keepdims=True)
    square /= np.where(spread > 0, spread, 1.0)
    grey = square.mean(axis=1).astype(np.float32)
    side = grey.shape[-1]
    if side > MAP_SIDE:
        shrink = _area_matrix(side, MAP_SIDE)
        grey = shrink @ grey @ shrink.T
    return np.asarray(grey, np.float32)


def _central_square(images: NDArray[np.floating]) -> NDArray[np.floating]:
    height, width = images.shape[-2:]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return images[..., top : top + side, left : left + side]


def _area_matrix(side: int, new: int) -> Floats:
    """Return the matrix that averages `side` pixels over `new` equal intervals."""
    edges = np.linspace(0, side, new + 1)
    pixels = np.arange(side)
    upper = np.minimum(edges[1:, None], pixels + 1)
    lower = np.maximum(edges[:-1, None], pixels)
    overlap = np.clip(upper - lower, 0, None) / (side / new)
    return np.asarray(overlap, np.float32)


@dataclass(frozen=True, eq=False)
class LogPolar:
    """A log-polar grid over a contrast map of a given side.

    Attributes
    ----------
    side
        Side of the map [pixels].
    radii
        The radii [pixels], each ``exp(ZOOM_STEP)`` times the one before.
    matrix
        Sparse matrix from the pixels of the map to the (radius, angle) samples.

    Examples
    --------
    >>> grid = LogPolar.of_side(64)
    >>> grid.modes(np.ones((2, 64, 64), np.float32)).shape
    (2, 39, 32)
    """

    side: int
    radii: Floats
    matrix: sparse.csr_matrix

    @classmethod
    def of_side(cls, side: int) -> LogPolar:
        """Build the largest grid that fits into a map."""
        count = WINDOW + 2 * ZOOM_STEPS
        largest = (side - 1) / 2 - 0.1
        radii = largest * np.exp(ZOOM_STEP * (np.arange(count) - count + 1))
        angles = 2 * np.pi * np.arange(ANGLES) / ANGLES
        x = ((side - 1) / 2 + radii[:, None] * np.cos(angles)).ravel()
        y = ((side - 1) / 2 + radii[:, None] * np.sin(angles)).ravel()
        return cls(side, radii.astype(np.float32), _bilinear_matrix(x, y, side))

    def modes(self, maps: Floats) -> Complexes:
        """Return the angular modes 1 to MODES of some maps, (image, radius, mode)."""
        samples = (self.matrix @ maps.reshape(len(maps), -1).T).T
        polar = samples.reshape(len(maps), len(self.radii), ANGLES)
        spectrum = np.fft.rfft(polar, axis=-1)[:, :, 1 : MODES + 1]
        # An annulus counts by its area: r^2 in the product of two maps.
        return np.asarray(spectrum * self.radii[:, None], np.complex64)

    @staticmethod
    def window(modes: Complexes, zoom_index: int) -> Complexes:
        """Return the radii to compare if the image is magnified by exp(index * ZOOM_STEP).

        The result has a sum of squares of 1 for each image, or is 0 where it has no structure.
        """
        first = ZOOM_STEPS + zoom_index
        part = modes[:, first : first + WINDOW]
        norm = np.sqrt((np.abs(part) ** 2).sum(axis=(1, 2), keepdims=True))
        return np.asarray(part / np.where(norm > 0, norm, 1), np.complex64)


def _bilinear_matrix(
    x: NDArray[np.float64], y: NDArray[np.float64], side: int
) -> sparse.csr_matrix:
    column, row = np.floor(x).astype(int), np.floor(y).astype(int)
    right, down = x - column, y - row
    samples = np.arange(len(x))
    values, pixels = [], []
    for step_y, weight_y in ((0, 1 - down), (1, down)):
        for step_x, weight_x in ((0, 1 - right), (1, right)):
            values.append(weight_x * weight_y)
            pixels.append((row + step_y) * side + column + step_x)
    entries = (np.concatenate(values), (np.tile(samples, 4), np.concatenate(pixels)))
    return sparse.csr_matrix(entries, shape=(len(x), side * side), dtype=np.float32)
