"""Bring a band to the pixel grid of another: a shift by whole pixels, or an interpolation."""

from __future__ import annotations

from copy import deepcopy
from typing import Literal

import numpy as np
from astropy.wcs import WCS, Sip
from numpy.typing import NDArray

from toomre.images.caught import collected_warnings
from toomre.mosaics.frame import Frame
from toomre.mosaics.windows import Windows
from toomre.packages import import_package

__all__ = ["regridded", "shifts", "window_on", "window_wcs"]

Square = tuple[int, int, int]

_SPARE = 3  # pixels around what is shown, for the interpolation
_ALIGNED = 0.01  # corners that agree to this are on one grid [pixel]


def shifts(windows: Windows, frame: Frame, other: Frame) -> NDArray[np.float64]:
    """Return by how much pixels of `other` are further than those of `frame`: (n, 2), x and y.

    NaN where the two are not a shift by whole pixels apart all over the window.
    """
    if frame.sky.grid == other.sky.grid:
        return np.zeros((len(windows), 2))
    corners = []
    for right in (0, 1):
        for top in (0, 1):
            x = windows.x0 + right * (windows.side - 1.0)
            y = windows.y0 + top * (windows.side - 1.0)
            moved = other.sky.to_pixels(*frame.sky.to_sky(x, y))
            corners.append(np.stack([moved[0] - x, moved[1] - y], axis=-1))
    steps = np.array(corners)
    whole = np.round(steps[0])
    with np.errstate(invalid="ignore"):
        aligned = (np.abs(steps - whole) < _ALIGNED).all(axis=(0, 2))
    return np.where(aligned[:, None], whole, np.nan)


def window_wcs(wcs: WCS, x0: int, y0: int, side: int) -> WCS:
    """Return the coordinate system of a window that begins at (x0, y0)."""
    moved = deepcopy(wcs)
    moved.wcs.crpix = moved.wcs.crpix - (x0, y0)
    if moved.sip is not None:
        terms = (moved.sip.a, moved.sip.b, moved.sip.ap, moved.sip.bp)
        moved.sip = Sip(*terms, moved.wcs.crpix)
    moved.array_shape = (side, side)
    moved.wcs.set()
    return moved


def window_on(frame: Frame, start: tuple[int, int], side: int, other: Frame) -> Square | None:
    """Return the square (x0, y0, side) of `other` that a window of `frame` shows, or None.

    Parameters
    ----------
    frame
        The image of the window.
    start, side
        The window's first column and row, and its side [pixel].
    other
        Another image.
    """
    edge = np.linspace(-1, side, 5)
    x, y = (axis.ravel() for axis in np.meshgrid(start[0] + edge, start[1] + edge))
    found = other.sky.to_pixels(*frame.sky.to_sky(x, y))
    if not np.isfinite(found).any():
        return None
    low = [int(np.floor(np.nanmin(axis))) - _SPARE for axis in found]
    high = [int(np.ceil(np.nanmax(axis))) + _SPARE for axis in found]
    return low[0], low[1], max(high[0] - low[0], high[1] - low[1]) + 1


def regridded(
    window: NDArray[np.float32],
    wcs: WCS,
    target: WCS,
    *,
    area_ratio: float,
    method: Literal["interp", "adaptive"],
) -> NDArray[np.float32]:
    """Return a window on the pixel grid of a stamp, as flux per pixel of the stamp.

    Parameters
    ----------
    window, wcs
        Pixels (y, x), NaN where there are none, and their coordinate system.
    target
        Coordinate system of the stamp, with its shape.
    area_ratio
        Area of a pixel of the stamp over that of one of the window.
    method
        ``"interp"`` or ``"adaptive"``.

    Raises
    ------
    MissingPackageError
        Without the package `reproject`.
    """
    reproject = import_package("reproject", "mosaics", "Another pixel grid of a band")
    given = (window.astype(np.float64), wcs)
    with collected_warnings(), np.errstate(all="ignore"):
        if method == "adaptive":
            values, _ = reproject.reproject_adaptive(
                given, target, shape_out=target.array_shape, conserve_flux=True, kernel="gaussian"
            )
        else:
            values, _ = reproject.reproject_interp(
                given, target, shape_out=target.array_shape, order="bilinear"
            )
            values = values * area_ratio
        return np.asarray(values, dtype=np.float32)
