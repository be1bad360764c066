"""Tasks in this process, or in several of this machine; one that dies is replaced."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from toomre.engines.engine import Report, Work, no_report
from toomre.engines.process import SPAWN, begin_worker, cores, end_workers, without_interrupts
from toomre.errors import ArgumentError, OutputError

__all__ = ["LocalEngine"]

Task = TypeVar("Task")
Result = TypeVar("Result")

_SECONDS = 0.5  # between two reports
_TRIES = 5  # of a process that dies before it begins to work


class LocalEngine:
    """The machine that runs this.

    Each worker is a pool of one process, so that the death of one touches no other's task. A
    script that asks for other processes must be guarded by ``if __name__ == "__main__":``.

    Parameters
    ----------
    workers
        How many processes of one thread each; None takes all cores.
    isolated
        Whether even a single task, or a single worker's, is done in another process, so that a
        task that kills its process does not kill this one. By default one worker, or one task,
        is this process.

    Raises
    ------
    OutputError
        From `run`: if a process dies again and again before it begins to work.

    Examples
    --------
    >>> list(LocalEngine().run(lambda task, report: 2 * task, [1, 2], no_report))
    [2, 4]
    """

    name = "local"

    def __init__(self, workers: int | None = 1, *, isolated: bool = False) -> None:
        if workers is not None and workers < 1:
            raise ArgumentError.expected("workers", "1 or more", workers)
        self.workers = cores() if workers is None else workers
        self.deaths = 0
        self._isolated = isolated

    def run(
        self, work: Work[Task, Result], tasks: Sequence[Task], report: Report
    ) -> Iterator[Result]:
        """Give the results of all tasks; see `toomre.engines.engine.Engine`."""
        workers = min(self.workers, len(tasks))
        if not workers or (workers == 1 and not self._isolated):
            for number in range(len(tasks)):
                yield work(tasks[number], report)
            return
        slots = [_Slot() for _ in range(workers)]
        try:
            yield from self._run(work, tasks, report, slots)
        finally:
            end_workers([process for slot in slots for process in slot.processes])
            for slot in slots:
                slot.close()

    def _run(
        self,
        work: Work[Task, Result],
        tasks: Sequence[Task],
        report: Report,
        slots: Sequence[_Slot],
    ) -> Iterator[Result]:
        waiting = iter(range(len(tasks)))
        running: dict[Future[Result], tuple[_Slot, int]] = {}
        for slot, number in zip(slots, waiting, strict=False):
            running[slot.submit(work, tasks[number], no_report)] = slot, number
        while running:
            done, _ = wait(running, _SECONDS, FIRST_COMPLETED)
            report()
            for future in done:
                slot, number = running.pop(future)
                error = future.exception()
                again: int | None = number
                if not isinstance(error, BrokenProcessPool):
                    yield future.result()
                    again = next(waiting, None)
                else:
                    self.deaths += 1
                    slot.replace()
                if again is not None:
                    running[slot.submit(work, tasks[again], no_report)] = slot, again


class _Slot:
    """The place of one worker process."""

    def __init__(self) -> None:
        self._stillborn = 0
        self._begin()

    def submit(self, work: Work[Task, Result], task: Task, report: Report) -> Future[Result]:
        """Give the process a task."""
        try:
            return self._pool.submit(work, task, report)
        except BrokenProcessPool as error:  # it died before it had anything to do
            lost: Future[Result] = Future()
            lost.set_exception(error)
            return lost

    def replace(self) -> None:
        """Put a new process in the place of one that died."""
        began = self._hello.done() and self._hello.exception() is None
        self._stillborn = 0 if began else self._stillborn + 1
        if self._stillborn >= _TRIES:
            raise OutputError(
                f"A worker process died {_TRIES} times before it could begin. Is there not enough "
                "memory? Take fewer processes (--workers), and run again: what is done is kept."
            )
        self._pool.shutdown(wait=False)
        self._begin()

    @property
    def processes(self) -> list[Any]:
        """The process, if there is one."""
        return list((self._pool._processes or {}).values())

    def close(self) -> None:
        """Give back what is left when the process has ended."""
        self._pool.shutdown(cancel_futures=True)

    def _begin(self) -> None:
        self._pool = ProcessPoolExecutor(1, mp_context=SPAWN, initializer=begin_worker)
        with without_interrupts():
            self._hello: Future[int] = self._pool.submit(os.getpid)
