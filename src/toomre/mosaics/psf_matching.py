"""Make a band as blurred as another: a Gaussian whose width is the difference in squares."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from astropy.io.fits import Header
from numpy.typing import NDArray

from toomre.errors import ArgumentError
from toomre.images.psf import PSF, convolve, psf_stamp
from toomre.mosaics.options import PSFMatching

__all__ = ["blurred", "fwhm_of", "kernel_of", "target_of"]

_SAME = 0.02  # relative difference of two widths that are taken as one
_POINT = 0.25  # a kernel narrower than this does nothing [pixel]
_COVERED = 0.5  # a pixel is told where its kernel has at least this weight on good pixels


def fwhm_of(band: str, header: Header, pixel_scale: float, matching: PSFMatching) -> float:
    """Return the sharpness of an image as the user, or the keyword that the user names, says.

    Returns
    -------
    float
        Full width at half maximum [arcsec].

    Raises
    ------
    ArgumentError
        If the band was not given, or its keyword is not in the header.

    Examples
    --------
    >>> matching = PSFMatching(1.5, {"g": "FWHM:pixel"})
    >>> round(fwhm_of("g", Header([("FWHM", 4.5)]), 0.262, matching), 3)
    1.179
    """
    given = matching.fwhm.get(band)
    if isinstance(given, int | float):
        return float(given)
    if given is None:
        names = ", ".join(matching.fwhm) or "none"
        allowed = f"given for the band {band!r} (arcsec, or a header keyword)"
        raise ArgumentError.expected("psf_fwhm", allowed, names)
    key, _, unit = given.partition(":")
    value = header.get(key.strip())
    if unit.strip() not in ("", "arcsec", "pixel"):
        raise ArgumentError.expected("psf_fwhm", "KEYWORD or KEYWORD:pixel", given)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
        allowed = f"a header keyword of the band {band!r} with a number above 0"
        raise ArgumentError.expected("psf_fwhm", allowed, f"{key} = {value}")
    return float(value) * (pixel_scale if unit.strip() == "pixel" else 1.0)


def target_of(band: str, matching: PSFMatching) -> float:
    """Return the sharpness that is wanted of a band [arcsec].

    Raises
    ------
    ArgumentError
        If it is not told: by no model, or not of this band.

    Examples
    --------
    >>> target_of("g", PSFMatching(1.5, {})), target_of("g", PSFMatching({"g": 1.2}, {}))
    (1.5, 1.2)
    """
    target = matching.target
    if isinstance(target, str):
        allowed = "a number [arcsec] where no model is named"
        raise ArgumentError.expected("psf_target", allowed, target)
    if not isinstance(target, Mapping):
        return target
    if band not in target:
        allowed = f"known for the band {band!r}"
        raise ArgumentError.expected("psf_target", allowed, ", ".join(target))
    return target[band]


def kernel_of(fwhm: float, target: float, pixel_scale: float) -> PSF | None:
    """Return what to blur with, or None where nothing is to be done.

    Parameters
    ----------
    fwhm, target
        What the image has and what is wanted [arcsec].
    pixel_scale
        [arcsec/pixel].

    Raises
    ------
    ValueError
        If the image is already more blurred than the target by more than 2 %.

    Examples
    --------
    >>> kernel_of(1.2, 1.3, 0.2).fwhm
    0.5
    >>> kernel_of(1.3, 1.3, 0.2) is None
    True
    """
    if fwhm > (1 + _SAME) * target:
        raise ValueError(f"its FWHM is {fwhm:.3g} arcsec where {target:.3g} is asked for")
    width = math.sqrt(max(target**2 - fwhm**2, 0.0))
    return PSF(round(width, 9)) if width > _POINT * pixel_scale else None


def blurred(window: NDArray[np.float32], kernel: PSF, pixel_scale: float) -> NDArray[np.float32]:
    """Blur a window, passing over the pixels that are not finite, which stay so.

    Parameters
    ----------
    window
        Array (y, x); its outer rim of the kernel's reach is for the caller to cut off.
    kernel
        From `kernel_of`.
    pixel_scale
        [arcsec/pixel].
    """
    stamp = psf_stamp(kernel, pixel_scale)
    good = np.isfinite(window)
    sums = convolve(np.where(good, window, 0.0), stamp)
    weights = convolve(good.astype(np.float64), stamp)
    with np.errstate(all="ignore"):
        values = np.where(good & (weights > _COVERED / 2), sums / weights, np.nan)
        return values.astype(np.float32)
