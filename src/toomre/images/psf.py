"""Blur images as a telescope and the air do: point spread functions, stamps, convolution."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import ceil
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft2, next_fast_len, rfft2

from toomre.errors import ArgumentError

__all__ = ["PSF", "Edge", "blur", "convolve", "psf_stamp"]

Image = NDArray[np.float64]

#: What lies beyond the image: nothing (flux leaves it), or the value of its nearest pixel.
Edge = Literal["zero", "nearest"]

# Half width of a stamp in FWHM. A Gaussian has nothing beyond 4; a Moffat of power 3.5 has 1e-5
# of its flux beyond 10.
_REACH = {"gaussian": 4.0, "moffat": 10.0}
# The outer part of a stamp's radius over which it falls to zero, so that no square halo is seen.
_TAPER = 0.25
# With fewer pixels in a FWHM than this, the value in a pixel's middle says little of its mean.
_FEWEST_PIXELS = 2.0
# With fewer than this there is no blur to speak of.
_POINT = 0.25


@dataclass(frozen=True)
class PSF:
    """A round point spread function.

    Attributes
    ----------
    fwhm
        Full width at half maximum [arcsec].
    profile
        ``"gaussian"`` or ``"moffat"`` (Moffat 1969, A&A 3, 455).
    beta
        Power of the Moffat profile's wings; 3 to 4 in survey images of stars.

    Examples
    --------
    >>> PSF(1.3, "moffat").beta
    3.5
    """

    fwhm: float
    profile: Literal["gaussian", "moffat"] = "gaussian"
    beta: float = 3.5

    def __post_init__(self) -> None:
        if not 0 < self.fwhm < np.inf:
            raise ArgumentError.expected("fwhm", "above 0 arcsec", self.fwhm)
        if self.profile not in _REACH:
            raise ArgumentError.expected("profile", "'gaussian' or 'moffat'", self.profile)
        if not self.beta > 1.1:
            raise ArgumentError.expected("beta", "above 1.1", self.beta)


@lru_cache(maxsize=64)
def psf_stamp(psf: PSF, pixel_scale: float) -> Image:
    """Draw a point spread function as a square of odd size with sum 1.

    It is drawn by GalSim (Rowe et al. 2015, Astron. Comput. 10, 121), reaches far into the wings
    and falls to zero at a circle within the square. If the FWHM spans less than 2 pixels, the
    stamp holds means over pixels, and a star becomes up to 6 % wider.

    Parameters
    ----------
    psf
        Its width and shape.
    pixel_scale
        Pixel scale of the stamp [arcsec/pixel].

    Returns
    -------
    Read-only array of shape (y, x); kept for the next call.

    Examples
    --------
    >>> stamp = psf_stamp(PSF(1.2), 0.4)
    >>> stamp.shape, round(float(stamp.sum()), 12)
    ((25, 25), 1.0)
    """
    if pixel_scale > 0 and psf.fwhm < _POINT * pixel_scale:
        return np.ones((1, 1))
    import galsim  # half a second, so only where it is needed

    if not pixel_scale > 0:
        raise ArgumentError.expected("pixel_scale", "above 0 arcsec/pixel", pixel_scale)
    reach = max(ceil(_REACH[psf.profile] * psf.fwhm / pixel_scale), 1)
    side = 2 * reach + 1
    if psf.profile == "moffat":
        shape = galsim.Moffat(beta=psf.beta, fwhm=psf.fwhm)
    else:
        shape = galsim.Gaussian(fwhm=psf.fwhm)
    method = "auto" if psf.fwhm < _FEWEST_PIXELS * pixel_scale else "no_pixel"
    drawn = shape.drawImage(nx=side, ny=side, scale=pixel_scale, method=method, dtype=float)
    axis = np.arange(-reach, reach + 1)
    outer = (np.hypot(axis[:, None], axis) / (reach + 1) - 1 + _TAPER) / _TAPER
    stamp: Image = np.clip(drawn.array, 0, None) * (
        0.5 + 0.5 * np.cos(np.pi * np.clip(outer, 0, 1))
    )
    stamp /= stamp.sum()
    stamp.flags.writeable = False
    return stamp


def convolve(images: NDArray[np.floating], stamp: Image, edge: Edge = "zero") -> Image:
    """Convolve images with a stamp of odd size.

    Parameters
    ----------
    images
        Array of shape (..., y, x).
    stamp
        Array of shape (y, x), its centre in the middle pixel.
    edge
        What lies beyond the image.

    Returns
    -------
    Array of the images' shape. With ``"zero"`` the flux is the same to rounding, but for what
    is spread beyond the edge.

    Examples
    --------
    >>> image = np.zeros((9, 9))
    >>> image[4, 4] = 2.0
    >>> round(float(convolve(image, np.full((3, 3), 1 / 9)).sum()), 12)
    2.0
    """
    images = np.asarray(images, dtype=np.float64)
    if images.ndim < 2 or stamp.ndim != 2 or not all(side % 2 for side in stamp.shape):
        raise ArgumentError.expected(
            "images, stamp", "of shapes (..., y, x) and (odd, odd)", (images.shape, stamp.shape)
        )
    stamp = _cropped(stamp, images.shape)
    reach = [side // 2 for side in stamp.shape]
    if edge == "nearest":
        pads = [(0, 0)] * (images.ndim - 2) + [(n, n) for n in reach]
        padded = np.pad(images, pads, mode="edge")
        starts = [2 * n for n in reach]
    elif edge == "zero":
        padded, starts = images, reach
    else:
        raise ArgumentError.expected("edge", "'zero' or 'nearest'", edge)
    shape = [
        next_fast_len(length + side - 1, real=True)
        for length, side in zip(padded.shape[-2:], stamp.shape, strict=True)
    ]
    product = rfft2(padded, shape) * rfft2(stamp, shape)
    whole: Image = irfft2(product, shape)
    height, width = images.shape[-2:]
    return whole[..., starts[0] : starts[0] + height, starts[1] : starts[1] + width]


def blur(images: NDArray[np.floating], psf: PSF, pixel_scale: float, edge: Edge = "zero") -> Image:
    """Blur images with a point spread function.

    Parameters
    ----------
    images
        Array of shape (..., y, x), without blur.
    psf
        The point spread function.
    pixel_scale
        Pixel scale of the images [arcsec/pixel].
    edge
        What lies beyond the image.

    Examples
    --------
    >>> image = np.zeros((33, 33))
    >>> image[16, 16] = 1.0
    >>> blurred = blur(image, PSF(3.0), 1.0)
    >>> round(float(blurred.sum()), 9), round(float(blurred.max()), 3)
    (1.0, 0.098)
    """
    return convolve(images, psf_stamp(psf, pixel_scale), edge)


def _cropped(stamp: Image, shape: tuple[int, ...]) -> Image:
    """Cut off what no pixel of the image can reach; the sum is then below 1, and rightly so."""
    slices = []
    for side, length in zip(stamp.shape, shape[-2:], strict=True):
        spare = max(side // 2 - length, 0)
        slices.append(slice(spare, side - spare))
    return stamp[tuple(slices)]
