"""Read ``.npz`` files: zip archives of NumPy arrays, checked before anything is unpacked."""

from __future__ import annotations

import io
import math
import re
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from toomre.images.array_header import ArrayHeader, encoding_of, read_header
from toomre.images.band_names import choose_planes, find_band, wrong_bands
from toomre.images.cutout import Cutout
from toomre.images.flags import Flag
from toomre.images.planes import band_first, to_float32
from toomre.images.read_limits import BadInputError, ReadLimits, one_line

__all__ = ["load_stack", "read_archive"]

_MOST_MEMBERS = 64
_MOST_STACK_BYTES = 2 << 30
_END_RECORD = 22  # bytes of the record at the end of a zip file, without its comment
_LONGEST_COMMENT = 65535
_NAME = re.compile(r"[\w .+()-]{1,100}\.npy")
_PLAIN = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def read_archive(content: bytes, bands: Sequence[str] | None, limits: ReadLimits) -> Cutout:
    """Return the image in the content of a ``.npz`` file.

    The file has either exactly one array, or one array (y, x) for each of the wanted bands,
    under its name.

    Parameters
    ----------
    content
        The file's bytes.
    bands
        The bands that are wanted, in order, or None.
    limits
        Checked from the headers, before any array is unpacked.

    Raises
    ------
    BadInputError
        With the flag that fits.

    Examples
    --------
    >>> stream = io.BytesIO()
    >>> np.savez(stream, g=np.zeros((8, 9)), r=np.ones((8, 9)))
    >>> read_archive(stream.getvalue(), ("r", "g"), ReadLimits()).pixels[:, 0, 0].tolist()
    [1.0, 0.0]
    """
    with _archive(io.BytesIO(content), limits.max_bytes) as archive:
        members = _members(archive, limits.max_bytes)
        chosen = _choose(list(members), bands)
        headers = [members[name] for name in chosen]
        where = [band_first(header.shape, limits, header.dtype.itemsize) for header in headers]
        if len(headers) > 1:
            _check_planes(headers, limits)
        arrays = [_load(archive, name, members[name]) for name in chosen]
    parts = [to_float32(array, place) for array, place in zip(arrays, where, strict=True)]
    pixels = parts[0] if len(parts) == 1 else np.concatenate(parts)
    unnamed = [None] * len(pixels)
    _, names = choose_planes(bands, unnamed, unnamed)
    return Cutout(pixels=pixels, bands=names, encoding=encoding_of(headers[0].dtype))


def load_stack(path: Path) -> NDArray[Any]:
    """Load the only array of 3 or 4 axes in a ``.npz`` file of at most 2 GiB.

    Raises
    ------
    BadInputError
        With the flag that fits.
    """
    with path.open("rb") as file, _archive(file, _MOST_STACK_BYTES) as archive:
        members = _members(archive, _MOST_STACK_BYTES, only_images=True)
        if len(members) != 1:
            listed = ", ".join(one_line(name, 30) for name in members) or "none"
            note = f"the file has {len(members)} stacks of images ({listed}); expected one"
            raise BadInputError(Flag.AMBIGUOUS_HDU, note)
        ((name, header),) = members.items()
        return _load(archive, name, header)


def _archive(file: IO[bytes], max_bytes: int) -> zipfile.ZipFile:
    """Open a zip archive whose table of contents is short."""
    size = file.seek(0, io.SEEK_END)
    start = file.seek(max(0, size - _END_RECORD - _LONGEST_COMMENT - 20))
    tail = file.read()
    record = tail.rfind(b"PK\x05\x06")
    if record < 0 or len(tail) - record < _END_RECORD:
        raise BadInputError(Flag.TRUNCATED, "the .npz file has no table of contents at its end")
    members = int.from_bytes(tail[record + 10 : record + 12], "little")
    table = int.from_bytes(tail[record + 12 : record + 16], "little")
    long = tail[max(0, record - 20) : record].startswith(b"PK\x06\x07")
    if members > _MOST_MEMBERS or table > _MOST_MEMBERS * 1024 or long or start > max_bytes:
        note = f"the .npz file is too large or has more than {_MOST_MEMBERS} members"
        raise BadInputError(Flag.SIZE, note)
    try:
        return zipfile.ZipFile(file)
    except Exception as error:
        note = f"the .npz file cannot be opened: {one_line(error)}"
        raise BadInputError(Flag.CORRUPT, note) from error


