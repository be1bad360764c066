"""Which shards a catalogue is made of: fixed before any work, the same for every run of a job."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from toomre.inference.rows import Rows, file_state
from toomre.jobs.classify_files import shard_path
from toomre.jobs.classify_inputs import Inputs
from toomre.jobs.classify_shard import Shard, ShardJob

__all__ = ["SHARD_ROWS", "Plan", "Shards", "job_key", "make_plan"]

#: Rows of a shard.
SHARD_ROWS = 1024

# Shards within which the rows of mosaics are sorted; so many are in memory when all is merged.
_BLOCK_SHARDS = 128


@dataclass(frozen=True, eq=False)
class Plan:
    """The shards of a catalogue.

    Attributes
    ----------
    job
        What they have in common.
    inputs
        What is read.
    keys
        A hash of each, in the order of their rows: of the job, the first row, names and table,
        and of size and time of the files.
    places
        The row of the table at each place of the plan, shape (rows,): of mosaics, which are read
        image by image from top to bottom, whatever the table's order. None: the table's order.
    """

    job: ShardJob
    inputs: Inputs
    keys: tuple[str, ...]
    places: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def folder(self) -> Path:
        """Where the files of the shards are."""
        return self.job.folder

    def span(self, number: int) -> tuple[int, int]:
        """Return the places of a shard: from the first to before another one."""
        start = number * SHARD_ROWS
        return start, min(start + SHARD_ROWS, self.inputs.total)

    def count(self, number: int) -> int:
        """Return how many rows a shard has."""
        start, stop = self.span(number)
        return stop - start

    def path(self, number: int) -> Path:
        """Return the file of a shard."""
        return shard_path(self.folder, self.keys[number])

    def shard(self, number: int) -> Shard:
        """Return a shard, to be sent to whoever does it."""
        start, stop = self.span(number)
        rows = _rows(self.inputs, self.places, start, stop)
        return Shard(self.job, self.keys[number], start, rows)

    def blocks(self) -> Iterator[range]:
        """Give the shards that have consecutive rows of the table among them."""
        size = 1 if self.places is None else _BLOCK_SHARDS
        for first in range(0, len(self), size):
            yield range(first, min(first + size, len(self)))

    def missing(self, numbers: Iterable[int]) -> list[int]:
        """Return those of some shards whose file is not there."""
        names = {path.name for path in self.folder.iterdir()} if self.folder.is_dir() else set()
        return [number for number in numbers if self.path(number).name not in names]


@dataclass(frozen=True, eq=False)
class Shards(Sequence[Shard]):
    """Some shards of a plan, each made when it is asked for, so that few are in memory."""

    plan: Plan
    numbers: Sequence[int]

    def __len__(self) -> int:
        return len(self.numbers)

    @overload
    def __getitem__(self, index: int) -> Shard: ...
    @overload
    def __getitem__(self, index: slice) -> Shards: ...
    def __getitem__(self, index: int | slice) -> Shard | Shards:
        if isinstance(index, slice):
            return Shards(self.plan, self.numbers[index])
        return self.plan.shard(self.numbers[index])


def job_key(facts: Mapping[str, Any]) -> str:
    """Return the hash of what decides the scores.

    Examples
    --------
    >>> job_key({"a": 1, "b": None}) == job_key({"b": None, "a": 1})
    True
    """
    return sha256(json.dumps(facts, sort_keys=True, default=repr).encode()).hexdigest()


def make_plan(job: ShardJob, inputs: Inputs) -> Plan:
    """Look at the names and at the state of the files of all inputs, and fix the shards."""
    shared, places = [file_state(path) for path in inputs.shared], _places(inputs)
    keys = []
    for start in range(0, inputs.total, SHARD_ROWS):
        rows = _rows(inputs, places, start, min(start + SHARD_ROWS, inputs.total))
        states = [file_state(path) for path in rows.files]
        facts = repr((job.key, start, rows.digest, shared, states))
        keys.append(sha256(facts.encode()).hexdigest())
    return Plan(job, inputs, tuple(keys), places)


def _places(inputs: Inputs) -> NDArray[np.int64] | None:
    """Return the row at each place: sorted for the least reading within each block."""
    if inputs.mosaics is None:
        return None
    places = np.arange(inputs.total, dtype=np.int64)
    size = SHARD_ROWS * _BLOCK_SHARDS
    for start in range(0, inputs.total, size):
        places[start : start + size] = inputs.mosaics.reading_order(places[start : start + size])
    return places


def _rows(inputs: Inputs, places: NDArray[np.int64] | None, start: int, stop: int) -> Rows:
    if places is None or inputs.mosaics is None:
        return inputs.rows(start, stop)
    return inputs.mosaics.pick(places[start:stop])
