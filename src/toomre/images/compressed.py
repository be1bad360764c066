"""Unpack gzip and bzip2 within a limit, so that a small file cannot fill the memory."""

from __future__ import annotations

import bz2
import gzip
import io
import zlib
from collections.abc import Callable
from typing import Literal

from toomre.images.flags import Flag
from toomre.images.read_limits import BadInputError

__all__ = ["unpack"]

_BLOCK = 1 << 20
_KEPT = 32 << 20  # up to here the content is kept at once; beyond, it is measured first
_MOST_MEMBERS = 1000  # a file of a million empty members takes minutes
_MEMBER = {"gzip": b"\x1f\x8b\x08", "bzip2": b"BZh"}


def _measure(stream: io.BufferedIOBase, max_bytes: int) -> tuple[int, bytes | None]:
    """Return the unpacked size, and the content if it is small; stop at the limit."""
    size, kept = 0, bytearray()
    while block := stream.read(_BLOCK):
        size += len(block)
        if size > max_bytes:
            note = f"the file unpacks to more than {max_bytes} bytes"
            raise BadInputError(Flag.SIZE, note)
        if size <= _KEPT:
            kept += block
        else:
            kept.clear()
    return size, bytes(kept) if size <= _KEPT else None


def unpack(content: bytes, packed: Literal["gzip", "bzip2"], max_bytes: int) -> bytes:
    """Return what a packed file holds, if that is at most `max_bytes` bytes.

    A content above 32 MiB is unpacked twice: first only to be measured.

    Raises
    ------
    BadInputError
        `Flag.SIZE` above the limit, `Flag.TRUNCATED` if the end is missing, `Flag.CORRUPT`
        if the data cannot be unpacked or do not match their check sum.

    Examples
    --------
    >>> unpack(gzip.compress(b"flux"), "gzip", 100)
    b'flux'
    >>> unpack(gzip.compress(bytes(1000)), "gzip", 100)
    Traceback (most recent call last):
    toomre.images.read_limits.BadInputError: the file unpacks to more than 100 bytes
    """
    if content.count(_MEMBER[packed]) > _MOST_MEMBERS:
        note = f"the file is made of more than {_MOST_MEMBERS} {packed} members"
        raise BadInputError(Flag.CORRUPT, note)
    openers: dict[str, Callable[[], io.BufferedIOBase]] = {
        "gzip": lambda: gzip.GzipFile(fileobj=io.BytesIO(content)),
        "bzip2": lambda: bz2.BZ2File(io.BytesIO(content)),
    }
    try:
        with openers[packed]() as stream:
            size, kept = _measure(stream, max_bytes)
        if kept is not None:
            return kept
        with openers[packed]() as stream:
            return stream.read(size)
    except EOFError as error:
        raise BadInputError(Flag.TRUNCATED, f"the {packed} data end too early") from error
    except (OSError, zlib.error, ValueError) as error:
        note = f"the {packed} data cannot be unpacked: {error}"
        raise BadInputError(Flag.CORRUPT, note) from error
