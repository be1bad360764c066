"""Read NumPy arrays: one image, or a stack of many that stays on disk."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toomre.errors import ArgumentError, CorruptFileError, MissingFileError
from toomre.images.archives import load_stack
from toomre.images.array_header import encoding_of, read_header
from toomre.images.band_names import choose_planes
from toomre.images.cutout import Cutout
from toomre.images.flags import Flag
from toomre.images.opening import check_regular, shown_name
from toomre.images.planes import axes_of, band_first, check_dtype, to_float32
from toomre.images.read_limits import BadInputError, ReadLimits, check_size, one_line

__all__ = ["open_stack", "read_array", "stack_cutout", "stack_shape"]


def read_array(content: bytes, bands: Sequence[str] | None, limits: ReadLimits) -> Cutout:
    """Return the image in the content of a ``.npy`` file: (y, x), (band, y, x) or (y, x, band).

    Parameters
    ----------
    content
        The file's bytes.
    bands
        The names that the caller gives the bands, or None; an array states none.
    limits
        Checked from the header.

    Raises
    ------
    BadInputError
        With the flag that fits; see `toomre.images.planes.axes_of` for the order of the axes.

    Examples
    --------
    >>> stream = io.BytesIO()
    >>> np.save(stream, np.zeros((75, 60, 3), ">f8"))
    >>> read_array(stream.getvalue(), None, ReadLimits()).pixels.shape
    (3, 75, 60)
    """
    header = read_header(io.BytesIO(content))
    where = band_first(header.shape, limits, header.dtype.itemsize)
    missing = header.offset + header.data_bytes - len(content)
    if missing > 0:
        note = f"the data end {missing} bytes before the header says"
        raise BadInputError(Flag.TRUNCATED, note)
    count = math.prod(header.shape)
    flat = np.frombuffer(content, header.dtype, count, header.offset)
    array = flat.reshape(header.shape, order="F" if header.fortran_order else "C")
    pixels = to_float32(array, where)
    unnamed = [None] * len(pixels)
    _, names = choose_planes(bands, unnamed, unnamed)
    return Cutout(pixels=pixels, bands=names, encoding=encoding_of(header.dtype))


def open_stack(path: Path) -> NDArray[Any]:
    """Open a stack of many images, of which a pixel is read only when it is asked for.

    Parameters
    ----------
    path
        A ``.npy`` file of shape (N, band, y, x), (N, y, x), or (N, y, x, band) with at most 5
        bands and more than 16 rows; or a ``.npz`` file with one such array, which is loaded
        if it has at most 2 GiB.

    Returns
    -------
    numpy.ndarray
        A read-only array (N, band, y, x) of the stored type; of a ``.npy`` a memory map.

    Raises
    ------
    ArgumentError
        If the array is no stack of images of real numbers.
    CorruptFileError
        If the file is not what it claims, or too short.
    MissingFileError
        If it is not there.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "cube.npy"
    >>> np.save(path, np.zeros((100, 75, 60, 3), np.float32))
    >>> open_stack(path).shape
    (100, 3, 75, 60)
    """
    with _caught(Path(path)):
        return _image_axes(_stored(Path(path)))


def stack_shape(path: Path) -> tuple[int, ...]:
    """Return the shape of a stack as its file has it: 3 axes or 4.

    Three may be (image, y, x) or those of one image, (band, y, x); the file does not say which.

    Parameters
    ----------
    path
        As for `open_stack`, which raises the same errors.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "cube.npy"
    >>> np.save(path, np.zeros((100, 1, 75, 60), np.float32))
    >>> stack_shape(path)
    (100, 1, 75, 60)
    """
    with _caught(Path(path)):
        return _stored(Path(path)).shape


@contextmanager
def _caught(path: Path) -> Iterator[None]:
    """Turn what is wrong with a stack into an error for the user."""
    try:
        yield
    except BadInputError as error:
        note = f"{shown_name(path)}: {error.note}."
        if error.flag & Flag.MISSING_FILE:
            raise MissingFileError(note) from error
        if error.flag & (Flag.SHAPE | Flag.SIZE | Flag.DTYPE | Flag.AMBIGUOUS_HDU):
            raise ArgumentError(f"Expected a stack of images, but {note}") from error
        raise CorruptFileError(note) from error
    except (OSError, ValueError) as error:
        note = f"{shown_name(path)} cannot be read: {one_line(error)}."
        raise CorruptFileError(note) from error


def _stored(path: Path) -> NDArray[Any]:
    """Return a stack with the axes that the file has, which are checked."""
    size = check_regular(path)
    with path.open("rb") as file:
        if file.read(4) in (b"PK\x03\x04", b"PK\x05\x06"):
            stack = load_stack(path)
            _stack_axes(stack.shape)
            return stack
        file.seek(0)
        header = read_header(file)
    _stack_axes(header.shape)
    if size < header.offset + header.data_bytes:
        raise BadInputError(Flag.TRUNCATED, "the data end before the header says")
    order = "F" if header.fortran_order else "C"
    return np.memmap(path, header.dtype, "r", header.offset, header.shape, order)  # type: ignore[call-overload,no-any-return]


def _stack_axes(shape: tuple[int, ...]) -> str:
    """Return where the bands of each image of a stack are."""
    if len(shape) not in (3, 4) or shape[0] < 1:
        note = f"the shape is {shape}; expected (image, band, y, x) or (image, y, x)"
        raise BadInputError(Flag.SHAPE, note)
    where = axes_of(shape[1:])
    band_first(shape[1:], ReadLimits())
    return where


def _image_axes(stack: NDArray[Any]) -> NDArray[Any]:
    """Return a read-only view (image, band, y, x) of a stack."""
    where = _stack_axes(stack.shape)
    view = stack[:, np.newaxis] if where == "none" else stack
    view = np.moveaxis(view, -1, 1) if where == "last" else view.view()
    view.flags.writeable = False
    return view


def stack_cutout(stack: NDArray[Any], index: int) -> Cutout:
    """Return one image of a stack.

    Parameters
    ----------
    stack
        Array (image, band, y, x) from `open_stack`.
    index
        The number of the image.

    Examples
    --------
    >>> stack_cutout(np.zeros((5, 3, 75, 75), np.uint8), 4).encoding
    'display'
    """
    if not -len(stack) <= index < len(stack):
        raise ArgumentError.expected("index", f"a place in a stack of {len(stack)}", index)
    image = stack[index]
    try:
        check_dtype(image.dtype)
        band, y, x = image.shape
        check_size((band, y, x), ReadLimits())
    except BadInputError as error:
        return Cutout.bad(error.flag, error.note)
    return Cutout(pixels=to_float32(image, "first"), encoding=encoding_of(stack.dtype))
