"""The pixel scale that a FITS header states by its celestial world coordinate system."""

from __future__ import annotations

import math
import re

from astropy.io.fits import Header
from astropy.wcs import WCS
from astropy.wcs.utils import proj_plane_pixel_area

from toomre.images.flags import Flag
from toomre.images.read_limits import BadInputError, one_line

__all__ = ["pixel_scale_of"]

_CELESTIAL = re.compile(r"(RA--|DEC-|[GEHST]LON|[GEHST]LAT)-([A-Z]{3})(-SIP)?")
# fmt: off
_PROJECTIONS = frozenset({
    "AZP", "SZP", "TAN", "STG", "SIN", "ARC", "ZPN", "ZEA", "AIR", "CYP", "CEA", "CAR", "MER",
    "SFL", "PAR", "MOL", "AIT", "COP", "COE", "COD", "COO", "BON", "PCO", "TSC", "CSC", "QSC",
    "HPX", "XPH", "TPV", "TPD", "TPU", "TNX", "ZPX", "NCP", "GLS", "DSS",
})
# fmt: on
# Axes that are no sky, and rightly so: the file just does not tell a pixel scale.
_NOT_SKY = re.compile(
    r"(|LINEAR|PIXELS?|[XY]|[XY]_?(IMAGE|PIX|PIXEL)|PIXEL ?[XY]|DET[XY]|DETECTOR|RA|DEC"
    r"|(FREQ|WAVE|AWAV|VELO|VRAD|VOPT|ZOPT|ENER|STOKES|BAND|FILTER)(-.*)?)"
)


def pixel_scale_of(header: Header, axes: int) -> float | None:
    """Return the pixel scale [arcsec/pixel], or None if the header does not tell.

    It is the square root of a pixel's area at the reference point, so distortions (SIP, TPV,
    tables) do not matter and are not parsed. Without CD or CDELT nothing is told.

    Parameters
    ----------
    header
        The header of an image.
    axes
        The number of its axes.

    Raises
    ------
    BadInputError
        `Flag.WCS` if there is a coordinate system that cannot be used: a singular matrix, an
        axis type or projection that does not exist.

    Examples
    --------
    >>> cards = [("CTYPE1", "RA---TAN"), ("CTYPE2", "DEC--TAN"), ("CDELT1", -1e-4)]
    >>> round(pixel_scale_of(Header([*cards, ("CDELT2", 1e-4)]), 2), 6)
    0.36
    """
    try:
        return _scale(header, axes)
    except BadInputError:
        raise
    except Exception as error:
        note = f"the world coordinate system cannot be used: {one_line(error)}"
        raise BadInputError(Flag.WCS, note) from error


def _scale(header: Header, axes: int) -> float | None:
    numbers = range(1, axes + 1)
    has_matrix = any(f"CD{i}_{j}" in header for i in numbers for j in numbers)
    if not has_matrix and not any(f"CDELT{i}" in header for i in numbers):
        return None
    types = {i: str(header.get(f"CTYPE{i}", "")).strip().upper() for i in numbers}
    sky = [i for i in numbers if _CELESTIAL.fullmatch(types[i])]
    for i in numbers:
        known = i in sky or _NOT_SKY.fullmatch(types[i])
        if not known or (i in sky and types[i].removesuffix("-SIP")[-3:] not in _PROJECTIONS):
            note = f"the header says CTYPE{i} = {one_line(types[i], 20)!r}, which does not exist"
            raise BadInputError(Flag.WCS, note)
    if len(sky) != 2:
        return None
    sky.sort(key=lambda i: types[i].startswith("DEC") or types[i][1:4] == "LAT")  # longitude first
    scale = 3600.0 * math.sqrt(proj_plane_pixel_area(_linear_part(header, sky, has_matrix)))
    if not (math.isfinite(scale) and scale > 0):
        raise BadInputError(Flag.WCS, f"the pixel scale would be {scale} arcsec/pixel")
    return scale


def _linear_part(header: Header, sky: list[int], has_matrix: bool) -> WCS:
    """Return the two celestial axes as a plain tangent plane of the same linear part."""
    plain = Header([("CTYPE1", "RA---TAN"), ("CTYPE2", "DEC--TAN")])
    keys = ["CRVAL", "CRPIX"] if has_matrix else ["CRVAL", "CRPIX", "CDELT", "CROTA"]
    names = {f"{key}{axis}": f"{key}{i}" for i, axis in enumerate(sky, 1) for key in keys}
    matrix = "CD" if has_matrix else "PC"
    for i, axis in enumerate(sky, 1):
        for j, other in enumerate(sky, 1):
            names[f"{matrix}{axis}_{other}"] = f"{matrix}{i}_{j}"
    for name, plain_name in names.items():
        if name in header:
            plain[plain_name] = _number(header, name)
    for i, axis in enumerate(sky, 1):
        if unit := str(header.get(f"CUNIT{axis}", "")).strip():
            plain[f"CUNIT{i}"] = unit
    if has_matrix:
        parts = [float(plain.get(f"CD{i}_{j}", 0.0)) for i in (1, 2) for j in (1, 2)]
        if parts[0] * parts[3] == parts[1] * parts[2]:
            raise BadInputError(Flag.WCS, f"the matrix CD is singular: {parts}")
    wcs = WCS(plain)
    wcs.wcs.set()
    return wcs


def _number(header: Header, key: str) -> float:
    value = header[key]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadInputError(Flag.WCS, f"the header says {key} = {one_line(value, 20)!r}")
    return float(value)
