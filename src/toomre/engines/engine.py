"""What does tasks: this process, several of this machine, or those of a cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeVar

__all__ = ["Engine", "Report", "Work", "no_report"]

Task = TypeVar("Task")
Result = TypeVar("Result")

#: Called now and then, so that whoever waits can look how far the tasks are.
Report = Callable[[], None]
#: A function of a module: (task, report) -> result.
Work = Callable[[Task, Report], Result]


class Engine(Protocol):
    """Something that does tasks.

    The tasks are such that doing one twice is harmless, in any order and at the same time; so an
    engine needs no bookkeeping of its own. What is done is on a disk that all processes see.

    Attributes
    ----------
    name
        As in ``--engine``.
    workers
        How many tasks are done at a time.
    deaths
        How many processes have died while they did a task, as far as the engine knows.
    """

    name: str
    workers: int
    deaths: int

    def run(
        self, work: Work[Task, Result], tasks: Sequence[Task], report: Report
    ) -> Iterator[Result]:
        """Give the results of all tasks, in any order.

        Parameters
        ----------
        work
            A function of a module, which other processes import. Elsewhere than in this process
            it is given `no_report`.
        tasks
            What it takes; each can be pickled and is small. The sequence makes a task when it is
            asked for one, so ask for few at a time and keep none that is done.
        report
            To be called in this process about twice a second, and at will by `work` where that
            runs in this process.

        Raises
        ------
        Exception
            The first that `work` raised; the other tasks are then ended or left to themselves.
            A task whose process died is no error: it is given out again, as often as it takes,
            for `work` itself gives up when that leads nowhere.
        """
        ...


def no_report() -> None:
    """Do nothing: the report of tasks that are done in another process.

    Examples
    --------
    >>> no_report()
    """
