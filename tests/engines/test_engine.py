"""The contract of engines, for every engine that needs nothing else to run."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from toomre.engines.engine import no_report
from toomre.engines.local import LocalEngine


class Counted(Sequence[int]):
    """Tasks that note when they are made."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.made: list[int] = []

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> int:
        self.made.append(index)
        return index


@pytest.mark.parametrize("engine", [LocalEngine()], ids=lambda engine: engine.name)
def test_a_task_is_made_when_it_is_its_turn(engine):
    tasks = Counted(1000)
    results = engine.run(lambda task, report: 2 * task, tasks, no_report)
    assert [next(results) for _ in range(3)] == [0, 2, 4]
    assert len(tasks.made) <= 3 + 2 * engine.workers


@pytest.mark.parametrize("engine", [LocalEngine(), LocalEngine(4)], ids=["one", "more"])
def test_nothing_to_do(engine):
    assert list(engine.run(lambda task, report: task, [], no_report)) == []
    assert engine.deaths == 0
