"""Warnings of other libraries, collected for one input, also with several threads at work."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["collected_warnings"]


class _Listener:
    """Changes the filters of the process when the first reader enters, restores at the last.

    `warnings.catch_warnings` alone is not safe with threads: two that overlap can leave the
    process without its filters. Warnings go to the list of the thread that caused them.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._local = threading.local()
        self._readers = 0
        self._catcher = warnings.catch_warnings()
        self._show_elsewhere: Callable[..., Any] = warnings.showwarning

    def _show(self, message: Warning | str, *rest: Any) -> None:
        lists = getattr(self._local, "lists", None)
        if lists:
            lists[-1].append(str(message))
        else:
            self._show_elsewhere(message, *rest)

    def enter(self, messages: list[str]) -> None:
        with self._lock:
            if self._readers == 0:
                self._catcher = warnings.catch_warnings()
                self._catcher.__enter__()
                self._show_elsewhere = warnings.showwarning
                warnings.simplefilter("always")
                warnings.showwarning = self._show  # type: ignore[assignment]
            self._readers += 1
        if not hasattr(self._local, "lists"):
            self._local.lists = []
        self._local.lists.append(messages)

    def leave(self) -> None:
        self._local.lists.pop()
        with self._lock:
            self._readers -= 1
            if self._readers == 0:
                self._catcher.__exit__(None, None, None)


_LISTENER = _Listener()  # the warning filters belong to the process, so there is one


@contextmanager
def collected_warnings() -> Iterator[list[str]]:
    """Give a list that fills with the warnings of this thread until the block ends.

    Examples
    --------
    >>> with collected_warnings() as messages:
    ...     warnings.warn("a strange header", stacklevel=1)
    >>> messages
    ['a strange header']
    """
    messages: list[str] = []
    _LISTENER.enter(messages)
    try:
        yield messages
    finally:
        _LISTENER.leave()
