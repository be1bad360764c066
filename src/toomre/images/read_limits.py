"""How large an input may be, and the exception that carries a flag through the readers."""

from __future__ import annotations

import math
from dataclasses import dataclass

from toomre.errors import ArgumentError, ToomreError
from toomre.images.flags import Flag

__all__ = ["BadInputError", "ReadLimits", "check_size", "one_line"]


class BadInputError(ToomreError):
    """An input cannot be used; the one door of the readers turns it into a bad cutout.

    Attributes
    ----------
    flag
        The flag that the input gets.
    note
        One sentence for people: what was found, what was expected.
    """

    def __init__(self, flag: Flag, note: str) -> None:
        super().__init__(note)
        self.flag = flag
        self.note = note


@dataclass(frozen=True)
class ReadLimits:
    """What a file may ask for; everything is checked before the memory is taken.

    Attributes
    ----------
    max_pixels
        Pixels in one plane.
    max_bytes
        Bytes of a file, of its unpacked content, and of the float32 pixels that come out.
    max_bands
        Planes in one input.
    min_side
        The shortest side that can be a cutout [pixels].

    Examples
    --------
    >>> ReadLimits(max_bands=3).max_pixels
    16777216
    """

    max_pixels: int = 4096 * 4096
    max_bytes: int = 256 * 1024 * 1024
    max_bands: int = 16
    min_side: int = 8

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if value < 1:
                raise ArgumentError.expected(name, "a whole number of at least 1", value)


def check_size(shape: tuple[int, int, int], limits: ReadLimits, itemsize: int = 4) -> None:
    """Refuse a shape (band, y, x) that is too large or too small, before it is allocated.

    Parameters
    ----------
    shape
        The shape that a header claims: (band, y, x).
    limits
        The limits.
    itemsize
        Bytes of one stored pixel.

    Raises
    ------
    BadInputError
        With `Flag.SIZE`.

    Examples
    --------
    >>> check_size((3, 75, 75), ReadLimits())
    >>> check_size((1, 7, 75), ReadLimits())
    Traceback (most recent call last):
    toomre.images.read_limits.BadInputError: the image has 75 x 7 pixels; the shortest ... 8
    """
    band, y, x = shape
    size = f"the image has {x} x {y} pixels"
    if min(y, x) < limits.min_side:
        raise BadInputError(Flag.SIZE, f"{size}; the shortest side must be {limits.min_side}")
    if y * x > limits.max_pixels:
        raise BadInputError(Flag.SIZE, f"{size}; at most {limits.max_pixels} are allowed")
    if not 1 <= band <= limits.max_bands:
        note = f"the image has {band} bands; expected 1 to {limits.max_bands} in a cutout"
        raise BadInputError(Flag.SIZE, note)
    if math.prod(shape) * max(itemsize, 4) > limits.max_bytes:
        note = f"{size} in {band} bands; at most {limits.max_bytes} bytes are allowed"
        raise BadInputError(Flag.SIZE, note)


def one_line(text: object, length: int = 120) -> str:
    r"""Return a text as one line of plain ASCII, for a note about foreign content.

    Examples
    --------
    >>> print(one_line("two\nlines and \x1b[31m"))
    two lines and \x1b[31m
    """
    words = " ".join(str(text)[: 4 * length].split())
    plain = "".join(c if " " <= c <= "~" else ascii(c)[1:-1] for c in words)
    return plain if len(plain) <= length else plain[: length - 3] + "..."
