"""Positions on the sky to pixels of an image and back, many at once, each for itself.

`astropy.wcs.WCS.all_world2pix` stops its iteration when the slowest of all positions has
converged, so that its result for one depends on the others (by up to 1e-4 pixel, which can move
a stamp by one). Here each position stops by itself, which is what `all_world2pix` gives for it
alone.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from astropy import units
from astropy.coordinates import ICRS, SkyCoord
from astropy.io.fits import Header
from astropy.wcs import WCS
from astropy.wcs.utils import wcs_to_celestial_frame
from numpy.typing import NDArray

from toomre.images.caught import collected_warnings
from toomre.images.flags import Flag
from toomre.images.pixel_scale import pixel_scale_of
from toomre.images.read_limits import BadInputError, one_line

__all__ = ["Sky", "sky_of", "unit_vectors"]

Floats = NDArray[np.float64]

_TOLERANCE = 1e-4  # astropy's, of the iteration [pixel]
_MOST_STEPS = 20
_RETURN = 0.01  # a position that does not come back to within this is not in the image [pixel]
_SCALE_VARIES = 0.01  # the pixel scale counts as one over the image up to this relative change
_WIDE = 0.5  # an image with a larger radius [rad] is tried for every position


class Sky:
    """The world coordinate system of an image.

    Parameters
    ----------
    wcs
        Of two celestial axes, in any order.
    shape
        Of the image, (y, x).
    pixel_scale
        At the reference point [arcsec/pixel].
    """

    def __init__(self, wcs: WCS, shape: tuple[int, int], pixel_scale: float) -> None:
        self.wcs = wcs
        self.pixel_scale = pixel_scale
        #: Images with the same text share their pixel grid.
        self.grid = str(wcs.to_header(relax=True))
        self._frame = wcs_to_celestial_frame(wcs)
        self._is_icrs = isinstance(self._frame, ICRS)
        self._lon, self._lat = wcs.wcs.lng, wcs.wcs.lat
        height, width = shape
        y, x = np.meshgrid([0, (height - 1) / 2, height - 1], [0, (width - 1) / 2, width - 1])
        vectors = unit_vectors(*self.to_sky(x.ravel(), y.ravel()))
        #: The unit vector of the image's centre, and the angle to the farthest corner [rad].
        self.centre = vectors[4]
        self.radius = _angle(vectors, vectors[4])
        scales = self.local_scales(x.ravel(), y.ravel())
        ratio = scales / pixel_scale
        self._is_even = bool(np.all(np.abs(ratio - 1) < _SCALE_VARIES))

    def to_pixels(self, ra: Floats, dec: Floats) -> tuple[Floats, Floats]:
        """Return pixels (x, y), counted from 0; NaN where the image's projection does not reach.

        Parameters
        ----------
        ra, dec
            ICRS [degree], shape (n,).
        """
        if not len(ra):
            return np.empty(0), np.empty(0)
        lon, lat = self._from_icrs(ra, dec)
        world = np.empty((len(ra), 2))
        world[:, self._lon], world[:, self._lat] = lon, lat
        with collected_warnings(), np.errstate(all="ignore"):
            pixels = self._undistorted(self.wcs.wcs_world2pix(world, 0))
            back = unit_vectors(*self.to_sky(pixels[:, 0], pixels[:, 1]))
            miss = np.linalg.norm(back - unit_vectors(ra, dec), axis=1)
            reached = miss < _RETURN * np.radians(self.pixel_scale / 3600)
        pixels[~reached] = np.nan  # also the far side of a distortion's polynomial
        return pixels[:, 0], pixels[:, 1]

    def to_sky(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Return ra and dec [degree, ICRS] of pixels; NaN where there is no sky."""
        with collected_warnings(), np.errstate(all="ignore"):
            world = self.wcs.all_pix2world(np.stack([x, y], axis=-1), 0)
            lon, lat = world[:, self._lon], world[:, self._lat]
            if self._is_icrs:
                return lon, lat
            place = SkyCoord(lon, lat, unit=units.deg, frame=self._frame).icrs
            return place.ra.deg, place.dec.deg

    def scales(self, x: Floats, y: Floats) -> Floats:
        """Return the pixel scale at some pixels [arcsec/pixel].

        It is that of the header where this holds to 1 % all over the image.
        """
        if self._is_even:
            return np.full(len(x), self.pixel_scale)
        return self.local_scales(x, y)

    def local_scales(self, x: Floats, y: Floats) -> Floats:
        """Return the square root of each pixel's area on the sky [arcsec]."""
        steps = [(-0.5, 0.0), (0.5, 0.0), (0.0, -0.5), (0.0, 0.5)]
        left, right, below, above = (unit_vectors(*self.to_sky(x + a, y + b)) for a, b in steps)
        area = np.linalg.norm(np.cross(right - left, above - below), axis=1)
        scale: Floats = 3600 * np.degrees(np.sqrt(area))
        return scale

    def _from_icrs(self, ra: Floats, dec: Floats) -> tuple[Floats, Floats]:
        if self._is_icrs:
            return ra, dec
        place = SkyCoord(ra, dec, unit=units.deg, frame="icrs").transform_to(self._frame)
        return place.spherical.lon.deg, place.spherical.lat.deg

    def _undistorted(self, linear: Floats) -> Floats:
        """Invert the distortion, as `all_world2pix` does, each position for itself."""
        if not self.wcs.has_distortion:
            return linear
        pixels = linear.copy()
        active: NDArray[np.bool_] = np.atleast_1d(np.isfinite(linear).all(axis=1))
        before = np.full(len(linear), np.inf)
        for _ in range(_MOST_STEPS):
            if not active.any():
                break
            step = self.wcs.pix2foc(pixels[active], 0) - linear[active]
            size = np.sum(step * step, axis=1)
            pixels[active] -= np.where((size < before[active])[:, None], step, np.nan)
            going = (size >= _TOLERANCE**2) & (size < before[active])
            before[active] = size
            active[active] = going
        pixels[active] = np.nan
        return pixels


