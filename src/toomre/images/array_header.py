"""The header of a NumPy array file, read without trusting it."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from typing import IO, Any

import numpy as np

from toomre.images.cutout import Encoding
from toomre.images.flags import Flag
from toomre.images.planes import check_dtype
from toomre.images.read_limits import BadInputError, one_line

__all__ = ["MAGIC", "ArrayHeader", "encoding_of", "read_header"]

MAGIC = b"\x93NUMPY"
_MOST_HEADER_BYTES = 64 * 1024
_MOST_AXES = 32


@dataclass(frozen=True)
class ArrayHeader:
    """What the header of a ``.npy`` file says.

    Attributes
    ----------
    shape, dtype, fortran_order
        Of the array.
    offset
        Where the data begin [bytes].
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    fortran_order: bool
    offset: int

    @property
    def data_bytes(self) -> int:
        """How many bytes of data there must be."""
        return math.prod(self.shape) * self.dtype.itemsize


def encoding_of(dtype: np.dtype[Any]) -> Encoding:
    """Return what the pixels of an array mean: 8-bit unsigned ones are a brightness on a screen.

    Examples
    --------
    >>> encoding_of(np.dtype("u1")), encoding_of(np.dtype("u2"))
    ('display', 'linear')
    """
    return "display" if dtype == np.uint8 else "linear"


def read_header(stream: IO[bytes]) -> ArrayHeader:
    """Read the header of a ``.npy`` stream, and no byte more.

    Raises
    ------
    BadInputError
        `Flag.HEADER` for a broken or overlong header, `Flag.TRUNCATED` if it is cut,
        `Flag.DTYPE` for what is no array of real numbers.

    Examples
    --------
    >>> stream = io.BytesIO()
    >>> np.save(stream, np.zeros((8, 9), np.float32))
    >>> _ = stream.seek(0)
    >>> read_header(stream).shape
    (8, 9)
    """
    start = stream.read(12)
    if len(start) < 12:
        raise BadInputError(Flag.TRUNCATED, "the array file ends inside its header")
    if not start.startswith(MAGIC):
        raise BadInputError(Flag.NOT_AN_IMAGE, "the content is no NumPy array")
    version = (start[6], start[7])
    if version == (3, 0):  # only needed for names in Unicode
        raise BadInputError(Flag.DTYPE, "the array is structured; expected real numbers")
    if version not in ((1, 0), (2, 0)):
        raise BadInputError(Flag.HEADER, f"version {version} of the array format is not known")
    length = int.from_bytes(start[8 : 10 if version == (1, 0) else 12], "little")
    if length > _MOST_HEADER_BYTES:
        note = f"the array's header claims {length} bytes; at most {_MOST_HEADER_BYTES}"
        raise BadInputError(Flag.HEADER, note)
    offset = length + (10 if version == (1, 0) else 12)
    head = start + stream.read(max(0, offset - len(start)))
    if len(head) < offset:
        raise BadInputError(Flag.TRUNCATED, "the array file ends inside its header")
    return _parse(head, version, offset)


def _parse(head: bytes, version: tuple[int, int], offset: int) -> ArrayHeader:
    text = io.BytesIO(head[8:])
    try:
        if version == (1, 0):
            shape, fortran, dtype = np.lib.format.read_array_header_1_0(text)
        else:
            shape, fortran, dtype = np.lib.format.read_array_header_2_0(text)
    except Exception as error:
        note = f"the array's header cannot be read: {one_line(error)}"
        raise BadInputError(Flag.HEADER, note) from error
    check_dtype(dtype)
    whole = all(isinstance(n, int) and not isinstance(n, bool) and n >= 0 for n in shape)
    if not whole or len(shape) > _MOST_AXES:
        raise BadInputError(Flag.HEADER, f"the array's header says the shape {one_line(shape)}")
    return ArrayHeader(shape, dtype, fortran, offset)
