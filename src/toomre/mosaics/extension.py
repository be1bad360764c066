"""Choose the image among the parts of a FITS file."""

from __future__ import annotations

from collections.abc import Sequence

from toomre.images.fits_header import HeaderDataUnit, text
from toomre.images.flags import Flag
from toomre.images.read_limits import BadInputError, one_line

__all__ = ["find_image", "find_named"]

# Names of the part that holds the science image, where there are several images.
_SCIENCE = ("SCI", "SCIENCE", "IMAGE", "DATA")


def find_image(units: Sequence[HeaderDataUnit], extension: str | None) -> HeaderDataUnit:
    """Return the image to cut from: the named one, the only one, or the one called SCI.

    Raises
    ------
    BadInputError
        `Flag.NO_IMAGE`, `Flag.AMBIGUOUS_HDU` or `Flag.SHAPE`.
    """
    if extension is not None:
        return _flat(find_named(units, extension))
    images = [unit for unit in units if unit.is_image]
    if not images:
        raise BadInputError(Flag.NO_IMAGE, "the file has no image, only tables or headers")
    named = [unit for unit in images if text(unit.header, "EXTNAME").upper() in _SCIENCE]
    if len(images) > 1 and len(named) == 1:
        images = named
    if len(images) > 1:
        listed = ", ".join(_shown(unit) for unit in images[:8])
        note = f"the file has {len(images)} images ({listed}); say which one (--extension)"
        raise BadInputError(Flag.AMBIGUOUS_HDU, note)
    return _flat(images[0])


def find_named(units: Sequence[HeaderDataUnit], extension: str) -> HeaderDataUnit:
    """Return the image with a name (in any case) or number.

    Raises
    ------
    BadInputError
        `Flag.NO_IMAGE` if there is none, `Flag.AMBIGUOUS_HDU` if there are several.
    """
    wanted = extension.strip().upper()
    images = [unit for unit in units if unit.is_image]
    found = [unit for unit in images if text(unit.header, "EXTNAME").upper() == wanted]
    if not found and wanted.isdecimal():
        found = [unit for unit in images if unit.index == int(wanted)]
    if len(found) != 1:
        listed = ", ".join(_shown(unit) for unit in images[:8]) or "none"
        count = "no image" if not found else f"{len(found)} images"
        note = f"the file has {count} called {one_line(extension, 30)!r}; it has {listed}"
        raise BadInputError(Flag.AMBIGUOUS_HDU if found else Flag.NO_IMAGE, note)
    return found[0]


def _flat(unit: HeaderDataUnit) -> HeaderDataUnit:
    """Refuse what is not one plane; axes of length 1 before it do not count."""
    if len(unit.shape) < 2 or any(side != 1 for side in unit.shape[:-2]):
        note = f"the image {_shown(unit)} has the shape {unit.shape}; expected one plane (y, x)"
        raise BadInputError(Flag.SHAPE, f"{note}, one file or extension a band")
    return unit


def _shown(unit: HeaderDataUnit) -> str:
    name = text(unit.header, "EXTNAME")
    return f"{unit.index} {one_line(name, 20)}" if name else str(unit.index)
