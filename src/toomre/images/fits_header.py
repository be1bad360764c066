"""Walk over the headers of a FITS file and check what they claim, before any pixel is read."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from astropy.io.fits import Header

from toomre.images.flags import Flag
from toomre.images.read_limits import BadInputError, one_line

__all__ = ["BLOCK", "HeaderDataUnit", "check_sums", "integer", "text", "walk"]

BLOCK = 2880  # bytes of a FITS block
_CARD = 80
_END = b"END".ljust(_CARD)
_MOST_HEADER_BYTES = 4 << 20  # of the whole file: about 52,000 cards
_MOST_UNITS = 256
_SUMMED = 1 << 24  # bytes that are summed at a time
_BITPIX = (8, 16, 32, 64, -32, -64)


@dataclass(frozen=True)
class HeaderDataUnit:
    """One header and where its data lie.

    Attributes
    ----------
    index
        Its place in the file, from 0.
    header
        The parsed header.
    start, data_start, data_stop, stop
        Offsets in the file [bytes]; `data_stop` is without, `stop` with the padding.
    shape
        Shape of the image in numpy's order, also if it is tile-compressed; empty if there
        is no image.
    bitpix
        The FITS code of the pixel type.
    is_image, is_compressed
        Whether it holds an image, and whether that is tile-compressed.
    """

    index: int
    header: Header
    start: int
    data_start: int
    data_stop: int
    stop: int
    shape: tuple[int, ...]
    bitpix: int
    is_image: bool
    is_compressed: bool


def text(header: Header, key: str) -> str:
    """Return a header value as text without outer blanks; empty if absent or no text."""
    value = _value(header, key)
    return value.strip() if isinstance(value, str) else ""


def _value(header: Header, key: str) -> Any:
    try:
        return header.get(key)
    except Exception as error:
        note = f"the header's {key} cannot be read: {one_line(error)}"
        raise BadInputError(Flag.HEADER, note) from error


def integer(header: Header, key: str, least: int, default: int | None = None) -> int:
    """Return a header value that must be a whole number of at least `least`.

    Raises
    ------
    BadInputError
        `Flag.HEADER` if it is absent without a default, no whole number or too small.

    Examples
    --------
    >>> integer(Header([("NAXIS1", 75)]), "NAXIS1", least=0)
    75
    >>> integer(Header([("NAXIS1", -75)]), "NAXIS1", least=0)
    Traceback (most recent call last):
    toomre.images.read_limits.BadInputError: the header says NAXIS1 = -75; ... at least 0
    """
    value = _value(header, key)
    if value is None and default is not None:
        return default
    if value is None:
        raise BadInputError(Flag.HEADER, f"the header has no {key}")
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        note = f"the header says {key} = {one_line(value)}; expected a whole number, at least"
        raise BadInputError(Flag.HEADER, f"{note} {least}")
    return value


def _find_end(content: bytes, start: int) -> int:
    """Return the offset of the END card of the header at `start`."""
    limit = min(len(content), start + _MOST_HEADER_BYTES)
    position = content.find(_END, start, limit)
    while position >= 0 and (position - start) % _CARD:
        position = content.find(_END, position + 1, limit)
    if position < 0:
        if start > 0:
            raise BadInputError(Flag.TRUNCATED, "the file ends inside an extension's header")
        if limit < len(content):
            raise BadInputError(Flag.HEADER, f"no END card in the first {limit} bytes")
        raise BadInputError(Flag.HEADER, "the header has no END card")
    return position


def _axes(header: Header, prefix: str = "") -> tuple[int, ...]:
    """Return NAXIS1, NAXIS2, ... (or ZNAXIS1, ...)."""
    number = integer(header, f"{prefix}NAXIS", least=0)
    if number > 999:
        raise BadInputError(Flag.HEADER, f"the header says {prefix}NAXIS = {number}; at most 999")
    return tuple(integer(header, f"{prefix}NAXIS{n + 1}", least=0) for n in range(number))


def _bitpix(header: Header, key: str) -> int:
    value = _value(header, key)
    if isinstance(value, bool) or value not in _BITPIX:
        note = f"the header says {key} = {one_line(value)}; expected one of {_BITPIX}"
        raise BadInputError(Flag.HEADER, note if value is not None else f"the header has no {key}")
    return int(value)


def _data_bytes(header: Header, axes: tuple[int, ...], bitpix: int, is_array: bool) -> int:
    """Return how many bytes of data the header claims, with its heap."""
    if not axes:
        return 0
    pcount = integer(header, "PCOUNT", least=0, default=0)
    gcount = integer(header, "GCOUNT", least=0, default=1)
    groups = axes[0] == 0 and _value(header, "GROUPS") is True
    if is_array and not groups and (pcount, gcount) != (0, 1):
        note = f"an image has PCOUNT = {pcount}, GCOUNT = {gcount}; expected 0 and 1"
        raise BadInputError(Flag.HEADER, note)
    pixels = math.prod(axes[1:] if groups else axes)
    return abs(bitpix) // 8 * gcount * (pcount + pixels)


def _unit(content: bytes, start: int, index: int) -> HeaderDataUnit:
    """Return the unit whose header begins at `start`."""
    end = _find_end(content, start)
    header = Header.fromstring(content[start : end + _CARD])
    first = content[start : start + 8].decode("latin-1").strip()
    expected = "XTENSION" if index else "SIMPLE"
    if first != expected:
        note = f"a header begins with {one_line(first)!r}; expected {expected!r}"
        raise BadInputError(Flag.HEADER, note)
    if index == 0 and _value(header, "SIMPLE") is not True:
        raise BadInputError(Flag.HEADER, "the header does not say SIMPLE = T")
    kind = text(header, "XTENSION") if index else "IMAGE"
    bitpix, axes = _bitpix(header, "BITPIX"), _axes(header)
    is_array = kind in ("IMAGE", "IUEIMAGE")
    data_start = start + math.ceil((end + _CARD - start) / BLOCK) * BLOCK
    size = _data_bytes(header, axes, bitpix, is_array)
    is_compressed = kind == "BINTABLE" and _value(header, "ZIMAGE") is True
    if is_compressed:
        axes, bitpix = _axes(header, "Z"), _bitpix(header, "ZBITPIX")
    is_image = (is_array or is_compressed) and bool(axes) and 0 not in axes
    return HeaderDataUnit(
        index=index,
        header=header,
        start=start,
        data_start=data_start,
        data_stop=data_start + size,
        stop=data_start + math.ceil(size / BLOCK) * BLOCK,
        shape=axes[::-1] if is_image else (),
        bitpix=bitpix,
        is_image=is_image,
        is_compressed=is_compressed,
    )


def walk(content: bytes, max_bytes: int) -> tuple[list[HeaderDataUnit], list[tuple[Flag, str]]]:
    """Return the units of a FITS file and the warnings that its structure deserves.

    Raises
    ------
    BadInputError
        `Flag.UNREADABLE` if not even one block is there, `Flag.HEADER` if a header breaks
        the rules, `Flag.SIZE` if a header claims more than `max_bytes` bytes,
        `Flag.TRUNCATED` if the data end too early.
    """
    if len(content) < BLOCK:
        note = f"the file has {len(content)} bytes and ends inside its header"
        raise BadInputError(Flag.UNREADABLE, note)
    units: list[HeaderDataUnit] = []
    warnings: list[tuple[Flag, str]] = []
    position, header_bytes = 0, 0
    while position < len(content):
        if units and content[position : position + 8] != b"XTENSION":
            warnings.append((Flag.HEADER_ODD, _surplus(content, position)))
            break
        unit = _unit(content, position, len(units))
        _check_extent(unit, len(content), max_bytes)
        units.append(unit)
        position = unit.stop
        header_bytes += unit.data_start - unit.start
        if len(units) > _MOST_UNITS or header_bytes > _MOST_HEADER_BYTES:
            note = (
                f"the file has more than {_MOST_UNITS} parts or {_MOST_HEADER_BYTES} header bytes"
            )
            raise BadInputError(Flag.SIZE, note)
    if position > len(content):
        note = f"{position - len(content)} bytes of padding are missing at the end"
        warnings.append((Flag.PADDING, note))
    return units, warnings


def _surplus(content: bytes, position: int) -> str:
    """Return a sentence on the bytes after the last unit, if they are no damaged extension."""
    rest = content[position:]
    note = f"{len(rest)} bytes follow the last extension"
    if len(rest) >= BLOCK and rest.strip(b"\0 "):
        raise BadInputError(Flag.HEADER, f"{note}, which begin with no XTENSION")
    return note


def _check_extent(unit: HeaderDataUnit, length: int, max_bytes: int) -> None:
    """Refuse data that are too large, or that end after the file does."""
    size = unit.data_stop - unit.data_start
    pixels = math.prod(unit.shape) * abs(unit.bitpix) // 8
    if max(size, pixels) > max_bytes:
        note = f"the header claims {max(size, pixels)} bytes; at most {max_bytes} are allowed"
        raise BadInputError(Flag.SIZE, note)
    if unit.data_stop > length:
        note = f"the data end {unit.data_stop - length} bytes before the header says"
        raise BadInputError(Flag.TRUNCATED, note)


def _sum(content: bytes, start: int, stop: int) -> int:
    """Return the ones' complement sum of 32-bit words, as the FITS standard defines it."""
    total, stop = 0, min(stop, len(content))
    for first in range(start, stop, _SUMMED):
        block = content[first : min(first + _SUMMED, stop)]
        block += bytes(-len(block) % 4)
        total += int(np.frombuffer(block, ">u4").sum(dtype=np.uint64))
    while total >> 32:
        total = (total & 0xFFFFFFFF) + (total >> 32)
    return total


def check_sums(content: bytes, unit: HeaderDataUnit) -> None:
    """Verify DATASUM and CHECKSUM where the header has them.

    Raises
    ------
    BadInputError
        `Flag.CHECKSUM` if one does not match.
    """
    datasum, checksum = text(unit.header, "DATASUM"), text(unit.header, "CHECKSUM")
    advice = "or a program changed the file and left the old value; then renew or remove it"
    if datasum:
        found = _sum(content, unit.data_start, unit.stop)
        if not (datasum.isascii() and datasum.isdigit()) or int(datasum[:20]) != found:
            note = f"DATASUM is {one_line(datasum, 20)}, the data give {found}: damaged, {advice}"
            raise BadInputError(Flag.CHECKSUM, note)
    if checksum and _sum(content, unit.start, unit.stop) not in (0, 0xFFFFFFFF):
        note = f"CHECKSUM does not match: the file is damaged, {advice}"
        raise BadInputError(Flag.CHECKSUM, note)
