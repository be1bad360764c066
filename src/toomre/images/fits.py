"""Read one FITS file: a plane, a cube, several extensions; packed or tile-compressed."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from toomre.images.band_names import choose_planes
from toomre.images.caught import collected_warnings
from toomre.images.cutout import Cutout
from toomre.images.fits_header import BLOCK, HeaderDataUnit, check_sums, text, walk
from toomre.images.fits_tiles import check_tiles
from toomre.images.flags import Flag
from toomre.images.pixel_scale import pixel_scale_of
from toomre.images.planes import axes_of, band_first, to_float32
from toomre.images.read_limits import BadInputError, ReadLimits, one_line

__all__ = ["read_fits"]

# Extensions that go with an image and are none themselves.
# fmt: off
_COMPANIONS = frozenset({
    "ERR", "ERROR", "DQ", "MASK", "BPM", "FLAGS", "VAR", "VARIANCE", "WHT", "WEIGHT", "IVAR",
    "INVVAR", "STD", "SIGMA", "SEG", "SEGMAP", "SEGMENTATION", "PSF", "SKY", "BACKGROUND", "BKG",
    "CTX", "CON", "SAMP", "TIME", "EXP", "EXPMAP", "NEXP",
})
# fmt: on
# Names of extensions that say nothing of the band.
_GENERIC = frozenset({"PRIMARY", "COMPRESSED_IMAGE", "SCI", "SCIENCE", "IMAGE", "DATA"})


def read_fits(content: bytes, bands: Sequence[str] | None, limits: ReadLimits) -> Cutout:
    """Return the image in the content of a FITS file.

    The image is the only one with two axes or three (band, y, x), in the primary part or an
    extension; or several of one shape and pixel type, each one band. Extensions named as
    companions (ERR, DQ, MASK, VAR, WHT, PSF, ...) are passed over. Where the file states the
    bands (FILTER or BAND; BANDS, BAND0, BAND1, ... for a cube; EXTNAME for several images),
    they decide the order, else their place does.

    Parameters
    ----------
    content
        The file's bytes, unpacked.
    bands
        The bands that are wanted, in order, or None for all that there are.
    limits
        Checked from the headers, before any pixel is read.

    Returns
    -------
    Cutout
        Pixels (band, y, x) with BSCALE and BZERO applied and NaN where BLANK; the pixel scale
        [arcsec/pixel] if there is a celestial coordinate system; linear encoding.

    Raises
    ------
    BadInputError
        With the flag that fits.

    Examples
    --------
    >>> stream = io.BytesIO()
    >>> fits.PrimaryHDU(np.ones((3, 8, 9), ">i2")).writeto(stream)
    >>> read_fits(stream.getvalue(), ("g", "r", "i"), ReadLimits()).pixels.shape
    (3, 8, 9)
    """
    with collected_warnings() as messages:
        units, found = walk(content, limits.max_bytes)
        for unit in units:
            check_sums(content, unit)
        images, places, names = _choose(units, bands)
        pixels = _pixels(content, images, limits)
        if places != list(range(len(pixels))):
            pixels = np.ascontiguousarray(pixels[places])
        scale = pixel_scale_of(images[0].header, len(images[0].shape))
    cutout = Cutout(pixels=pixels, bands=names, pixel_scale=scale)
    if messages:
        note = f"the header had to be repaired: {one_line(messages[0])}"
        found.append((Flag.HEADER_ODD, note))
    for flag, note in found:
        cutout = cutout.flagged(flag, note)
    return cutout


def _choose(
    units: list[HeaderDataUnit], bands: Sequence[str] | None
) -> tuple[list[HeaderDataUnit], list[int], tuple[str, ...] | None]:
    """Return the images to read, which of their planes to take, and the planes' names."""
    images = _candidates(units)
    if len(images) == 1 and len(images[0].shape) == 3:
        unit = images[0]
        count = unit.shape[2] if axes_of(unit.shape) == "last" else unit.shape[0]
        stated = _stated_in_cube(unit.header, count)
        return images, *choose_planes(bands, stated, [None] * count)
    primary = text(units[0].header, "FILTER") or text(units[0].header, "BAND")
    stated = [_stated(unit.header) or primary or None for unit in images]
    labels = [_label(unit.header) for unit in images]
    try:
        places, names = choose_planes(bands, stated, labels)
    except BadInputError:
        _check_alike(images)
        raise
    chosen = [images[place] for place in places]
    _check_alike(chosen, named=bands is not None and len(chosen) < len(images))
    return chosen, list(range(len(chosen))), names


