"""Measure pieces of work by the processor time they take, in turn, so that ratios are steady."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from time import process_time


def seconds(work: Callable[[], object]) -> float:
    """Return the processor seconds that some work takes."""
    start = process_time()
    work()
    return process_time() - start


def interleaved(works: list[Callable[[], object]], rounds: int) -> list[float]:
    """Return the median seconds of each work, taken in turn after one round to warm up."""
    for work in works:
        work()
    times = [[seconds(work) for work in works] for _ in range(rounds)]
    return [median(column) for column in zip(*times, strict=True)]
