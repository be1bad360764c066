"""Keep a few images open at a time, and let go of them so that the memory stays small."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from toomre.mosaics.frame import Frame
from toomre.mosaics.pixels import Pixels

__all__ = ["Pool"]

_MOST_OPEN = 32
_MOST_HELD = 256 << 20  # bytes of what is unpacked, but for a single file that is larger
_MOST_MAPPED = 64 << 20  # bytes that may be read from maps before they are closed


class Pool:
    """The open images of one band.

    Pages of a mapped file that were read count as memory of the process until the map is
    closed, so all maps are closed after every 64 MiB.

    Parameters
    ----------
    frames
        All images of the band.
    """

    def __init__(self, frames: Sequence[Frame]) -> None:
        self._frames = frames
        self._open: OrderedDict[int, Pixels] = OrderedDict()
        self._read = 0

    def pixels(self, number: int) -> Pixels:
        """Return the pixels of an image; opens it if it is not."""
        if number not in self._open:
            self._make_room(self._frames[number].held)
            self._open[number] = self._frames[number].pixels()
        self._open.move_to_end(number)
        return self._open[number]

    def note(self, size: int) -> None:
        """Note that so many bytes were read."""
        self._read += size
        if self._read > _MOST_MAPPED:
            self._read = 0
            for number in [n for n in self._open if not self._frames[n].held]:
                del self._open[number]

    def _make_room(self, held: int) -> None:
        while self._open and (
            len(self._open) >= _MOST_OPEN
            or held + sum(self._frames[n].held for n in self._open) > _MOST_HELD
        ):
            self._open.popitem(last=False)
