"""Read one JPEG, PNG or TIFF: pictures for the screen, and single planes of 16 bits or floats."""

from __future__ import annotations

import contextlib
import io
import struct
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from toomre.images.band_names import choose_planes
from toomre.images.caught import collected_warnings
from toomre.images.cutout import Cutout, Encoding
from toomre.images.flags import Flag
from toomre.images.planes import to_float32
from toomre.images.read_limits import BadInputError, ReadLimits, check_size, one_line

__all__ = ["read_photo"]

_BITS_PER_SAMPLE, _TILE_WIDTH, _TILE_LENGTH = 258, 322, 323  # tags of TIFF
_PNG_DEPTH_AT = 24  # offset of the bit depth in a PNG file
_PLANES = {"L": 1, "1": 1, "RGB": 3, "I": 1, "F": 1, "I;16": 1, "I;16L": 1, "I;16B": 1}
_WITH_ALPHA = {"RGBA": ("RGB", 3), "LA": ("L", 1), "PA": ("RGB", 3), "P": ("RGB", 3)}


def read_photo(
    content: bytes,
    kind: Literal["JPEG", "PNG", "TIFF"],
    bands: Sequence[str] | None,
    limits: ReadLimits,
) -> Cutout:
    """Return the picture in the content of a JPEG, PNG or TIFF file.

    Grey is one band, RGB three; a palette becomes RGB. Alpha is dropped, and pixels that are
    wholly transparent are masked. The EXIF orientation is applied. Values of 8 bits have the
    encoding ``"display"`` (0 to 255); single planes of 16 or 32 bits or floats are
    ``"linear"`` and stay unscaled. Refused are CMYK, YCbCr and Lab, for they are no bands of
    light, and colour of more than 8 bits, which Pillow would cut to 8.

    Parameters
    ----------
    content
        The file's bytes.
    kind
        The format, by the first bytes; no other decoder is tried.
    bands
        The names that the caller gives the bands, or None. A picture states none.
    limits
        Checked from the header, before any pixel is decoded.

    Returns
    -------
    Cutout
        Pixels (band, y, x), the first row of the picture first.

    Raises
    ------
    BadInputError
        With the flag that fits.

    Examples
    --------
    >>> stream = io.BytesIO()
    >>> Image.new("RGB", (9, 8), (1, 2, 3)).save(stream, "PNG")
    >>> read_photo(stream.getvalue(), "PNG", None, ReadLimits()).pixels[:, 0, 0].tolist()
    [1.0, 2.0, 3.0]
    """
    with collected_warnings():
        try:
            return _read(content, kind, bands, limits)
        except BadInputError:
            raise
        except Exception as error:
            raise _problem(error, kind) from error


def _problem(error: Exception, kind: str) -> BadInputError:
    """Return the flag and the sentence for what a decoder raised."""
    reason = one_line(error)
    if isinstance(error, Image.DecompressionBombError) or "MAX_TEXT" in reason:
        return BadInputError(Flag.SIZE, f"the {kind} unpacks to too much: {reason}")
    if isinstance(error, UnidentifiedImageError):
        return BadInputError(Flag.CORRUPT, f"the content begins as {kind}, but is none")
    if isinstance(error, EOFError | struct.error) or "truncated" in reason.lower():
        return BadInputError(Flag.TRUNCATED, f"the {kind} ends too early: {reason}")
    note = f"the {kind} cannot be decoded: {type(error).__name__}: {reason}"
    return BadInputError(Flag.CORRUPT, note)


def _read(content: bytes, kind: str, bands: Sequence[str] | None, limits: ReadLimits) -> Cutout:
    if kind == "PNG":
        with Image.open(io.BytesIO(content), formats=("PNG",)) as image:
            check_size((1, image.height, image.width), limits)
            image.verify()  # the check sums of all chunks, which decoding does not look at
    with Image.open(io.BytesIO(content), formats=(kind,)) as image:
        _check_header(image, content, kind, limits)
        count = _WITH_ALPHA[image.mode][1] if image.mode in _WITH_ALPHA else _PLANES[image.mode]
        _, names = choose_planes(bands, [None] * count, [None] * count)
        image.load()
        _turn(image)
        array, opaque = _array(image)
    encoding: Encoding = "display" if array.dtype.kind == "u" and array.itemsize == 1 else "linear"
    pixels = to_float32(array, "none" if array.ndim == 2 else "last")
    if opaque is not None:
        pixels[:, ~opaque] = np.nan
    return Cutout(pixels=pixels, bands=names, encoding=encoding)


def _check_header(image: Image.Image, content: bytes, kind: str, limits: ReadLimits) -> None:
    """Refuse by the header what cannot or must not be decoded."""
    mode = image.mode
    if mode not in _PLANES and mode not in _WITH_ALPHA:
        note = f"the picture has the colour mode {mode}; expected grey, RGB or a palette"
        raise BadInputError(Flag.DTYPE, note)
    count = _WITH_ALPHA[mode][1] if mode in _WITH_ALPHA else _PLANES[mode]
    check_size((count, image.height, image.width), limits)
    depth = 8
    if kind == "PNG":
        depth = content[_PNG_DEPTH_AT]
    elif kind == "TIFF":
        tags: Any = getattr(image, "tag_v2", {})
        depth = max(tags.get(_BITS_PER_SAMPLE, (8,)))
        if int(tags.get(_TILE_WIDTH, 1)) * int(tags.get(_TILE_LENGTH, 1)) > limits.max_pixels:
            raise BadInputError(Flag.SIZE, "a tile of the TIFF is larger than an image may be")
    if depth > 8 and mode in ("L", "RGB", *_WITH_ALPHA):
        note = f"colour or alpha with {depth} bits would be cut to 8; use one grey file a band"
        raise BadInputError(Flag.DTYPE, note)
    _check_single(image)


def _check_single(image: Image.Image) -> None:
    """Refuse an animation or a file of several pages."""
    note = "the file has more than one frame or page"
    if image.format == "PNG":  # going to a second frame would decode the first
        if getattr(image, "is_animated", False):
            raise BadInputError(Flag.MULTIFRAME, note)
        return
    try:
        image.seek(1)
    except EOFError:
        image.seek(0)
        return
    raise BadInputError(Flag.MULTIFRAME, note)


def _turn(image: Image.Image) -> None:
    """Turn a picture as its EXIF data say; unreadable EXIF data say nothing."""
    with contextlib.suppress(Exception):
        ImageOps.exif_transpose(image, in_place=True)


def _array(image: Image.Image) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
    """Return the pixels (y, x) or (y, x, band), and where they are not transparent."""
    if image.mode in _WITH_ALPHA or (image.mode in ("L", "RGB") and "transparency" in image.info):
        target = "L" if image.mode in ("L", "LA") else "RGB"
        if image.mode == "P" and "transparency" not in image.info:
            return np.asarray(image.convert("RGB")), None
        full = np.asarray(image.convert("RGBA"))
        opaque = full[..., 3] > 0
        colours = full[..., 0] if target == "L" else full[..., :3]
        return colours, None if opaque.all() else opaque
    if image.mode == "1":
        image = image.convert("L")
    return np.asarray(image), None
