"""Keep a few images open at a time, and let go of them so that the memory stays small."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from mmap import PAGESIZE
from pathlib import Path

from toomre.mosaics.frame import Frame
from toomre.mosaics.pixels import Pixels

__all__ = ["Pool"]

_MOST_OPEN = 32
_MOST_HELD = 256 << 20  # bytes of what is unpacked, but for a single file that is larger
_MOST_MAPPED = 8 << 20  # bytes of files in memory before the maps are closed
_STATM = Path("/proc/self/statm")


class Pool:
    """The open images of one band.

    Pages of a mapped file that were read count as memory of the process until the map is
    closed, and a short row of pixels brings many of its neighbours along. So all maps are closed
    when 8 MiB of files more than before are in memory; where the system does not tell, after so
    many bytes of pixels.

    Parameters
    ----------
    frames
        All images of the band.
    """

    def __init__(self, frames: Sequence[Frame]) -> None:
        self._frames = frames
        self._open: OrderedDict[int, Pixels] = OrderedDict()
        self._before, self._read = _mapped(), 0

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
        mapped = _mapped()
        more = self._read if mapped is None or self._before is None else mapped - self._before
        if more > _MOST_MAPPED:
            for number in [n for n in self._open if not self._frames[n].held]:
                del self._open[number]
            self._before, self._read = _mapped(), 0

    def _make_room(self, held: int) -> None:
        while self._open and (
            len(self._open) >= _MOST_OPEN
            or held + sum(self._frames[n].held for n in self._open) > _MOST_HELD
        ):
            self._open.popitem(last=False)


def _mapped() -> int | None:
    """Return how many bytes of this process's memory are pages of files; None if unknown."""
    try:
        pages = int(_STATM.read_text().split()[2])
    except (OSError, IndexError, ValueError):  # pragma: no cover - not on Linux
        return None
    return pages * PAGESIZE
