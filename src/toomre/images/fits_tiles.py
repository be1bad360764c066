"""Check a tile-compressed FITS image, so that the decoder is never asked for the impossible.

The decoders trust what stands in the tiles: a few megabytes of gzip can unpack to any size, and
the lengths inside HCOMPRESS and PLIO data decide where they write and read.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator
from functools import reduce
from typing import Any

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from toomre.images.fits_header import HeaderDataUnit, integer, text
from toomre.images.flags import Flag
from toomre.images.read_limits import BadInputError

__all__ = ["check_tiles"]

_CODECS = ("RICE_1", "RICE_ONE", "GZIP_1", "GZIP_2", "HCOMPRESS_1", "PLIO_1", "NOCOMPRESS")
_PIXEL_COLUMNS = ("COMPRESSED_DATA", "GZIP_COMPRESSED_DATA", "UNCOMPRESSED_DATA")
_MOST_OPTIONS = 1000
_MOST_TILES = 1 << 16  # rows of 16 planes of 4096 x 4096 pixels
_HCOMPRESS_MAGIC = b"\xdd\x99"
_RICE_VALUES = {"BLOCKSIZE": (16, 32), "BYTEPIX": (1, 2, 4, 8)}


def check_tiles(content: bytes, unit: HeaderDataUnit) -> None:
    """Refuse a compressed image whose table, tiles or sizes cannot be right.

    Parameters
    ----------
    content
        The whole file.
    unit
        The compressed image; its shape has passed the limits.

    Raises
    ------
    BadInputError
        `Flag.CORRUPT` for a damaged table or tile, `Flag.SIZE` for a tile that unpacks to more
        than a tile, `Flag.HEADER` for a codec or option that does not exist.
    """
    codec = text(unit.header, "ZCMPTYPE")
    if codec not in _CODECS:
        note = f"the header says ZCMPTYPE = {codec[:20]!a}; expected one of {', '.join(_CODECS)}"
        raise BadInputError(Flag.HEADER, note)
    _check_options(unit)
    tile = _tile_shape(unit)
    count = math.prod(math.ceil(n / t) for n, t in zip(unit.shape, tile, strict=True))
    rows = integer(unit.header, "NAXIS2", least=0)
    if count > _MOST_TILES:
        raise BadInputError(Flag.SIZE, f"the image has {count} tiles; at most {_MOST_TILES}")
    if rows != count:
        note = f"the table has {rows} tiles, but the image needs {count}"
        raise BadInputError(Flag.CORRUPT, note)
    pixels = _tile_pixels(unit.shape, tile)
    for column, row, data in _tiles(content, unit):
        if column == "COMPRESSED_DATA":
            _check_tile(codec, data, pixels[row])
        elif column == "GZIP_COMPRESSED_DATA":
            _check_tile("GZIP_1", data, pixels[row])


def _tile_pixels(shape: tuple[int, ...], tile: tuple[int, ...]) -> list[int]:
    """Return the pixels of each tile in the order of the table; those at the edges are smaller."""
    sides = [np.minimum(t, n - np.arange(0, n, t)) for n, t in zip(shape, tile, strict=True)]
    return [int(n) for n in reduce(np.multiply.outer, sides).ravel()]


def _check_options(unit: HeaderDataUnit) -> None:
    """Check the options of RICE, which decide how much memory the decoder writes to."""
    for number in range(1, _MOST_OPTIONS):
        name = text(unit.header, f"ZNAME{number}").upper()
        if not name:
            return
        if name in _RICE_VALUES:
            value = integer(unit.header, f"ZVAL{number}", least=0)
            if value not in _RICE_VALUES[name]:
                note = f"the header says {name} = {value}; expected one of {_RICE_VALUES[name]}"
                raise BadInputError(Flag.HEADER, note)


def _tile_shape(unit: HeaderDataUnit) -> tuple[int, ...]:
    """Return the shape of a tile in numpy's order: rows of the image if the header is silent."""
    axes = unit.shape[::-1]
    tile = [
        integer(unit.header, f"ZTILE{n + 1}", least=1, default=axes[0] if n == 0 else 1)
        for n in range(len(axes))
    ]
    return tuple(min(t, n) for t, n in zip(tile, axes, strict=True))[::-1]


