"""One image of the sky: checked when it is opened, its pixels mapped only while they are read."""

from __future__ import annotations

import mmap
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
from astropy.io.fits import Header
from numpy.typing import NDArray

from toomre.errors import ArgumentError
from toomre.images.caught import collected_warnings
from toomre.images.compressed import unpack
from toomre.images.fits_header import HeaderDataUnit, check_sums, integer, text, walk
from toomre.images.fits_tiles import check_tiles
from toomre.images.flags import Flag
from toomre.images.opening import check_regular, read_bytes, shown_name
from toomre.images.read_limits import BadInputError, one_line
from toomre.images.sniffing import format_of, not_an_image
from toomre.mosaics.extension import find_image, find_named
from toomre.mosaics.options import StampOptions
from toomre.mosaics.pixels import HELD_BYTES, MaskedPixels, Pixels, ScaledPixels, TilePixels
from toomre.mosaics.sky import Sky, sky_of

__all__ = ["Frame", "open_frame"]

_MOST_UNPACKED = 1 << 30  # bytes of a whole file in .gz or .bz2; .fz has no such limit
_LARGEST_IMAGE = 1 << 44  # bytes
_LONGEST_SIDE = 1 << 20  # pixels
_WEIGHTS = ("WHT", "WEIGHT", "IVAR", "INVVAR")


@dataclass(frozen=True, eq=False)
class Frame:
    """An image that has been checked, and what is known of it.

    Attributes
    ----------
    path
        The file.
    shape
        (y, x).
    header
        Of the image.
    sky
        Its world coordinate system.
    flags
        What is odd about the file, for each stamp from it.
    held
        Bytes in memory while its pixels are open; 0 where they are mapped.
    """

    path: Path
    shape: tuple[int, int]
    header: Header
    sky: Sky
    flags: tuple[tuple[Flag, str], ...]
    held: int
    _unit: HeaderDataUnit
    _mask: HeaderDataUnit | None
    _stamp: tuple[int, int]
    _packed: Literal["gzip", "bzip2"] | None
    _options: StampOptions

    def pixels(self) -> Pixels:
        """Open the pixels; whoever drops them gives the memory back.

        Raises
        ------
        BadInputError
            `Flag.UNREADABLE` if the file is no longer the one that was checked.
        """
        try:
            if _stamp(self.path) != self._stamp:
                note = f"{shown_name(self.path)} was changed while it was in use"
                raise BadInputError(Flag.UNREADABLE, note)
            content = _content(self.path, self._packed)
            image = self._pixels_of(content, self._unit)
            if self._mask is None:
                return image
            mask = self._pixels_of(content, self._mask)
        except OSError as error:
            note = f"{shown_name(self.path)} cannot be read: {error.strerror or error}"
            raise BadInputError(Flag.UNREADABLE, note) from error
        bits = self._options.mask_bits
        return MaskedPixels(image, mask, bits=bits, is_weight=_has_weights(self._mask))

    def _pixels_of(self, content: bytes, unit: HeaderDataUnit) -> Pixels:
        shape = cast(tuple[int, int], unit.shape[-2:])
        header = unit.header
        if unit.is_compressed:
            rows = integer(header, "ZTILE2", least=1, default=1)
            return TilePixels(self.path, unit.index, shape, min(rows, shape[0]))
        letter = "f" if unit.bitpix < 0 else ("u" if unit.bitpix == 8 else "i")
        dtype = np.dtype(f">{letter}{abs(unit.bitpix) // 8}")
        flat = np.frombuffer(content, dtype, shape[0] * shape[1], unit.data_start)
        stored: NDArray[Any] = flat.reshape(shape)
        scale, zero = _number(header, "BSCALE", 1.0), _number(header, "BZERO", 0.0)
        if unit.bitpix < 0 and scale == 1 and zero == 0:
            return stored
        blank = header.get("BLANK") if unit.bitpix > 0 else None
        return ScaledPixels(stored, scale, zero, blank)


