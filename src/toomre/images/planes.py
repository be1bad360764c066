"""Bring an image array to (band, y, x) float32, or say why its shape or type will not do."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from toomre.images.flags import Flag
from toomre.images.read_limits import BadInputError, ReadLimits, check_size

__all__ = ["axes_of", "band_first", "check_dtype", "to_float32"]

_MOST_LAST = 5  # a last axis this short may be the bands
_LEAST_FIRST = 16  # a first axis longer than this cannot be the bands

#: Where the bands are in an array: there are none, first, or last.
_NONE, _FIRST, _LAST = "none", "first", "last"


def axes_of(shape: tuple[int, ...]) -> str:
    """Return where the bands of one image are: ``"none"``, ``"first"`` or ``"last"``.

    The last axis holds the bands if it has at most 5 entries and the first more than 16.
    A short last axis with a short first one cannot be decided.

    Raises
    ------
    BadInputError
        `Flag.SHAPE` if the shape is ambiguous or has neither 2 nor 3 axes.

    Examples
    --------
    >>> axes_of((75, 75)), axes_of((3, 75, 75)), axes_of((75, 75, 3))
    ('none', 'first', 'last')
    >>> axes_of((3, 3, 3))
    Traceback (most recent call last):
    toomre.images.read_limits.BadInputError: the shape (3, 3, 3) may be (band, y, x) or (y, x, band)
    """
    if len(shape) == 2:
        return _NONE
    if len(shape) != 3:
        note = f"the image has {len(shape)} axes (shape {shape}); expected (y, x) or (band, y, x)"
        raise BadInputError(Flag.SHAPE, note)
    if shape[2] > _MOST_LAST:
        return _FIRST
    if shape[0] > _LEAST_FIRST:
        return _LAST
    raise BadInputError(Flag.SHAPE, f"the shape {shape} may be (band, y, x) or (y, x, band)")


def band_first(shape: tuple[int, ...], limits: ReadLimits, itemsize: int = 4) -> str:
    """Return `axes_of` the shape after its size was checked against the limits.

    Raises
    ------
    BadInputError
        `Flag.SHAPE` or `Flag.SIZE`.
    """
    where = axes_of(shape)
    if where == _NONE:
        check_size((1, shape[0], shape[1]), limits, itemsize)
    elif where == _FIRST:
        check_size((shape[0], shape[1], shape[2]), limits, itemsize)
    else:
        check_size((shape[2], shape[0], shape[1]), limits, itemsize)
    return where


def check_dtype(dtype: np.dtype[Any]) -> None:
    """Refuse pixels that are no real numbers.

    Raises
    ------
    BadInputError
        `Flag.DTYPE`.

    Examples
    --------
    >>> check_dtype(np.dtype(">f4"))
    >>> check_dtype(np.dtype("complex64"))
    Traceback (most recent call last):
    toomre.images.read_limits.BadInputError: the pixels are of type complex64; expected real numbers
    """
    if dtype.kind not in "biuf" or dtype.hasobject or dtype.fields is not None:
        shown = "structured" if dtype.fields is not None else str(dtype)
        note = f"the pixels are of type {shown}; expected real numbers"
        raise BadInputError(Flag.DTYPE, note)


def to_float32(array: NDArray[Any], where: str) -> NDArray[np.float32]:
    """Return a new array (band, y, x), float32 in native byte order, C-contiguous.

    Parameters
    ----------
    array
        One image of any real type, byte order and strides.
    where
        Where its bands are, from `band_first`.

    Examples
    --------
    >>> to_float32(np.ones((75, 60, 3), ">i2"), "last").shape
    (3, 75, 60)
    """
    if where == _NONE:
        array = array[np.newaxis]
    elif where == _LAST:
        array = np.moveaxis(array, -1, 0)
    pixels = np.empty(array.shape, np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        pixels[...] = array
    return pixels