def _tiles(content: bytes, unit: HeaderDataUnit) -> Iterator[tuple[str, int, bytes]]:
    """Yield a column of pixels, the number of a tile and its bytes, for all tiles."""
    header = unit.header
    width, rows = integer(header, "NAXIS1", least=0), integer(header, "NAXIS2", least=0)
    heap = unit.data_start + integer(header, "THEAP", least=0, default=width * rows)
    try:
        table = fits.BinTableHDU.fromstring(content[unit.start : unit.stop])
        columns = table.columns
        dtype, formats = (
            columns.dtype.newbyteorder(">"),
            dict(zip(columns.names, columns.formats, strict=True)),
        )
    except Exception as error:
        note = f"the table of tiles cannot be read: {type(error).__name__}"
        raise BadInputError(Flag.CORRUPT, note) from error
    if dtype.itemsize != width or "COMPRESSED_DATA" not in formats:
        raise BadInputError(Flag.CORRUPT, "the table of tiles has no usable COMPRESSED_DATA")
    records = np.frombuffer(content, dtype, rows, unit.data_start)
    for name in _PIXEL_COLUMNS:
        if name in formats:
            itemsize = _heap_itemsize(str(formats[name]))
            yield from _column(content, records[name], heap, unit.data_stop, (name, itemsize))


def _heap_itemsize(layout: str) -> int:
    """Return the bytes of one entry in the heap of a column such as ``1PB(75)``."""
    code = layout.lstrip("0123456789")
    sizes = {"B": 1, "I": 2, "J": 4, "E": 4, "D": 8, "K": 8}
    if code[:1] not in ("P", "Q") or code[1:2] not in sizes:
        raise BadInputError(Flag.CORRUPT, "a column of tiles is not of variable length")
    return sizes[code[1]]


def _column(
    content: bytes, pointers: NDArray[Any], heap: int, stop: int, column: tuple[str, int]
) -> Iterator[tuple[str, int, bytes]]:
    """Yield the tiles that a column's pairs (length, offset) point to, if they all exist."""
    name, itemsize = column
    length, offset = pointers[:, 0].astype(np.int64), pointers[:, 1].astype(np.int64)
    room = stop - heap
    outside = (length < 0) | (offset < 0) | (offset > room) | (length > (room - offset) // itemsize)
    if np.any(outside & (length != 0)):
        row = int(np.flatnonzero(outside & (length != 0))[0])
        raise BadInputError(Flag.CORRUPT, f"tile {row} of {name} lies outside the file")
    if int(length.sum()) * itemsize > room:
        raise BadInputError(Flag.CORRUPT, f"the tiles of {name} overlap")
    starts, sizes = (heap + offset).tolist(), (length * itemsize).tolist()
    for row, (first, size) in enumerate(zip(starts, sizes, strict=True)):
        if size:
            yield name, row, content[first : first + size]


def _check_tile(codec: str, data: bytes, pixels: int) -> None:
    """Check the sizes that one tile claims."""
    if codec.startswith("GZIP"):
        _check_gzip(data, 8 * pixels)
    elif codec == "HCOMPRESS_1":
        sides = np.frombuffer(data[2:10].ljust(8, b"\0"), ">i4")
        claimed = int(sides[0]) * int(sides[1])
        if not data.startswith(_HCOMPRESS_MAGIC) or min(sides) < 1 or claimed != pixels:
            raise BadInputError(Flag.CORRUPT, "a tile is no HCOMPRESS data of the tile's size")
    elif codec == "PLIO_1":
        words = np.frombuffer(data[: len(data) // 2 * 2], ">i2").astype(np.int64)
        if words.size < 4 or _plio_words(words) > words.size:
            raise BadInputError(Flag.CORRUPT, "a tile is no PLIO data")


def _plio_words(words: NDArray[np.int64]) -> int:
    """Return how many 16-bit words a PLIO line list says that it has."""
    if words[2] > 0:  # the old layout
        return int(words[2])
    return int(words[4] << 15) + int(words[3]) if words.size > 4 else int(words.size) + 1


def _check_gzip(data: bytes, most: int) -> None:
    """Unpack a tile up to its largest possible size, to see that it is not larger."""
    unpacker = zlib.decompressobj(wbits=31)
    try:
        unpacked = unpacker.decompress(data, most + 1)
    except zlib.error as error:
        raise BadInputError(Flag.CORRUPT, f"a tile cannot be unpacked: {error}") from error
    if len(unpacked) > most:
        raise BadInputError(Flag.SIZE, f"a tile unpacks to more than {most} bytes")
    if not unpacker.eof:
        raise BadInputError(Flag.CORRUPT, "the data of a tile end too early")
    if unpacker.unused_data:
        raise BadInputError(Flag.CORRUPT, "a tile is followed by other data")