def _members(
    archive: zipfile.ZipFile, max_bytes: int, only_images: bool = False
) -> dict[str, ArrayHeader]:
    """Return the header of each array; refuse members that are none or too large."""
    infos = archive.infolist()
    if not infos:
        raise BadInputError(Flag.NO_IMAGE, "the .npz file has no array")
    if sum(info.file_size for info in infos) > max_bytes:
        raise BadInputError(Flag.SIZE, f"the .npz file unpacks to more than {max_bytes} bytes")
    headers: dict[str, ArrayHeader] = {}
    for info in infos:
        if not _NAME.fullmatch(info.filename) or info.is_dir():
            note = (
                f"the .npz file has the member {one_line(info.filename, 60)!r}, which is no array"
            )
            raise BadInputError(Flag.NOT_AN_IMAGE, note)
        if info.compress_type not in _PLAIN or info.flag_bits & 1 or info.filename in headers:
            note = (
                f"the member {one_line(info.filename, 60)!r} is double, encrypted or packed oddly"
            )
            raise BadInputError(Flag.CORRUPT, note)
        header = _member_header(archive, info, only_images)
        if header is not None:
            headers[info.filename] = header
    return headers


def _member_header(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, only_images: bool
) -> ArrayHeader | None:
    """Return the header of a member; None for one that is passed over."""
    try:
        with archive.open(info) as stream:
            header = read_header(stream)
    except BadInputError as error:
        if only_images and error.flag & Flag.DTYPE:
            return None
        raise
    except Exception as error:
        note = f"the member {one_line(info.filename, 60)!r} cannot be unpacked: {one_line(error)}"
        raise BadInputError(Flag.CORRUPT, note) from error
    if only_images and len(header.shape) not in (3, 4):
        return None
    missing = header.offset + header.data_bytes - info.file_size
    if missing > 0 and math.prod(header.shape) * header.dtype.itemsize <= _MOST_STACK_BYTES:
        note = f"the data of {one_line(info.filename, 60)!r} end {missing} bytes too early"
        raise BadInputError(Flag.TRUNCATED, note)
    if missing != 0:
        note = f"the sizes of {one_line(info.filename, 60)!r} contradict one another"
        raise BadInputError(Flag.SIZE, note)
    return header


def _choose(names: list[str], bands: Sequence[str] | None) -> list[str]:
    """Return the names of the members to read, in order."""
    if len(names) == 1:
        return names
    stems = [name.removesuffix(".npy") for name in names]
    if bands is None:
        listed = ", ".join(one_line(stem, 30) for stem in stems[:5])
        note = f"the .npz file has {len(stems)} arrays ({listed}) and no rule to choose"
        raise BadInputError(Flag.AMBIGUOUS_HDU, note)
    places = [find_band(band, stems) for band in bands]
    if None in places:
        raise wrong_bands(stems, len(stems), bands)
    return [names[place] for place in places if place is not None]


def _check_planes(headers: list[ArrayHeader], limits: ReadLimits) -> None:
    """Refuse bands that are no planes of one shape and type."""
    shapes = {header.shape for header in headers}
    if len(shapes) > 1 or len(headers[0].shape) != 2:
        listed = ", ".join(str(header.shape) for header in headers[:5])
        raise BadInputError(Flag.SHAPE, f"the bands have the shapes {listed}; expected (y, x)")
    if len({encoding_of(header.dtype) for header in headers}) > 1:
        raise BadInputError(Flag.DTYPE, "some bands have 8-bit integers, others not")
    if len(headers) > limits.max_bands:
        note = f"{len(headers)} bands are too many: at most {limits.max_bands} are allowed"
        raise BadInputError(Flag.SIZE, note)
    # The sum of the bytes was checked from the table of contents.


def _load(archive: zipfile.ZipFile, name: str, header: ArrayHeader) -> NDArray[Any]:
    """Unpack one array of a known size."""
    try:
        with archive.open(name) as stream:
            data = stream.read(header.offset + header.data_bytes)
            surplus = stream.read(1)  # also makes the archive verify its check sum
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError) as error:
        note = f"the member {one_line(name, 60)!r} cannot be unpacked: {one_line(error)}"
        raise BadInputError(Flag.CORRUPT, note) from error
    if len(data) < header.offset + header.data_bytes or surplus:
        raise BadInputError(Flag.CORRUPT, f"the member {one_line(name, 60)!r} has another size")
    flat = np.frombuffer(data, header.dtype, math.prod(header.shape), header.offset)
    return flat.reshape(header.shape, order="F" if header.fortran_order else "C")
