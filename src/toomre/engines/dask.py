"""Tasks on a Dask cluster: one of this machine, or that of a scheduler."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import ExitStack, contextmanager
from threading import Lock
from typing import Any, TypeVar

from toomre.engines.engine import Report, Work, no_report
from toomre.engines.process import cores
from toomre.errors import ArgumentError, OutputError
from toomre.packages import import_package

__all__ = ["DaskEngine"]

Task = TypeVar("Task")
Result = TypeVar("Result")

_SECONDS = 0.5  # between two reports
_NEED = ("The engine dask", "take another one (--engine local)")
_AHEAD = 2  # tasks that are given out for each worker, so that none waits for its next
_TRIES = 64  # of a task before which processes die; the task itself gives up much sooner
_ALONE = Lock()


class DaskEngine:
    """A cluster of dask.distributed.

    Parameters
    ----------
    workers
        How many processes of one thread each to start on this machine; None takes all cores. A
        script that asks for them must be guarded by ``if __name__ == "__main__":``.
    scheduler
        The address of a running scheduler instead, such as ``"tcp://node1:8786"``. Its workers
        need this package and the same disks. It is the scheduler that says how many they are,
        and they may come and go.

    Attributes
    ----------
    deaths
        How many workers have left while there was work; one that was soon replaced may be missing.

    Raises
    ------
    ArgumentError
        If there is no scheduler at the address, or both arguments are given.
    MissingPackageError
        From `run`: if dask.distributed is not installed.
    OutputError
        From `run`: if the scheduler has gone, or the processes die whatever they are given.

    Examples
    --------
    >>> DaskEngine(2).workers
    2
    """

    name = "dask"

    def __init__(self, workers: int | None = None, scheduler: str | None = None) -> None:
        if workers is not None and workers < 1:
            raise ArgumentError.expected("workers", "1 or more", workers)
        if workers is not None and scheduler is not None:
            raise ArgumentError.expected("workers", "None with a scheduler, which has its", workers)
        self.workers = (workers or cores()) if scheduler is None else 0
        self.deaths = 0
        self._scheduler = scheduler

    def run(
        self, work: Work[Task, Result], tasks: Sequence[Task], report: Report
    ) -> Iterator[Result]:
        """Give the results of all tasks; see `toomre.engines.engine.Engine`."""
        if not tasks:
            return
        distributed = import_package("distributed", "dask", *_NEED)
        with self._client(distributed) as client:
            running: dict[Any, int] = {}
            try:
                yield from self._run((work, tasks, report), client, running, distributed)
            except (CancelledError, OSError) as error:
                if client.status == "running":
                    raise
                raise OutputError(
                    f"The Dask scheduler {client.scheduler.address} has gone. Start one and run "
                    "again: what is done is kept."
                ) from error
            finally:
                if client.status == "running":
                    client.cancel(list(running))

    def _run(
        self,
        job: tuple[Work[Task, Result], Sequence[Task], Report],
        client: Any,
        running: dict[Any, int],
        distributed: Any,
    ) -> Iterator[Result]:
        work, tasks, report = job
        waiting = iter(range(len(tasks)))
        tries: dict[int, int] = {}
        known: set[str] = set()
        while True:
            known = self._look(client, known)
            for _ in range(_AHEAD * max(self.workers, 1) - len(running)):
                number = next(waiting, None)
                if number is None:
                    break
                running[_submitted(client, work, tasks[number])] = number
            if not running:
                return
            report()
            for future in _done(list(running), client, distributed):
                number = running.pop(future)
                error = future.exception() if future.status == "error" else None
                if not isinstance(error, distributed.KilledWorker):
                    yield future.result()
                    continue
                tries[number] = tries.get(number, 0) + 1
                if tries[number] >= _TRIES:
                    raise OutputError(f"All workers die at the same task. {error}") from error
                running[_submitted(client, work, tasks[number])] = number

    def _look(self, client: Any, known: set[str]) -> set[str]:
        """Return the workers that there are now, and count those that have left."""
        threads: dict[str, int] = client.ncores()
        self.deaths += len(known - set(threads))
        if self._scheduler is not None:
            self.workers = max(sum(threads.values()), 1)
        return set(threads)

    @contextmanager
    def _client(self, distributed: Any) -> Iterator[Any]:
        with ExitStack() as stack:
            address: Any = self._scheduler
            if address is None:
                address = stack.enter_context(
                    distributed.LocalCluster(
                        n_workers=self.workers,
                        threads_per_worker=1,
                        processes=True,
                        dashboard_address=None,
                        memory_limit=None,
                    )
                )
            try:
                client = distributed.Client(address, set_as_default=False)
            except (OSError, ValueError) as error:
                allowed = "the address of a running Dask scheduler, such as tcp://node1:8786"
                raise ArgumentError.expected("scheduler", allowed, address) from error
            yield stack.enter_context(client)


def _submitted(client: Any, work: Work[Task, Result], task: Task) -> Any:
    # Not pure: the scheduler would otherwise hash the task, and keep one result for equal ones.
    return client.submit(_alone, work, task, pure=False)


def _alone(work: Work[Task, Result], task: Task) -> Result:
    """Do a task while no other thread of this process does one, for torch's threads are shared."""
    with _ALONE:
        return work(task, no_report)


def _done(futures: list[Any], client: Any, distributed: Any) -> list[Any]:
    """Wait for a moment; return those that have ended."""
    try:
        with client.as_current():
            distributed.wait(futures, timeout=_SECONDS, return_when="FIRST_COMPLETED")
    except TimeoutError:
        return []
    except CancelledError:  # of one of them: its result tells
        pass
    return [future for future in futures if future.done()]
