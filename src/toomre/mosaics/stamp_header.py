"""The FITS header of a stamp: a coordinate system that holds for its own pixels."""

from __future__ import annotations

import numpy as np
from astropy.io.fits import Header
from astropy.wcs import WCS, Sip
from numpy.typing import NDArray

from toomre.images.caught import collected_warnings

__all__ = ["resampled_wcs", "stamp_header"]


def resampled_wcs(wcs: WCS, side: int, box: float, size: int) -> WCS:
    """Return the coordinate system after `toomre.images.resample.to_grid`.

    Parameters
    ----------
    wcs
        Of the stamp before.
    side
        Pixels on a side before.
    box
        Side of the centred square that was taken [pixels before].
    size
        Pixels on a side afterwards.
    """
    ratio = size / box
    result = wcs.deepcopy()
    result.wcs.crpix = (wcs.wcs.crpix - (side + 1) / 2) * ratio + (size + 1) / 2
    if wcs.wcs.has_cd():
        result.wcs.cd = wcs.wcs.cd / ratio
    elif wcs.wcs.has_crota():
        result.wcs.cdelt = wcs.wcs.cdelt / ratio
    else:  # not CDELT, which wcslib applies after the distortion of TPV
        result.wcs.pc = wcs.wcs.pc / ratio
    if wcs.sip is not None:
        terms = [_rescaled(getattr(wcs.sip, name), ratio) for name in ("a", "b", "ap", "bp")]
        result.sip = Sip(*terms, result.wcs.crpix)
    result.array_shape = (size, size)
    result.wcs.set()
    return result


def stamp_header(wcs: WCS) -> Header:
    """Return the cards of a coordinate system, to full precision.

    Examples
    --------
    >>> wcs = WCS(naxis=2)
    >>> wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    >>> stamp_header(wcs)["CTYPE1"]
    'RA---TAN'
    """
    with collected_warnings():
        header = wcs.to_header(relax=True)
    # wcslib writes a CD matrix as PC with CDELT = 1, to 12 digits; CRPIX is written in full.
    for axis, value in enumerate(wcs.wcs.crpix, start=1):
        header[f"CRPIX{axis}"] = float(value)
    if wcs.sip is not None:  # wcslib leaves out what the SIP distortion needs
        for axis, name in enumerate(wcs.wcs.ctype, start=1):
            header[f"CTYPE{axis}"] = name if name.endswith("-SIP") else f"{name}-SIP"
    return header


def _rescaled(terms: NDArray[np.float64] | None, ratio: float) -> NDArray[np.float64] | None:
    """Return SIP terms for pixels that are 1 / ratio times as large."""
    if terms is None:
        return None
    powers = np.add.outer(np.arange(len(terms)), np.arange(len(terms)))
    return np.asarray(terms * ratio ** (1.0 - powers))
