"""Processes that work for this one: how they begin, and that they end with it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import get_context, parent_process
from threading import Thread

__all__ = ["SPAWN", "begin_worker", "cores", "last_words", "torch_threads"]

#: How processes are made. Not "fork": it would copy threads of the libraries in a state that may
#: hang.
SPAWN = get_context("spawn")

#: What a worker does when it ends because its parent did, which is no fault of its work.
last_words: list[Callable[[], None]] = []


def cores() -> int:
    """Return how many cores this process may use.

    Examples
    --------
    >>> cores() >= 1
    True
    """
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1  # pragma: no cover - not on Linux


@contextmanager
def torch_threads(number: int = 1) -> Iterator[None]:
    """Let torch have so many threads within the block.

    The order of its sums depends on them, and so do the last bits of what it computes.

    Examples
    --------
    >>> import torch
    >>> with torch_threads(1):
    ...     torch.get_num_threads()
    1
    """
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def begin_worker() -> None:
    """Make this process a worker: one thread for torch, and an end when its parent ends."""
    import torch

    torch.set_num_threads(1)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End this process when the one that waits for it was killed, so that no lock is left."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        for speak in last_words:
            with suppress(Exception):
                speak()
        os._exit(1)
