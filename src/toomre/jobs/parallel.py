"""Do several tasks, here or in several processes, and say how far they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, MutableSequence, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from typing import TypeVar

from toomre.engines.process import SPAWN, begin_worker

__all__ = ["Report", "in_parallel"]

Task = TypeVar("Task")
Result = TypeVar("Result")
#: Takes the fraction of a task that is done.
Report = Callable[[float], None]

_SECONDS = 0.5

# Of a worker process: how much of each task is done, shared with the process that waits.
_fractions: MutableSequence[float] = []


def in_parallel(
    work: Callable[[Task, Report], Result],
    tasks: Sequence[Task],
    workers: int,
    report: Callable[[Sequence[float]], None],
) -> Iterator[Result]:
    """Give the results of all tasks, in any order.

    With one worker they are done here, one after the other; with more, in as many processes of
    one thread each, so that a script that calls this must be guarded by
    ``if __name__ == "__main__":``. The first error ends the others and is raised.

    Parameters
    ----------
    work
        A function of a module, (task, report) -> result.
    tasks
        What it takes.
    workers
        How many processes.
    report
        Called from time to time with the fraction of each task that is done.

    Examples
    --------
    >>> list(in_parallel(lambda task, report: 2 * task, [1, 2], 1, lambda done: None))
    [2, 4]
    """
    if min(workers, len(tasks)) <= 1:
        yield from _here(work, tasks, report)
        return
    fractions = SPAWN.Array("d", len(tasks), lock=False)
    pool = ProcessPoolExecutor(
        min(workers, len(tasks)), mp_context=SPAWN, initializer=_begin, initargs=(fractions,)
    )
    with pool:
        waiting: set[Future[Result]] = {
            pool.submit(_do, work, task, number) for number, task in enumerate(tasks)
        }
        try:
            while waiting:
                done, waiting = wait(waiting, _SECONDS, FIRST_COMPLETED)
                report(list(fractions))
                yield from (future.result() for future in done)
        except BaseException:
            # Nobody waits for trainings of hours whose results are not wanted any more.
            for process in list(pool._processes.values()):
                process.terminate()
            raise


def _here(
    work: Callable[[Task, Report], Result],
    tasks: Sequence[Task],
    report: Callable[[Sequence[float]], None],
) -> Iterator[Result]:
    done = [0.0] * len(tasks)
    for number, task in enumerate(tasks):

        def step(fraction: float, number: int = number) -> None:
            done[number] = fraction
            report(done)

        result = work(task, step)
        step(1.0)
        yield result


def _begin(fractions: MutableSequence[float]) -> None:
    global _fractions  # noqa: PLW0603 - the way into a process that is made by spawn
    _fractions = fractions
    begin_worker()


def _do(work: Callable[[Task, Report], Result], task: Task, number: int) -> Result:
    def step(fraction: float) -> None:
        _fractions[number] = fraction

    result = work(task, step)
    step(1.0)
    return result