def _candidates(units: list[HeaderDataUnit]) -> list[HeaderDataUnit]:
    """Return the images that may be meant."""
    images = [unit for unit in units if unit.is_image]
    if not images:
        raise BadInputError(Flag.NO_IMAGE, "the FITS file has no image, only tables or headers")
    flat = [unit for unit in images if len(unit.shape) in (2, 3)]
    if not flat:
        axes = len(images[0].shape)
        note = f"the image has NAXIS = {axes} (shape {images[0].shape}); expected 2 or 3"
        raise BadInputError(Flag.SHAPE, f"{note}: (y, x) or (band, y, x)")
    return [u for u in flat if text(u.header, "EXTNAME").upper() not in _COMPANIONS] or flat


def _check_alike(images: list[HeaderDataUnit], named: bool = False) -> None:
    """Refuse several images of different shape or type, which cannot be bands of one."""
    kinds = {(unit.shape, unit.bitpix) for unit in images}
    shapes = {unit.shape for unit in images}
    if len(shapes) > 1 or any(len(shape) == 3 for shape in shapes if len(images) > 1):
        listed = ", ".join(str(unit.shape) for unit in images[:5])
        if named:
            raise BadInputError(Flag.SHAPE, f"the bands have different shapes: {listed}")
        note = f"the file has {len(images)} images of the shapes {listed} and no rule to choose"
        raise BadInputError(Flag.AMBIGUOUS_HDU, note)
    if len(kinds) > 1 and not all(_label(u.header) or _stated(u.header) for u in images):
        note = f"the file has {len(images)} unnamed images of different pixel types"
        raise BadInputError(Flag.AMBIGUOUS_HDU, f"{note} and no rule to choose")


def _stated(header: fits.Header) -> str | None:
    """Return the band that the header of a plane states."""
    for key in ("FILTER", "BAND", "BANDS", "BAND0"):
        if value := text(header, key):
            return value
    return None


def _label(header: fits.Header) -> str | None:
    """Return an extension's name if it may be that of a band."""
    name = text(header, "EXTNAME")
    return name if name and name.upper() not in _GENERIC else None


def _stated_in_cube(header: fits.Header, count: int) -> list[str | None]:
    """Return the band of each plane of a cube, as BANDS or BAND0, BAND1, ... state it."""
    value = text(header, "BANDS")
    for names in (list(value), value.replace(",", " ").replace(";", " ").split()):
        if len(names) == count and all(name.strip() for name in names):
            return [*names]
    for first in (0, 1):
        names = [text(header, f"BAND{n}") for n in range(first, first + count)]
        if all(names):
            return [*names]
    return [_stated(header)] if count == 1 else [None] * count


def _pixels(
    content: bytes, images: list[HeaderDataUnit], limits: ReadLimits
) -> NDArray[np.float32]:
    """Return all planes of some images, (band, y, x)."""
    where = ""
    for unit in images:
        where = band_first(unit.shape, limits, abs(unit.bitpix) // 8)
        if unit.is_compressed:
            check_tiles(content, unit)
    plane = math.prod(images[0].shape[-2:])
    if 4 * plane * len(images) > limits.max_bytes or len(images) > limits.max_bands:
        note = f"{len(images)} bands are too many: at most {limits.max_bands} are allowed"
        raise BadInputError(Flag.SIZE, note)
    try:
        planes = _decoded(content, images, where)
    except BadInputError:
        raise
    except Exception as error:
        packed = any(unit.is_compressed for unit in images)
        note = f"the image cannot be decoded: {type(error).__name__}: {one_line(error)}"
        raise BadInputError(Flag.CORRUPT if packed else Flag.HEADER, note) from error
    return planes[0] if len(planes) == 1 else np.concatenate(planes)


def _decoded(content: bytes, images: list[HeaderDataUnit], where: str) -> list[NDArray[np.float32]]:
    """Return the decoded pixels of each image."""
    padded = content + bytes(-len(content) % BLOCK)
    # uint=False, for with it BLANK is not applied to unsigned integers.
    with fits.open(io.BytesIO(padded), memmap=False, uint=False) as hdus:
        planes = []
        for unit in images:
            data = hdus[unit.index].data
            if not isinstance(data, np.ndarray) or data.shape != unit.shape:
                note = f"the decoded image has not the shape {unit.shape}"
                raise BadInputError(Flag.CORRUPT, note)
            planes.append(to_float32(data, where))
    return planes
