"""Tasks on a Ray cluster: one of this machine, or one that is running."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from toomre.engines.engine import Report, Work, no_report
from toomre.engines.process import cores
from toomre.errors import ArgumentError, OutputError
from toomre.packages import import_package

__all__ = ["RayEngine"]

Task = TypeVar("Task")
Result = TypeVar("Result")

_SECONDS = 0.5  # between two reports
_NEED = ("The engine ray", "take another one (--engine local)")
_AHEAD = 2  # tasks that are given out for each worker, so that none waits for its next
_RETRIES = 3  # by Ray itself, of a task whose process died
_TRIES = 16  # by us after that; the task itself gives up much sooner


class RayEngine:
    """A cluster of Ray.

    Parameters
    ----------
    workers
        How many processes of one thread each to start on this machine; None takes all cores.
    address
        That of a running cluster instead: ``"auto"``, or such as ``"ray://node1:10001"``. Its
        nodes need this package and the same disks.
    gpus
        GPUs that each task takes; a part of one lets several tasks share it.

    Raises
    ------
    ArgumentError
        If there is no cluster at the address, or it is given with workers.
    MissingPackageError
        From `run`: if Ray is not installed.
    OutputError
        From `run`: if the processes die whatever they are given.

    Examples
    --------
    >>> RayEngine(2).workers
    2
    """

    name = "ray"

    def __init__(
        self, workers: int | None = None, address: str | None = None, gpus: float = 0.0
    ) -> None:
        if workers is not None and workers < 1:
            raise ArgumentError.expected("workers", "1 or more", workers)
        if workers is not None and address is not None:
            raise ArgumentError.expected("workers", "None with a scheduler, which has its", workers)
        if gpus < 0:
            raise ArgumentError.expected("gpus", "0 or more", gpus)
        self.workers = (workers or cores()) if address is None else 0
        self.deaths = 0
        self._address = address
        self._gpus = gpus

    def run(
        self, work: Work[Task, Result], tasks: Sequence[Task], report: Report
    ) -> Iterator[Result]:
        """Give the results of all tasks; see `toomre.engines.engine.Engine`."""
        if not tasks:
            return
        ray = import_package("ray", "ray", *_NEED)
        ours = not ray.is_initialized()
        if ours:
            self._begin(ray)
        running: dict[Any, int] = {}
        try:
            if self._address is not None:
                self.workers = max(int(ray.cluster_resources().get("CPU", 1)), 1)
            yield from self._run((work, tasks, report), running, ray)
        finally:
            for reference in running:
                ray.cancel(reference, force=True)
            if ours:
                ray.shutdown()

    def _begin(self, ray: Any) -> None:
        quiet = {"log_to_driver": False, "include_dashboard": False}
        try:
            if self._address is None:
                os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is sent out
                ray.init(num_cpus=self.workers, **quiet)
            else:
                ray.init(address=self._address, log_to_driver=False)
        except (ConnectionError, ValueError) as error:
            allowed = "the address of a running Ray cluster, such as auto or ray://node1:10001"
            raise ArgumentError.expected("scheduler", allowed, self._address) from error

    def _run(
        self,
        job: tuple[Work[Task, Result], Sequence[Task], Report],
        running: dict[Any, int],
        ray: Any,
    ) -> Iterator[Result]:
        work, tasks, report = job
        waiting = iter(range(len(tasks)))
        tries: dict[int, int] = {}
        options = {"num_cpus": 1, "num_gpus": self._gpus, "max_retries": _RETRIES}
        remote = ray.remote(**options)(_without_report)
        while True:
            for _ in range(_AHEAD * self.workers - len(running)):
                number = next(waiting, None)
                if number is None:
                    break
                running[remote.remote(work, tasks[number])] = number
            if not running:
                return
            report()
            done, _ = ray.wait(list(running), num_returns=1, timeout=_SECONDS)
            for reference in done:
                number = running.pop(reference)
                try:
                    result = ray.get(reference)
                except _deaths(ray) as error:
                    self.deaths += 1 + _RETRIES
                    tries[number] = tries.get(number, 0) + 1
                    if tries[number] >= _TRIES:
                        raise OutputError(f"All workers die at the same task. {error}") from error
                    running[remote.remote(work, tasks[number])] = number
                    continue
                except ray.exceptions.RayTaskError as error:
                    raise _cause(error) from error
                yield result


def _without_report(work: Work[Task, Result], task: Task) -> Result:
    return work(task, no_report)


def _deaths(ray: Any) -> tuple[type[Exception], ...]:
    """Return the errors that tell that a process or its machine died."""
    names = ("WorkerCrashedError", "NodeDiedError", "OutOfMemoryError", "LocalRayletDiedError")
    found = (getattr(ray.exceptions, name, None) for name in names)
    return tuple(error for error in found if error is not None)


def _cause(error: Any) -> BaseException:
    """Return what the task raised, without Ray's own error around it."""
    cause = getattr(error, "cause", None)
    return cause if isinstance(cause, BaseException) else error
