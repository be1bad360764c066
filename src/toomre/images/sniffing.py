"""Tell a file's format by its first bytes, and compare that with its ending."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

from toomre.images.flags import Flag
from toomre.images.read_limits import BadInputError, one_line

__all__ = ["Format", "claims_fits", "ending_note", "format_of", "not_an_image"]

Format = Literal["FITS", "gzip", "bzip2", "JPEG", "PNG", "TIFF", "npy", "npz", "GIF"]

_MAGIC: tuple[tuple[bytes, Format], ...] = (
    (b"SIMPLE ", "FITS"),
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"II+\x00", "TIFF"),
    (b"MM\x00+", "TIFF"),
    (b"\x93NUMPY", "npy"),
    (b"PK\x03\x04", "npz"),
    (b"PK\x05\x06", "npz"),
    (b"GIF8", "GIF"),
)
_ENDINGS: dict[str, str] = {
    ".fits": "FITS",
    ".fit": "FITS",
    ".fts": "FITS",
    ".fz": "FITS",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".jpe": "JPEG",
    ".png": "PNG",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".npy": "npy",
    ".npz": "npz",
}
_PACKED = {".gz": "gzip", ".bz2": "bzip2"}
_CARD = re.compile(rb"[A-Z][A-Z0-9_-]{0,7} *= ")
_SHOWN = 40


def _claimed(path: Path) -> tuple[str | None, str | None]:
    """Return the format that the ending claims, and how it is packed."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    packed = _PACKED.get(suffixes[-1]) if suffixes else None
    inner = suffixes[-2:-1] if packed else suffixes[-1:]
    return (_ENDINGS.get(inner[0]) if inner else None), packed


def claims_fits(path: Path) -> bool:
    """Return whether the ending says FITS, packed or not.

    Examples
    --------
    >>> claims_fits(Path("a.FITS.gz")), claims_fits(Path("a.jpg"))
    (True, False)
    """
    return _claimed(path)[0] == "FITS"


def format_of(head: bytes, path: Path) -> Format | None:
    """Return the format of a content by its first bytes, or None if it is not known.

    The ending matters in one case only: a file named as FITS that begins with another card
    than SIMPLE is FITS with a broken header.

    Examples
    --------
    >>> format_of(b"SIMPLE  =                    T", Path("a.jpg"))
    'FITS'
    """
    for magic, name in _MAGIC:
        if head.startswith(magic):
            return name
    if claims_fits(path) and _CARD.match(head):
        return "FITS"
    return None


def ending_note(found: Format, path: Path) -> str:
    """Return a sentence if the ending claims another format than was found, else nothing.

    Examples
    --------
    >>> ending_note("JPEG", Path("a.fits"))
    "the content is JPEG, but the ending '.fits' says FITS"
    >>> ending_note("gzip", Path("a.fits.gz"))
    ''
    """
    claimed, packed = _claimed(path)
    ending = ascii("".join(path.suffixes[-2:] if packed else path.suffixes[-1:]))
    if found in ("gzip", "bzip2"):
        if packed != found and claimed is not None:
            return f"the content is packed with {found}, but the ending {ending} says otherwise"
        return ""
    if packed is not None and claimed is not None:
        return f"the content is {found}, but the ending {ending} says that it is packed"
    if claimed is not None and claimed != found:
        return f"the content is {found}, but the ending {ending} says {claimed}"
    return ""


def not_an_image(content: bytes, path: Path) -> BadInputError:
    """Return the error for a content that is no supported format, quoting its beginning."""
    quoted = one_line(content[:_SHOWN].decode("latin-1"), 4 * _SHOWN)
    if content.startswith(b"GIF8"):
        if _gif_frames(content) > 1:
            return BadInputError(Flag.MULTIFRAME, "the file is an animated GIF")
        return BadInputError(Flag.NOT_AN_IMAGE, "GIF is not supported; use PNG, TIFF or FITS")
    if claims_fits(path):
        note = f'the ending says FITS, but the content begins with "{quoted}"'
        return BadInputError(Flag.NOT_FITS, note)
    known = "FITS, JPEG, PNG, TIFF, .npy or .npz"
    note = f'the content begins with "{quoted}", which is not {known}'
    return BadInputError(Flag.NOT_AN_IMAGE, note)


def _gif_frames(content: bytes) -> int:
    """Return the number of frames of a GIF, counting no further than two."""
    position, frames = 13 + _gif_palette(content[10:11]), 0
    while position < len(content) and frames < 2:
        if content[position] == 0x2C:  # a frame: its place, a palette, the data
            frames += 1
            position += 11 + _gif_palette(content[position + 9 : position + 10])
        elif content[position] == 0x21:  # an extension
            position += 2
        else:
            break
        while position < len(content) and content[position]:  # blocks with their length before them
            position += 1 + content[position]
        position += 1
    return frames


def _gif_palette(packed: bytes) -> int:
    """Return the bytes of a palette, by the field that says whether there is one."""
    return 3 << ((packed[0] & 7) + 1) if packed and packed[0] & 0x80 else 0
