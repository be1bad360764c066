"""Copy windows out of an image, with NaN where they reach beyond it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from toomre.mosaics.pixels import Pixels

__all__ = ["covered_part", "cut_into", "cut_window"]


def cut_into(target: NDArray[np.float32], pixels: Pixels, y0: int, x0: int) -> None:
    """Fill a square target with the window that begins at (y0, x0).

    Values beyond float32 become infinite, as in `toomre.images.planes.to_float32`; whoever
    calls keeps numpy's warnings of that down.

    Examples
    --------
    >>> target = np.empty((2, 2), np.float32)
    >>> cut_into(target, np.arange(9.0).reshape(3, 3), 2, 1)
    >>> target.tolist()
    [[7.0, 8.0], [nan, nan]]
    """
    side = len(target)
    height, width = pixels.shape
    if y0 >= 0 and x0 >= 0 and y0 + side <= height and x0 + side <= width:
        target[...] = pixels[y0 : y0 + side, x0 : x0 + side]
        return
    target.fill(np.nan)
    top, left = max(y0, 0), max(x0, 0)
    bottom, right = min(y0 + side, height), min(x0 + side, width)
    if top < bottom and left < right:
        inside = pixels[top:bottom, left:right]
        target[top - y0 : bottom - y0, left - x0 : right - x0] = inside


def cut_window(pixels: Pixels, y0: int, x0: int, side: int) -> NDArray[np.float32]:
    """Return a window as a new array; see `cut_into`."""
    target = np.empty((side, side), np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        cut_into(target, pixels, y0, x0)
    return target


def covered_part(window: NDArray[np.float32]) -> float:
    """Return the part of a window that is finite and not exactly 0, as gaps between chips are.

    Examples
    --------
    >>> covered_part(np.array([[1, 0], [np.nan, 2]], np.float32))
    0.5
    """
    return float(np.count_nonzero(np.isfinite(window) & (window != 0)) / window.size)
