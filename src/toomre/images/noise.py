"""The noise of the sky: how large it is for a stated depth, and adding it. Fluxes in nJy."""

from __future__ import annotations

from math import log, pi, sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray

from toomre.errors import ArgumentError

__all__ = [
    "add_noise",
    "brightness_limit_of",
    "sigma_for_brightness_limit",
    "sigma_for_point_depth",
    "sigma_for_signal_to_noise",
]

Image = NDArray[np.float64]

_NANOJANSKY = 1e9 * 3631  # flux of magnitude 0 [nJy] (Oke & Gunn 1983, ApJ 266, 713)
_DETECTION = 5.0  # sigma
_APERTURE = 3.0  # side of the patch in which a brightness is measured [FWHM]


def sigma_for_brightness_limit(limit: float, pixel_scale: float, psf_fwhm: float) -> float:
    """Return the noise of a pixel that gives a 5 sigma limiting surface brightness.

    The formula of Snyder et al. (2019, MNRAS 486, 3702), which the DeepMerge papers use. In
    words: a square patch, 3 FWHM on a side, of this brightness, less an equal patch of sky
    beside it, is 5 times the noise of the difference.

    Parameters
    ----------
    limit
        Limiting surface brightness [mag/arcsec^2].
    pixel_scale
        Pixel scale [arcsec/pixel].
    psf_fwhm
        FWHM of the point spread function [arcsec].

    Returns
    -------
    Standard deviation of a pixel [nJy].

    Examples
    --------
    >>> round(sigma_for_brightness_limit(25.0, 0.06, 0.20), 4)
    1.8486
    """
    _check(pixel_scale, psf_fwhm)
    flux = _NANOJANSKY / _DETECTION * 10 ** (-0.4 * limit)
    return float(2**-0.5 * flux * pixel_scale * _APERTURE * psf_fwhm)


def brightness_limit_of(sigma: float, pixel_scale: float, psf_fwhm: float) -> float:
    """Return the 5 sigma limiting surface brightness [mag/arcsec^2] that a noise [nJy] gives.

    The inverse of `sigma_for_brightness_limit`.

    Examples
    --------
    >>> round(brightness_limit_of(1.8486, 0.06, 0.20), 3)
    25.0
    """
    if not sigma > 0:
        raise ArgumentError.expected("sigma", "above 0", sigma)
    return float(2.5 * np.log10(sigma_for_brightness_limit(0.0, pixel_scale, psf_fwhm) / sigma))


def sigma_for_point_depth(depth: float, pixel_scale: float, psf_fwhm: float) -> float:
    """Return the noise of a pixel [nJy] with which a star of a magnitude is seen at 5 sigma.

    The star is measured with its own shape as the weight, which for a Gaussian is as good as
    4 pi sigma^2 pixels (King 1983, PASP 95, 163).

    Examples
    --------
    >>> round(sigma_for_point_depth(22.70, 0.396, 1.32), 2)
    120.37
    """
    _check(pixel_scale, psf_fwhm)
    width = psf_fwhm / pixel_scale / sqrt(8 * log(2))
    flux = _NANOJANSKY * 10 ** (-0.4 * depth)
    return float(flux / _DETECTION / sqrt(4 * pi * width**2))


def sigma_for_signal_to_noise(
    image: NDArray[np.floating], ratio: float, fraction: float = 0.9
) -> float:
    """Return the noise with which the pixels of a galaxy have a given mean signal-to-noise ratio.

    The galaxy's pixels are the brightest ones that together hold a fraction of the light; the
    papers that state a mean ratio do not say which pixels they mean.

    Parameters
    ----------
    image
        Array of shape (y, x), noiseless, without sky.
    ratio
        The mean ratio wanted.
    fraction
        Above 0, at most 1.

    Returns
    -------
    Standard deviation of a pixel, in the image's unit.

    Raises
    ------
    ArgumentError
        If the image has no light, or an argument is out of range.

    Examples
    --------
    >>> sigma_for_signal_to_noise(np.full((4, 4), 50.0), ratio=25.0)
    2.0
    """
    if not (ratio > 0 and 0 < fraction <= 1):
        allowed = "above 0, and above 0 and at most 1"
        raise ArgumentError.expected("ratio, fraction", allowed, (ratio, fraction))
    light = np.sort(np.asarray(image, dtype=np.float64), axis=None)[::-1]
    light = light[light > 0]
    if not light.size:
        raise ArgumentError.expected("image", "an image with light", "no pixel above 0")
    sums = np.cumsum(light)
    count = min(int(np.searchsorted(sums, fraction * sums[-1])) + 1, light.size)
    return float(light[:count].mean() / ratio)


def add_noise(images: NDArray[np.floating], sigma: ArrayLike, rng: np.random.Generator) -> Image:
    """Add independent Gaussian noise to every pixel.

    Parameters
    ----------
    images
        Array of shape (band, y, x).
    sigma
        Standard deviation for each band, shape (band,), or one for all.
    rng
        The same state adds the same noise.

    Examples
    --------
    >>> noisy = add_noise(np.zeros((2, 50, 50)), (1.0, 3.0), np.random.default_rng(1))
    >>> noisy.std(axis=(1, 2)).round(1).tolist()
    [1.0, 3.0]
    """
    images = np.asarray(images, dtype=np.float64)
    spread = np.broadcast_to(np.asarray(sigma, dtype=np.float64), images.shape[:1])
    if not (spread >= 0).all():
        raise ArgumentError.expected("sigma", "0 or more", spread.tolist())
    return images + spread[:, None, None] * rng.standard_normal(images.shape)


def _check(pixel_scale: float, psf_fwhm: float) -> None:
    if not (pixel_scale > 0 and psf_fwhm > 0):
        got = (pixel_scale, psf_fwhm)
        raise ArgumentError.expected("pixel_scale, psf_fwhm", "above 0 arcsec", got)
