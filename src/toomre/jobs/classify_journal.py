"""What a process is at, written down for whoever goes on if it dies; and what killed it."""

from __future__ import annotations

import os
import struct
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO

from toomre.engines.process import last_words
from toomre.errors import OutputError
from toomre.storage import read_json, write_json

try:
    import fcntl
except ImportError:  # pragma: no cover - not on Windows
    fcntl = None  # type: ignore[assignment]

__all__ = ["Journal", "Suspects", "rows_done"]

_ENTRY = struct.Struct("<3q")  # the rows at work, from one to before another; rows done
_NONE = -1
_TWICE = 2  # deaths that tell that a row is to blame
_PARTS = 16  # of rows that were at work together when the process died
_IDLE_DEATHS = 3  # before the first row
_ALL_DEATHS = 64


@dataclass
class Suspects:
    """The rows of a shard at which processes died.

    Attributes
    ----------
    ranges
        The rows that were at work at each death, [from, before).
    run
        The run that the two counts belong to.
    deaths, idle_deaths
        How many processes died at the shard, and how many of them before the first row.
    """

    ranges: list[tuple[int, int]] = field(default_factory=list)
    run: str = ""
    deaths: int = 0
    idle_deaths: int = 0

    @property
    def killers(self) -> set[int]:
        """The rows that are not tried again: two processes died at each, and at no other.

        Examples
        --------
        >>> Suspects([(3, 4), (0, 16), (3, 4), (5, 6)]).killers
        {3}
        """
        counts = Counter(start for start, stop in self.ranges if stop - start == 1)
        return {row for row, count in counts.items() if count >= _TWICE}

    def pieces(self, start: int, stop: int) -> Iterator[tuple[int, int]]:
        """Divide rows into those that may be at work together.

        Rows that were at work together at a death are divided by 16, down to single ones, so
        that another death says more.

        Examples
        --------
        >>> list(Suspects([(0, 32)]).pieces(0, 6))
        [(0, 2), (2, 4), (4, 6)]
        >>> list(Suspects([(3, 4), (3, 4)]).pieces(0, 6))
        [(0, 3), (3, 4), (4, 6)]
        """
        most = [stop - start] * (stop - start)
        for first, last in self.ranges:
            for row in range(max(first, start), min(last, stop)):
                most[row - start] = min(most[row - start], -(-(last - first) // _PARTS))
        begin = start
        while begin < stop:
            end, least = begin + 1, most[begin - start]
            while end < stop and end - begin < (least := min(least, most[end - start])):
                end += 1
            yield begin, end
            begin = end

    def add(self, rows: tuple[int, int], run: str) -> None:
        """Note the rows that were at work at a death, and count those of this run."""
        if self.run != run:
            self.run, self.deaths, self.idle_deaths = run, 0, 0
        self.deaths += 1
        if rows[0] == _NONE:
            self.idle_deaths += 1
        else:
            self.ranges.append(rows)

    def check(self) -> None:
        """Raise an `OutputError` if processes die whatever they are given."""
        if self.idle_deaths >= _IDLE_DEATHS or self.deaths > _ALL_DEATHS:
            when = "before the first image" if self.idle_deaths >= _IDLE_DEATHS else "at work"
            raise OutputError(
                f"{self.deaths} processes died at the same part of the input, the last one {when}. "
                "Is there not enough memory? Take fewer processes (--workers), and run again: "
                "what is done is kept."
            )


class Journal:
    """What this process is at in a shard, in a file of 24 bytes.

    It is there while the shard is at work. If another process has the shard as well, there is
    only that one's.

    Parameters
    ----------
    folder
        The work folder.
    key
        The shard's.
    run
        Which run this is, see `Suspects`.

    Attributes
    ----------
    suspects
        The rows at which processes died before.

    Raises
    ------
    OutputError
        On entering: if processes died at this shard whatever they were given.
    """

    def __init__(self, folder: Path, key: str, run: str) -> None:
        self._path = folder / "journals" / key
        self._known = folder / "suspects" / f"{key}.json"
        self._run = run
        self._file: IO[bytes] | None = None
        self._done = 0
        self.suspects = Suspects()

    def __enter__(self) -> Journal:
        for path in (self._path, self._known):
            path.parent.mkdir(parents=True, exist_ok=True)
        if self._known.is_file():
            known = read_json(self._known)
            self.suspects = Suspects(**{**known, "ranges": [(a, b) for a, b in known["ranges"]]})
        file = os.fdopen(os.open(self._path, os.O_RDWR | os.O_CREAT), "r+b", buffering=0)
        if not _locked(file):
            file.close()
            return self
        self._file = file
        try:
            self._blame(file)
        except BaseException:
            self._end()
            raise
        self.at(_NONE, _NONE)
        last_words.append(self._end)  # rows are not to blame for the death of the parent
        return self

    def at(self, start: int, stop: int, done: int | None = None) -> None:
        """Note the rows that are at work from now on, and how many are done."""
        self._done = self._done if done is None else done
        if self._file is not None:
            self._file.seek(0)
            self._file.write(_ENTRY.pack(start, stop, self._done))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()
        if self._end in last_words:
            last_words.remove(self._end)
        if kind is None:
            self._known.unlink(missing_ok=True)

    def _blame(self, file: IO[bytes]) -> None:
        """Add what a process was at that died."""
        file.seek(0)
        content = file.read(_ENTRY.size)
        if len(content) == _ENTRY.size:
            start, stop, _ = _ENTRY.unpack(content)
            self.suspects.add((start, stop), self._run)
            write_json(self._known, vars(self.suspects))
            self.suspects.check()

    def _end(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            self._path.unlink(missing_ok=True)
            file.close()


def rows_done(folder: Path) -> dict[str, int]:
    """Return how many rows of each shard that is at work are done: key -> rows."""
    found = {}
    with suppress(OSError):
        for path in (folder / "journals").iterdir():
            with suppress(OSError):
                content = path.read_bytes()
                if len(content) == _ENTRY.size:
                    found[path.name] = int(_ENTRY.unpack(content)[2])
    return found


def _locked(file: IO[bytes]) -> bool:
    """Return whether no other living process has the file."""
    if fcntl is None:  # pragma: no cover - then nobody should do a shard twice at a time
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a disk without locks
        return True
    return True