def sky_of(header: Header, shape: tuple[int, int]) -> Sky:
    """Return the coordinate system that a header states.

    Raises
    ------
    BadInputError
        `Flag.WCS` if there is none, it cannot be used, or it needs distortion tables.

    Examples
    --------
    >>> cards = [("CTYPE1", "RA---TAN"), ("CTYPE2", "DEC--TAN"), ("CRPIX1", 5), ("CRPIX2", 5)]
    >>> header = Header([*cards, ("CDELT1", -1e-4), ("CDELT2", 1e-4), ("RADESYS", "ICRS")])
    >>> x, y = sky_of(header, (9, 9)).to_pixels(np.zeros(1), np.zeros(1))
    >>> x.round(6).tolist(), y.round(6).tolist()
    ([4.0], [4.0])
    """
    scale = pixel_scale_of(header, 2)
    if scale is None:
        raise BadInputError(Flag.WCS, "the header has no celestial coordinate system (WCS)")
    if any(header.get(f"{kind}{axis}") for kind in ("CPDIS", "D2IMDIS") for axis in (1, 2)):
        note = "the coordinate system needs distortion tables; resample the image (drizzle) first"
        raise BadInputError(Flag.WCS, note)
    try:
        with collected_warnings():
            wcs = WCS(_without_tables(header), naxis=2)
            wcs.wcs.set()
            return Sky(wcs, shape, scale)
    except Exception as error:
        note = f"the coordinate system cannot be used: {one_line(error)}"
        raise BadInputError(Flag.WCS, note) from error


def unit_vectors(ra: Floats, dec: Floats) -> Floats:
    """Return the unit vectors (n, 3) of positions [degree].

    Examples
    --------
    >>> unit_vectors(np.array([0.0, 90.0]), np.array([0.0, 90.0])).round(6).tolist()
    [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    """
    lon, lat = np.radians(ra), np.radians(dec)
    return np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=-1)


def _without_tables(header: Header) -> Any:
    """Return a copy without the size of the image, which a compressed one states otherwise."""
    plain = header.copy()
    for key in ("NAXIS1", "NAXIS2"):
        plain.pop(key, None)
    return plain


def _angle(vectors: Floats, centre: Floats) -> float:
    """Return the radius of an image [rad]; pi where it is wide or partly beyond the sky."""
    distance = 2 * np.arcsin(np.clip(np.linalg.norm(vectors - centre, axis=1) / 2, 0, 1))
    radius = float(distance.max())
    return radius if radius < _WIDE else np.pi  # also NaN