def open_frame(path: Path, extension: str | None, options: StampOptions) -> Frame:
    """Check a FITS file and return its image, of which no pixel is kept in memory.

    Checked are the headers, the file's length, the coordinate system, the tiles of a
    compressed image, and (where the options say so) DATASUM and CHECKSUM.

    Parameters
    ----------
    path
        FITS, plain (mapped), tile-compressed (unpacked strip by strip), or whole in ``.gz``
        or ``.bz2`` (unpacked in memory).
    extension
        The image's name or number; None: the only one, or the one called SCI.
    options
        Mask plane and check sums.

    Raises
    ------
    BadInputError
        With the flag that fits.
    ArgumentError
        If bits are named of a plane of weights.
    """
    check_regular(path)
    packed = _packing(path)
    with collected_warnings() as messages:
        content = _content(path, packed)
        units, odd = walk(content, _LARGEST_IMAGE)
        unit = find_image(units, extension)
        wanted = options.mask_extension
        mask = None if wanted is None else find_named(units, wanted)
        if mask is not None and options.mask_bits is not None and _has_weights(mask):
            allowed = f"left out for the plane {wanted}, which holds weights"
            raise ArgumentError.expected("mask_bits", allowed, options.mask_bits)
        for each in units if options.checksums else ():
            check_sums(content, each)
        for part in (unit, mask):
            if part is not None:
                _check_pixels(content, part, packed is not None)
        if mask is not None and mask.shape[-2:] != unit.shape[-2:]:
            note = f"the mask has the shape {mask.shape}, the image {unit.shape}"
            raise BadInputError(Flag.SHAPE, note)
    if messages:
        odd.append((Flag.HEADER_ODD, f"the header had to be repaired: {one_line(messages[0])}"))
    shape = cast(tuple[int, int], unit.shape[-2:])
    held = len(content) if packed is not None else HELD_BYTES * unit.is_compressed
    name = shown_name(path)
    flags = tuple((flag, f"{name}: {note}") for flag, note in odd)
    sky = sky_of(unit.header, shape)
    parts = (unit, mask, _stamp(path), packed, options)
    return Frame(path, shape, unit.header, sky, flags, held, *parts)


def _has_weights(unit: HeaderDataUnit) -> bool:
    return text(unit.header, "EXTNAME").upper() in _WEIGHTS


def _packing(path: Path) -> Literal["gzip", "bzip2"] | None:
    with path.open("rb") as file:
        head = file.read(2880)
    if not head:
        raise BadInputError(Flag.UNREADABLE, "the file is empty (0 bytes)")
    kind = format_of(head[:80], path)
    if kind in ("gzip", "bzip2"):
        return kind
    if kind != "FITS":
        raise not_an_image(head, path) if kind is None else _other(kind)
    return None


def _other(kind: str) -> BadInputError:
    return BadInputError(Flag.NOT_FITS, f"the file is {kind}; expected FITS with a WCS")


def _content(path: Path, packed: Literal["gzip", "bzip2"] | None) -> bytes:
    """Return the file's content, mapped where it is not packed."""
    if packed is not None:
        return unpack(read_bytes(path, _MOST_UNPACKED), packed, _MOST_UNPACKED)
    with path.open("rb") as file:
        if os.fstat(file.fileno()).st_size == 0:
            raise BadInputError(Flag.UNREADABLE, "the file is empty (0 bytes)")
        # A map gives slices of bytes as bytes do, which is all that the readers ask for.
        return cast(bytes, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


def _stamp(path: Path) -> tuple[int, int]:
    """Return size and time of a file, by which a change is noticed."""
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def _check_pixels(content: bytes, unit: HeaderDataUnit, is_packed: bool) -> None:
    if max(unit.shape) > _LONGEST_SIDE:
        note = f"the image has the shape {unit.shape}; at most {_LONGEST_SIDE} pixels on a side"
        raise BadInputError(Flag.SIZE, note)
    for key in ("BSCALE", "BZERO"):
        _number(unit.header, key, 1.0)
    if not unit.is_compressed:
        return
    if is_packed:
        note = "the file is compressed twice (.fz within .gz or .bz2); unpack it once"
        raise BadInputError(Flag.NOT_AN_IMAGE, note)
    check_tiles(content, unit)


def _number(header: Header, key: str, default: float) -> float:
    value = header.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
        raise BadInputError(Flag.HEADER, f"the header says {key} = {one_line(value, 20)!r}")
    return float(value)
