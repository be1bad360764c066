"""Which pixels of which image show a position: the windows to read, for many rows at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from toomre.mosaics.frame import Frame
from toomre.mosaics.options import LARGEST_SIDE
from toomre.mosaics.sky import unit_vectors

__all__ = ["Windows", "find_windows"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_ARCSEC = np.pi / (180 * 3600)
_MARGIN = 4  # pixels of a margin at least
_DIAGONAL = 0.75  # of a side: from a stamp's centre to its corner, and a little more
_BLOCK = 1 << 22  # pairs of a row and an image that are looked at together


@dataclass(frozen=True, eq=False)
class Windows:
    """Square windows in images, sorted by row; of one row the one farthest from an edge first.

    Attributes
    ----------
    row
        The place in the list of positions.
    frame
        The number of the image.
    x, y
        The position [pixel, from 0].
    x0, y0, side
        First column, first row and side of the window [pixel]; it may reach beyond the image.
    pad
        How many of its pixels on each side are margin.
    scale
        Pixel scale there [arcsec/pixel].
    """

    row: Integers
    frame: Integers
    x: Floats
    y: Floats
    x0: Integers
    y0: Integers
    side: Integers
    pad: Integers
    scale: Floats

    def __len__(self) -> int:
        return len(self.row)

    def take(self, places: NDArray[np.intp] | NDArray[np.bool_]) -> Windows:
        """Return some of the windows."""
        return Windows(**{name: values[places] for name, values in vars(self).items()})


def find_windows(
    frames: Sequence[Frame], ra: Floats, dec: Floats, sizes: Floats, margin: float = 0.0
) -> Windows:
    """Return the windows that share at least one pixel with their image.

    A window begins at the pixel ``ceil(position - side / 2)``, as that of
    `astropy.nddata.Cutout2D` does, so that the position is within half a pixel of its centre.

    Parameters
    ----------
    frames
        The images of one band.
    ra, dec
        ICRS [degree], shape (n,); rows that are not finite have no window.
    sizes
        Side of each stamp [arcsec]; rows where it is not finite have no window.
    margin
        See `toomre.mosaics.options.StampOptions`.
    """
    usable = np.flatnonzero(np.isfinite(ra) & np.isfinite(dec) & np.isfinite(sizes))
    centres = np.array([frame.sky.centre for frame in frames])
    reach = np.array([frame.sky.radius for frame in frames])
    step = max(_BLOCK // max(len(frames), 1), 1)
    found = []
    for start in range(0, len(usable), step):
        rows = usable[start : start + step]
        distance = _angles(unit_vectors(ra[rows], dec[rows]), centres)
        spare = np.array([2 * _MARGIN * frame.sky.pixel_scale for frame in frames])
        wide = (1 + 2 * margin) * sizes[rows][:, None] + spare
        near = distance <= reach + _DIAGONAL * _ARCSEC * wide
        for number in np.flatnonzero(near.any(axis=0) | (reach >= np.pi)).tolist():
            # An image whose radius is not known is tried for every row.
            chosen = rows[near[:, number]] if reach[number] < np.pi else rows
            frame = (number, frames[number])
            found.append(_in_frame(frame, chosen, (ra[chosen], dec[chosen]), sizes[chosen], margin))
    if not found:
        empty, nothing = np.empty(0, np.int64), np.empty(0)
        return Windows(empty, empty, nothing, nothing, empty, empty, empty, empty, nothing)
    joined = Windows(
        **{name: np.concatenate([vars(part)[name] for part in found]) for name in vars(found[0])}
    )
    shapes = np.array([frame.shape for frame in frames])[joined.frame]
    edge = np.minimum(
        np.minimum(joined.x, shapes[:, 1] - 1 - joined.x),
        np.minimum(joined.y, shapes[:, 0] - 1 - joined.y),
    )
    return joined.take(np.lexsort((joined.frame, -edge * joined.scale, joined.row)))


def _in_frame(
    numbered: tuple[int, Frame],
    rows: NDArray[np.intp],
    place: tuple[Floats, Floats],
    sizes: Floats,
    margin: float,
) -> Windows:
    """Return the windows of some rows in one image."""
    number, frame = numbered
    x, y = frame.sky.to_pixels(*place)
    on_sky = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    x, y, rows, sizes = x[on_sky], y[on_sky], rows[on_sky], sizes[on_sky]
    scale = frame.sky.scales(x, y)
    with np.errstate(all="ignore"):
        wanted = np.round(sizes / scale)
    side = np.clip(np.nan_to_num(wanted, nan=1.0), 1, LARGEST_SIDE + 1).astype(np.int64)
    pad = np.zeros_like(side) if margin == 0 else np.ceil(margin * side).astype(np.int64) + _MARGIN
    side += 2 * pad
    x0, y0 = (np.ceil(v - side / 2).astype(np.int64) for v in (x, y))
    height, width = frame.shape
    meets = (x0 < width) & (y0 < height) & (x0 + side > 0) & (y0 + side > 0)
    frames = np.full(len(rows), number, np.int64)
    windows = Windows(rows.astype(np.int64), frames, x, y, x0, y0, side, pad, scale)
    return windows.take(meets)


def _angles(vectors: Floats, centres: Floats) -> Floats:
    """Return the angle between each position and each centre [rad]."""
    chord = np.sqrt(np.clip(2 - 2 * vectors @ centres.T, 0, 4))
    return 2 * np.arcsin(chord / 2)
