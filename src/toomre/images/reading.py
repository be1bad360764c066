"""The one door through which images come in: a bad file becomes a flag, never an exception."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal, cast

import numpy as np

from toomre.errors import ArgumentError
from toomre.images.archives import read_archive
from toomre.images.arrays import read_array
from toomre.images.band_names import find_band, wrong_bands
from toomre.images.compressed import unpack
from toomre.images.cutout import Cutout
from toomre.images.fits import read_fits
from toomre.images.flags import Flag, Status
from toomre.images.opening import read_bytes, shown_name
from toomre.images.photo import read_photo
from toomre.images.read_limits import BadInputError, ReadLimits, check_size, one_line
from toomre.images.sniffing import ending_note, format_of, not_an_image

__all__ = ["ReadLimits", "read_cutout"]

_SAME_SCALE = 0.01  # relative difference of two pixel scales that are taken as one


def read_cutout(
    source: Path | Sequence[Path],
    *,
    bands: tuple[str, ...] | None = None,
    limits: ReadLimits = ReadLimits(),
) -> Cutout:
    """Read one image from a file, or from one file a band, whatever is in it.

    The format is told by the content: FITS (plain, gzip, bzip2, tile-compressed), JPEG, PNG,
    TIFF, ``.npy`` or ``.npz``. Whatever is wrong with a file becomes a flag; nothing in it is
    executed, and nothing is decoded or allocated beyond the limits.

    Parameters
    ----------
    source
        One file, or one file a band in the order of `bands`.
    bands
        The names of the bands that the caller wants, in order. Where the file states its
        bands they choose and order the planes; where it does not, they name them by place.
        None takes all planes.
    limits
        How large an image may be.

    Returns
    -------
    Cutout
        Pixels (band, y, x), float32, native byte order, C-contiguous, NaN where masked; None
        if the status is bad. FITS is ``"linear"``. JPEG, PNG and TIFF of 8 bits and 8-bit
        unsigned arrays are ``"display"``; integers of 16 bits and floats are ``"linear"``.

    Raises
    ------
    ArgumentError
        If `bands` is empty or names a band twice; never for a bad file.

    Examples
    --------
    >>> read_cutout(Path("nowhere.fits")).reason
    "missing_file: 'nowhere.fits' is not there"
    """
    if bands is not None and (not bands or len(set(bands)) != len(bands)):
        raise ArgumentError.expected("bands", "different names, or None", bands)
    paths = [Path(source)] if isinstance(source, str | Path) else [Path(p) for p in source]
    if len(paths) == 1:
        return _read_file(paths[0], bands, limits)
    try:
        if not paths:
            raise BadInputError(Flag.MISSING_FILE, "no file was given")
        return _read_files(paths, bands, limits)
    except BadInputError as error:
        return Cutout.bad(error.flag, error.note)
    except Exception as error:
        return _failed(error)


def _failed(error: Exception) -> Cutout:
    note = f"the decoder failed: {type(error).__name__}: {one_line(error)}"
    return Cutout.bad(Flag.UNREADABLE, note)


def _read_file(path: Path, bands: tuple[str, ...] | None, limits: ReadLimits) -> Cutout:
    """Read one file; every failure becomes a bad cutout."""
    try:
        return _decode(path, bands, limits)
    except BadInputError as error:
        return Cutout.bad(error.flag, error.note)
    except Exception as error:
        return _failed(error)


def _decode(path: Path, bands: tuple[str, ...] | None, limits: ReadLimits) -> Cutout:
    content = read_bytes(path, limits.max_bytes)
    kind = format_of(content[:80], path)
    if kind is None or kind == "GIF":
        raise not_an_image(content, path)
    mismatch = ending_note(kind, path)
    if kind in ("gzip", "bzip2"):
        content = unpack(content, kind, limits.max_bytes)
        if format_of(content[:80], path) != "FITS":
            raise not_an_image(content, path)
        kind = "FITS"
    if kind == "FITS":
        cutout = read_fits(content, bands, limits)
    elif kind == "npy":
        cutout = read_array(content, bands, limits)
    elif kind == "npz":
        cutout = read_archive(content, bands, limits)
    else:
        cutout = read_photo(content, cast(Literal["JPEG", "PNG", "TIFF"], kind), bands, limits)
    return cutout.flagged(Flag.EXTENSION_MISMATCH, mismatch) if mismatch else cutout


def _read_files(paths: list[Path], bands: tuple[str, ...] | None, limits: ReadLimits) -> Cutout:
    """Read one file a band and put the planes together."""
    if bands is not None and len(paths) != len(bands):
        raise wrong_bands([], len(paths), bands)
    if len(paths) > limits.max_bands:
        note = f"{len(paths)} files are too many: at most {limits.max_bands} bands are allowed"
        raise BadInputError(Flag.SIZE, note)
    labels = bands if bands is not None else tuple(shown_name(path) for path in paths)
    parts: list[Cutout] = []
    for path, label in zip(paths, labels, strict=True):
        part = _read_file(path, None, limits)
        _check_part(part, label, parts, limits)
        parts.append(part)
    order, names, odd = _ordered(parts, bands)
    joined = Cutout(
        pixels=np.concatenate([cast(np.ndarray, parts[place].pixels) for place in order]),
        bands=names,
        encoding=parts[0].encoding,
    )
    for part, label in zip(parts, labels, strict=True):
        if part.flags:
            note = "; ".join(f"{label}: {note}" for note in part.notes)
            joined = joined.flagged(part.flags, note)
    return _with_scale(joined.flagged(Flag.HEADER_ODD, odd) if odd else joined, parts)


def _check_part(part: Cutout, label: str, before: list[Cutout], limits: ReadLimits) -> None:
    """Refuse a file that cannot be a band beside those before it."""
    if part.flags & Flag.MISSING_FILE:
        raise BadInputError(Flag.MISSING_BAND, f"{label}: {part.notes[0]}")
    if part.status is Status.BAD or part.pixels is None:
        raise BadInputError(part.flags, f"{label}: {'; '.join(part.notes)}")
    count, *sides = part.pixels.shape
    if count != 1:
        raise BadInputError(Flag.BANDS, f"{label}: the file has {count} bands; expected 1")
    check_size((len(before) + 1, sides[0], sides[1]), limits)
    if not before or before[0].pixels is None:
        return
    if part.pixels.shape != before[0].pixels.shape:
        note = f"{label}: the shape is {tuple(sides)}, that of the first band"
        raise BadInputError(Flag.SHAPE, f"{note} {before[0].pixels.shape[1:]}")
    if part.encoding != before[0].encoding:
        note = f"{label}: the pixels are {part.encoding}, those of the first band"
        raise BadInputError(Flag.DTYPE, f"{note} {before[0].encoding}")


def _ordered(
    parts: list[Cutout], bands: tuple[str, ...] | None
) -> tuple[list[int], tuple[str, ...] | None, str]:
    """Return the order of the files, the names of the bands, and what is odd about them."""
    stated = [part.bands[0] if part.bands else None for part in parts]
    given = [name for name in stated if name is not None]
    in_place, repeated = list(range(len(parts))), len(set(given)) < len(given)
    shown = ", ".join(one_line(name, 30) for name in given)
    if bands is None:
        told = len(given) == len(parts) and not repeated
        return in_place, tuple(given) if told else None, ""
    pairs = zip(bands, stated, strict=True)
    if all(name is None or find_band(band, [name]) == 0 for band, name in pairs):
        return in_place, bands, ""
    if repeated:  # two files cannot be the same band, so the headers are not to be trusted
        note = f"the headers state the bands {shown}; taken as {', '.join(bands)} as given"
        return in_place, bands, note
    places = [find_band(band, stated) for band in bands]
    if None not in places:
        note = f"the files were given as {', '.join(bands)}, but state {shown}; put in order"
        return [place for place in places if place is not None], bands, note
    raise wrong_bands(stated, len(parts), bands)


def _with_scale(cutout: Cutout, parts: list[Cutout]) -> Cutout:
    """Return the cutout with the pixel scale that its bands share."""
    scales = [part.pixel_scale for part in parts if part.pixel_scale is not None]
    if not scales:
        return cutout
    cutout = replace(cutout, pixel_scale=scales[0])
    if max(scales) > (1 + _SAME_SCALE) * min(scales):
        listed = ", ".join(f"{scale:.4g}" for scale in scales)
        note = f"the bands have different pixel scales: {listed} arcsec/pixel"
        return cutout.flagged(Flag.PIXEL_SCALE, note)
    return cutout
