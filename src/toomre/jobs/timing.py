"""Measure pieces of work by the processor time they take, in turn, so that ratios are steady."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median
from time import process_time

__all__ = ["interleaved", "seconds"]


def seconds(work: Callable[[], object]) -> float:
    """Return the processor seconds that some work takes.

    Examples
    --------
    >>> seconds(lambda: None) < 1
    True
    """
    start = process_time()
    work()
    return process_time() - start


def interleaved(works: Sequence[Callable[[], object]], rounds: int) -> list[float]:
    """Return the median seconds of each work, taken in turn after one round to warm up.

    Examples
    --------
    >>> calls = []
    >>> _ = interleaved([lambda: calls.append("a"), lambda: calls.append("b")], rounds=2)
    >>> calls
    ['a', 'b', 'a', 'b', 'a', 'b']
    """
    for work in works:
        work()
    times = [[seconds(work) for work in works] for _ in range(rounds)]
    return [median(column) for column in zip(*times, strict=True)]
