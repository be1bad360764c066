"""Bring an image to a grid: cut the centred square and resample it, in one antialiased step.

The filter is Lanczos (three lobes), widened when pixels are made larger. Of the filters at
hand it moves flux, centroid and second moment least: 0.06 %, 0.003 pixel and 0.004 pixel^2 at
worst for a point source of 3 pixels FWHM, at any ratio. A plain average of whole pixels (box)
is exact at integer ratios only, and wrong by up to 20 % at others. The price is a ring of a few
per cent below the sky around a point source sharper than the new pixels.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from toomre.images.cutout import Cutout, Encoding
from toomre.images.flags import Flag
from toomre.images.grid import Grid

__all__ = ["SCALE_FLAGGED", "SMALLEST_SIDE", "border_median", "to_grid"]

#: An image must have at least this many pixels on each side.
SMALLEST_SIDE = 8
#: Pixel scales that differ by more than this part are flagged.
SCALE_FLAGGED = 0.02
#: Pixel scales that differ by less than this part are the same one, written differently.
_SCALE_SAME = 0.001
#: A frame that reaches less than this beyond the image is not flagged [pixel].
_REACH_ALLOWED = 0.5
#: The image must show at least this part of the wanted side.
_SMALLEST_COVER = 0.25
#: An image is not padded beyond this side, for the memory's sake [pixel].
_LARGEST_PADDED = 8192
#: Box corners are rounded to this part of a pixel, which single precision holds exactly.
_STEP = 2.0**-12
#: Half width of the filter in pixels of the coarser grid.
_SUPPORT = 3.0


@dataclass(frozen=True)
class _Box:
    """The centred square to cut: its side and the scale of its pixels, None if not known."""

    side: float
    pixel_scale: float | None


@dataclass(frozen=True)
class _Window:
    """Which pixels to take, how many to add on each side, and the box (x, y, x, y) in them."""

    slices: tuple[slice, slice]
    pads: tuple[tuple[int, int], tuple[int, int]]
    box: tuple[float, float, float, float]

    @property
    def padded(self) -> bool:
        return self.pads != ((0, 0), (0, 0))


def to_grid(cutout: Cutout, grid: Grid) -> Cutout:
    """Cut the centred square that a grid asks for, and resample it to the grid's size.

    The square is ``grid.crop`` pixels wide at the grid's native pixel scale. If the cutout
    states another scale, the same angle is cut instead, and a difference above 2 % is flagged.
    A cutout without a scale is taken to have the native one. Flux (encoding ``"linear"``) is
    conserved: the values are multiplied by the ratio of the pixel areas. Brightness (encoding
    ``"display"``) keeps its level and stays within 0 to 255. The result turns and flips with the
    input. If nothing has to be cut or resampled, the values are returned as they are.

    Parameters
    ----------
    cutout
        An image of any size with finite pixels (see `inspect`); a bad one is returned as it is.
    grid
        The grid wanted.

    Returns
    -------
    Cutout
        Pixels of shape (band, ``grid.size``, ``grid.size``), and their pixel scale
        [arcsec/pixel]. New flags: PIXEL_SCALE, EDGE (the square reaches beyond the image; it is
        filled up with the median of each band's border), SIZE (a side below 8 pixels, or a
        square far larger than the image).

    Examples
    --------
    >>> pixels = np.ones((1, 256, 256), np.float32)
    >>> result = to_grid(Cutout(pixels, pixel_scale=0.4), Grid(size=75, crop=150))
    >>> result.pixels.shape, result.pixel_scale, float(result.pixels.mean())
    ((1, 75, 75), 0.8, 4.0)
    """
    if cutout.pixels is None:
        return cutout
    height, width = cutout.pixels.shape[1:]
    shorter = min(height, width)
    if shorter < SMALLEST_SIDE:
        return cutout.flagged(
            Flag.SIZE,
            f"the image is {height} x {width} pixels; {SMALLEST_SIDE} are needed on a side",
        )
    box = _box(cutout, grid, shorter)
    reach = (box.side - shorter) / 2
    too_large = box.side > min(shorter / _SMALLEST_COVER, max(shorter, _LARGEST_PADDED))
    if box.side < SMALLEST_SIDE or too_large:
        return cutout.flagged(
            Flag.SIZE,
            f"the field asked for is {box.side:.1f} pixels wide, the image {height} x {width}",
        )
    pixels = _resampled(cutout.pixels, cutout.encoding, box.side, grid.size)
    cutout = _flag_scale(cutout, grid)
    if reach > _REACH_ALLOWED:
        cutout = cutout.flagged(
            Flag.EDGE, f"the field reaches {reach:.0f} pixels beyond the image and was filled up"
        )
    scale = None if box.pixel_scale is None else box.pixel_scale * box.side / grid.size
    return replace(cutout, pixels=pixels, pixel_scale=scale)


def border_median(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the median of the outermost pixels of each band, an estimate of the sky.

    Examples
    --------
    >>> border_median(np.pad(np.ones((2, 3, 3), np.float32), ((0, 0), (1, 1), (1, 1)))).tolist()
    [0.0, 0.0]
    """
    ring = (pixels[:, 0], pixels[:, -1], pixels[:, 1:-1, 0], pixels[:, 1:-1, -1])
    median: NDArray[np.float32] = np.median(np.concatenate(ring, axis=1), axis=1)
    return median


