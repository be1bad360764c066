"""How long the steps of an epoch take: by the clock on the wall, and in CPU time."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

__all__ = ["Stopwatch"]

# Column of the history -> clock [s]. CPU time is of this process, on all cores together; other
# work on the machine changes it less.
_CLOCKS: Mapping[str, Callable[[], float]] = {
    "seconds": time.monotonic,
    "cpu_seconds": time.process_time,
}


class Stopwatch:
    """Add up what is counted, and leave out what is skipped.

    Attributes
    ----------
    elapsed
        What was counted so far [s]: `seconds` by the wall, `cpu_seconds` of this process.

    Examples
    --------
    >>> watch = Stopwatch()
    >>> watch.count()
    >>> sorted(watch.take())
    ['cpu_seconds', 'seconds']
    >>> watch.elapsed
    {'seconds': 0.0, 'cpu_seconds': 0.0}
    """

    def __init__(self) -> None:
        self.elapsed = dict.fromkeys(_CLOCKS, 0.0)
        self.skip()

    def skip(self) -> None:
        """Leave out what passed since the last call."""
        self._last = {name: clock() for name, clock in _CLOCKS.items()}

    def count(self) -> None:
        """Add what passed since the last call."""
        before = self._last
        self.skip()
        self.elapsed = {
            name: value + self._last[name] - before[name] for name, value in self.elapsed.items()
        }

    def take(self) -> dict[str, float]:
        """Return what was counted, and begin again at 0."""
        taken, self.elapsed = self.elapsed, dict.fromkeys(_CLOCKS, 0.0)
        return taken

    def restore(self, elapsed: Mapping[str, float]) -> None:
        """Go on from what another watch had counted; what it did not know stays unknown.

        Until the next `take` a clock without a number there has none here either, so that
        half an epoch is never given for a whole one.
        """
        self.elapsed = {name: float(elapsed[name]) for name in _CLOCKS if name in elapsed}
