"""One input after reading: its pixels, what is known of them, and what is wrong with them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from toomre.images.flags import Flag, Status, flag_names, status_of

__all__ = ["Cutout", "Encoding"]

#: What a pixel value means: proportional to flux, or a brightness on a screen (0 to 255).
Encoding = Literal["linear", "display"]


@dataclass(frozen=True, eq=False)
class Cutout:
    """An image of one galaxy.

    Attributes
    ----------
    pixels
        Array of shape (band, y, x), float32, NaN where a pixel is masked; None where the
        input is bad.
    bands
        The names of the bands in order, or None where the file does not tell.
    pixel_scale
        Pixel scale [arcsec/pixel], or None where the file does not tell.
    encoding
        ``"linear"`` (flux) or ``"display"`` (0 to 255, as in a JPEG).
    flags
        What was found wrong; `status` follows from it.
    notes
        One sentence for each flag, for people.

    Examples
    --------
    >>> Cutout.bad(Flag.UNREADABLE, "the file is empty").status
    <Status.BAD: 'bad'>
    """

    pixels: NDArray[np.float32] | None
    bands: tuple[str, ...] | None = None
    pixel_scale: float | None = None
    encoding: Encoding = "linear"
    flags: Flag = Flag(0)
    notes: tuple[str, ...] = ()

    @classmethod
    def bad(cls, flag: Flag, note: str) -> Cutout:
        """Return a cutout without pixels."""
        return cls(pixels=None).flagged(flag, note)

    def flagged(self, flag: Flag, note: str) -> Cutout:
        """Return this cutout with one more flag; a bad one loses its pixels."""
        flags = self.flags | flag
        return replace(
            self,
            flags=flags,
            notes=(*self.notes, note),
            pixels=None if status_of(flags) is Status.BAD else self.pixels,
        )

    @property
    def status(self) -> Status:
        """Whether the cutout can be used."""
        return status_of(self.flags)

    @property
    def reason(self) -> str:
        """The flags' names and the notes in one line; empty where nothing is wrong."""
        if not self.flags:
            return ""
        return f"{', '.join(flag_names(self.flags))}: {'; '.join(self.notes)}"
