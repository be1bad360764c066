"""From a file to the pixels that are stored or classified: read, name, inspect, resample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from toomre.errors import ArgumentError
from toomre.images.band_names import choose_planes
from toomre.images.cutout import Cutout, Encoding
from toomre.images.flags import Flag
from toomre.images.grid import Grid
from toomre.images.inspection import InspectionLimits, inspect
from toomre.images.read_limits import BadInputError, ReadLimits
from toomre.images.reading import read_cutout
from toomre.images.resample import SCALE_FLAGGED, to_grid

__all__ = ["Facts", "finish", "load_cutout"]


@dataclass(frozen=True)
class Facts:
    """What the caller states about the inputs, over what the files say.

    Attributes
    ----------
    bands
        The bands of the inputs, in order. Where a file names its bands, they are found by name;
        where it does not, these are their names.
    pixel_scale
        Pixel scale [arcsec/pixel].
    encoding
        What a pixel value means: ``"linear"`` or ``"display"``.
    wanted
        The bands to return, in order, found by name. Bands without names are taken to be the
        wanted ones if there are as many; they stay without names in the result.
    unit
        Unit of the pixel values, such as ``"nanomaggy"``; it is recorded, and not used.

    Examples
    --------
    >>> Facts(bands=("i", "r", "g"), wanted=("g", "r", "i")).pixel_scale is None
    True
    """

    bands: tuple[str, ...] | None = None
    pixel_scale: float | None = None
    encoding: Encoding | None = None
    wanted: tuple[str, ...] | None = None
    unit: str = ""

    def __post_init__(self) -> None:
        for name in ("bands", "wanted"):
            value = getattr(self, name)
            if isinstance(value, str):
                allowed = f"a tuple of names such as {tuple(value.split(','))}"
                raise ArgumentError.expected(name, allowed, value)


_NO_FACTS = Facts()
_INSPECTION = InspectionLimits()
_READING = ReadLimits()


def load_cutout(
    source: Path | Sequence[Path],
    grid: Grid,
    facts: Facts = _NO_FACTS,
    *,
    reading: ReadLimits = _READING,
    inspection: InspectionLimits = _INSPECTION,
) -> Cutout:
    """Read an image from a file (or one file a band), check it, and bring it to a grid.

    Parameters
    ----------
    source
        The file, or one file for each band.
    grid
        The field to cut and the size of the result.
    facts
        What the caller states about the input.
    reading, inspection
        What is too large to be read, and the thresholds of the pixel checks.

    Returns
    -------
    Cutout
        Pixels of shape (band, ``grid.size``, ``grid.size``), all finite; None if it is bad.
        No file raises an error: what is wrong is in the flags.

    Examples
    --------
    >>> load_cutout(Path("nowhere.fits"), Grid(size=75)).reason
    "missing_file: 'nowhere.fits' is not there"
    """
    cutout = read_cutout(source, bands=facts.bands, limits=reading)
    return finish(cutout, grid, facts, inspection=inspection)


def finish(
    cutout: Cutout,
    grid: Grid,
    facts: Facts = _NO_FACTS,
    *,
    inspection: InspectionLimits = _INSPECTION,
    margin: int = 0,
) -> Cutout:
    """Do what `load_cutout` does after reading, for an image that is in memory already.

    Parameters
    ----------
    cutout
        An image at its own scale, NaN where masked; a bad one is returned as it is.
    grid, facts, inspection
        As for `load_cutout`.
    margin
        Pixels on each side of the field that are there for the filter alone; see `inspect`.

    Returns
    -------
    Cutout
        As from `load_cutout`. New flags: BANDS (the bands are not those stated or wanted),
        PIXEL_SCALE (the caller and the file differ by more than 2 %; the caller's is used),
        PIXEL_SCALE_UNKNOWN (the grid needs a scale and nobody states one; the grid's is
        assumed), and those of `inspect` and `to_grid`.

    Examples
    --------
    >>> pixels = np.ones((2, 75, 75), np.float32)
    >>> finish(Cutout(pixels, bands=("g", "r")), Grid(size=75), Facts(wanted=("r", "i"))).reason
    'bands: the input has 2 bands (g, r); expected 2 (r, i)'
    """
    cutout = _stated(cutout, facts)
    if cutout.pixels is None:
        return cutout
    if cutout.pixel_scale is None and grid.native_pixel_scale is not None:
        scale = grid.native_pixel_scale
        note = f"no pixel scale was given; {scale:.4g} arcsec/pixel is assumed"
        cutout = replace(cutout, pixel_scale=scale).flagged(Flag.PIXEL_SCALE_UNKNOWN, note)
    return to_grid(inspect(cutout, inspection, margin=margin), grid)


def _stated(cutout: Cutout, facts: Facts) -> Cutout:
    """Apply the caller's facts."""
    if facts.encoding is not None:
        cutout = replace(cutout, encoding=facts.encoding)
    if facts.pixel_scale is not None:
        cutout = _with_scale(cutout, facts.pixel_scale)
    if facts.bands is not None:
        cutout = _with_bands(cutout, facts.bands, facts.bands)
    if facts.wanted is not None:
        cutout = _with_bands(cutout, facts.wanted, None)
    return cutout


def _with_scale(cutout: Cutout, scale: float) -> Cutout:
    found = cutout.pixel_scale
    cutout = replace(cutout, pixel_scale=scale)
    if found is None or abs(found / scale - 1) <= SCALE_FLAGGED:
        return cutout
    note = f"the file says {found:.4g} arcsec/pixel; {scale:.4g} is used, as stated by the caller"
    return cutout.flagged(Flag.PIXEL_SCALE, note)


def _with_bands(cutout: Cutout, bands: tuple[str, ...], unnamed: tuple[str, ...] | None) -> Cutout:
    """Choose and order the bands by name; `unnamed` is what they are called without names."""
    if cutout.pixels is None:
        return cutout
    count = len(cutout.pixels)
    stated = cutout.bands if cutout.bands is not None else [None] * count
    try:
        places, _ = choose_planes(bands, stated, [None] * count)
    except BadInputError as error:
        return cutout.flagged(error.flag, error.note)
    pixels = cutout.pixels
    if places != list(range(count)):
        pixels = np.ascontiguousarray(pixels[places])
    return replace(cutout, pixels=pixels, bands=unnamed if cutout.bands is None else bands)