def _box(cutout: Cutout, grid: Grid, shorter: int) -> _Box:
    native = grid.native_pixel_scale
    scale = native if cutout.pixel_scale is None else cutout.pixel_scale
    if grid.crop is None:
        return _Box(shorter * grid.fraction, scale)
    if native is None or scale is None or abs(scale / native - 1) < _SCALE_SAME:
        return _Box(grid.crop, scale)
    return _Box(grid.crop * native / scale, scale)


def _flag_scale(cutout: Cutout, grid: Grid) -> Cutout:
    native, found = grid.native_pixel_scale, cutout.pixel_scale
    if native is None or found is None or abs(found / native - 1) <= SCALE_FLAGGED:
        return cutout
    done = "the same angle was cut" if grid.crop is not None else "the field differs"
    return cutout.flagged(
        Flag.PIXEL_SCALE,
        f"the pixel scale is {found:.4g} arcsec/pixel where {native:.4g} is expected; {done}",
    )


def _resampled(
    pixels: NDArray[np.float32], encoding: Encoding, side: float, size: int
) -> NDArray[np.float32]:
    if pixels.shape[1:] == (size, size) and side == size:
        return pixels
    window = _window(pixels.shape[1:], side, size)
    slices, pads = window.slices, window.pads
    sky = border_median(pixels)
    result = np.empty((len(pixels), size, size), np.float32)
    for band, level, target in zip(pixels, sky, result, strict=True):
        cut = np.pad(band[slices], pads, constant_values=level) if window.padded else band[slices]
        image = Image.fromarray(np.ascontiguousarray(cut))
        resized = image.resize((size, size), Image.Resampling.LANCZOS, box=window.box)
        target[...] = np.asarray(resized)
    if encoding == "display":
        return np.clip(result, 0, 255, out=result)
    with np.errstate(over="ignore"):
        result *= np.float32((side / size) ** 2)
    if not np.isfinite(result).all():
        largest = float(np.finfo(np.float32).max)
        np.nan_to_num(result, copy=False, posinf=largest, neginf=-largest)
    return result


def _window(shape: tuple[int, ...], side: float, size: int) -> _Window:
    """Find the pixels that the filter can reach, the padding, and the box within them."""
    margin = int(np.ceil(_SUPPORT * max(side / size, 1.0))) + 1
    half = round(side / 2 / _STEP) * _STEP
    spares = [max(int(np.floor(length / 2 - half)) - margin, 0) for length in shape]
    # Padding is as wide as the filter reaches, so that it decides what lies beyond.
    pads = [
        int(np.ceil(half - length / 2)) + margin if half > length / 2 else 0 for length in shape
    ]
    y, x = (
        length / 2 - spare + pad for length, spare, pad in zip(shape, spares, pads, strict=True)
    )
    return _Window(
        slices=(
            slice(spares[0], shape[0] - spares[0]),
            slice(spares[1], shape[1] - spares[1]),
        ),
        pads=((pads[0], pads[0]), (pads[1], pads[1])),
        box=(x - half, y - half, x + half, y + half),
    )
