"""Processes that work for this one: how they begin, and that they end with it."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing import get_context, parent_process, resource_tracker
from multiprocessing.process import BaseProcess
from threading import Thread
from time import monotonic
from typing import NoReturn

__all__ = [
    "SPAWN",
    "begin_worker",
    "cores",
    "end_workers",
    "last_words",
    "torch_threads",
    "without_interrupts",
]

#: How processes are made. Not "fork": it would copy threads of the libraries in a state that may
#: hang.
SPAWN = get_context("spawn")

#: What a worker does when it ends because its parent did or says so, which is no fault of its work.
last_words: list[Callable[[], None]] = []

_PATIENCE = 10  # seconds for last words
_ASKED = getattr(signal, "SIGUSR1", None)  # not on Windows


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


@contextmanager
def without_interrupts() -> Iterator[None]:
    """Keep Ctrl-C, which a terminal sends to all, from the processes that start in the block.

    They are deaf to it from the beginning, and this process hears of it after the block.

    Examples
    --------
    >>> with without_interrupts():
    ...     signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, [])
    True
    """
    if not hasattr(signal, "pthread_sigmask"):  # pragma: no cover - Windows
        yield
        return
    resource_tracker.ensure_running()  # it would let the signal through in the middle
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def begin_worker() -> None:
    """Make this process a worker: one thread for torch, and an end when its parent ends.

    Ctrl-C is left to the parent, which ends its workers (`end_workers`).
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if _ASKED is not None:
        signal.signal(_ASKED, lambda *_: _end())
    import torch

    torch.set_num_threads(1)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End this process when the one that waits for it was killed, so that no lock is left."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        _end()


def _end() -> NoReturn:
    for speak in last_words:
        with suppress(Exception):
            speak()
    os._exit(1)


def end_workers(processes: Sequence[BaseProcess]) -> None:
    """End workers in the middle of their work; each says its `last_words` if it can.

    Examples
    --------
    >>> end_workers([])
    """
    for process in processes:
        if _ASKED is not None and process.pid is not None and process.is_alive():
            os.kill(process.pid, _ASKED)
    last = monotonic() + _PATIENCE
    for process in processes:
        if _ASKED is not None:
            process.join(max(last - monotonic(), 0))
        process.kill()
