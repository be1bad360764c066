"""Processes of this machine: every task once, and the death of one is no one else's."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from toomre.engines import local
from toomre.engines.engine import no_report
from toomre.engines.local import LocalEngine
from toomre.errors import ArgumentError, OutputError


def double(task: int, report) -> tuple[int, int, int]:
    import torch

    if task == 13:
        raise ArgumentError("thirteen")
    report()
    return 2 * task, os.getpid(), torch.get_num_threads()


def test_one_worker_is_this_process():
    calls = []
    found = list(LocalEngine().run(double, [3, 1, 2], lambda: calls.append(1)))
    assert [task for task, _, _ in found] == [6, 2, 4]
    assert {process for _, process, _ in found} == {os.getpid()}
    assert len(calls) == 3
    (alone,) = LocalEngine(4).run(double, [3], no_report)
    assert alone[1] == os.getpid()


def test_the_number_of_workers():
    assert LocalEngine(None).workers >= 1
    with pytest.raises(ArgumentError, match="Expected `workers` to be 1 or more, but got 0"):
        LocalEngine(0)


@pytest.mark.slow
def test_several_processes_of_one_thread_and_the_first_error():
    calls = []
    found = list(LocalEngine(2).run(double, range(6), lambda: calls.append(1)))
    assert sorted(task for task, _, _ in found) == [0, 2, 4, 6, 8, 10]
    processes = {process for _, process, _ in found}
    assert len(processes) <= 2
    assert os.getpid() not in processes
    assert {threads for _, _, threads in found} == {1}
    assert calls
    with pytest.raises(ArgumentError, match="thirteen"):
        list(LocalEngine(2).run(double, [1, 13, 2], no_report))


def dies_twice(task: tuple[Path, int], report) -> int:
    """Note each attempt; the one of task 1 kills its process twice."""
    folder, number = task
    attempts = len(list(folder.glob(f"{number}-*")))
    (folder / f"{number}-{attempts}").touch()
    if number == 1 and attempts < 2:
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.2)
    return number


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_a_death_costs_the_task_of_that_process_only(tmp_path):
    engine = LocalEngine(2)
    tasks = [(tmp_path, number) for number in range(5)]
    assert sorted(engine.run(dies_twice, tasks, no_report)) == [0, 1, 2, 3, 4]
    assert engine.deaths == 2
    attempts = [len(list(tmp_path.glob(f"{number}-*"))) for number in range(5)]
    assert attempts == [1, 3, 1, 1, 1]


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
@pytest.mark.parametrize("workers", [1, 4])
def test_isolated_a_single_task_that_kills_does_not_kill_this_process(tmp_path, workers):
    engine = LocalEngine(workers, isolated=True)
    assert list(engine.run(dies_twice, [(tmp_path, 1)], no_report)) == [1]
    assert engine.deaths == 2
    (alone,) = engine.run(double, [3], no_report)
    assert alone[1] != os.getpid()
    assert list(engine.run(double, [], no_report)) == []


def die() -> None:
    os._exit(1)


@pytest.mark.slow
def test_processes_that_cannot_begin_end_the_run(monkeypatch):
    monkeypatch.setattr(local, "begin_worker", die)
    with pytest.raises(OutputError, match=r"died 5 times before it could begin.*--workers"):
        list(LocalEngine(2).run(double, [1, 2], no_report))
