"""Processes that work for this one: how they begin, and that they end with it."""

from __future__ import annotations

import os
from multiprocessing import get_context, parent_process
from threading import Thread

__all__ = ["SPAWN", "begin_worker", "cores"]

#: How processes are made. Not "fork": it would copy threads of the libraries in a state that may
#: hang.
SPAWN = get_context("spawn")


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
        os._exit(1)
