"""A Dask cluster: every task once, and a process that dies costs nothing but time."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from toomre.engines.dask import DaskEngine
from toomre.engines.engine import no_report
from toomre.errors import ArgumentError, MissingPackageError


def double(task: int, report) -> tuple[int, int]:
    if task == 13:
        raise ArgumentError("thirteen")
    report()
    return 2 * task, os.getpid()


def test_the_number_of_workers():
    assert DaskEngine().workers >= 1
    with pytest.raises(ArgumentError, match="Expected `workers` to be 1 or more, but got 0"):
        DaskEngine(0)
    with pytest.raises(ArgumentError, match="Expected `workers` to be None with a scheduler"):
        DaskEngine(2, "tcp://127.0.0.1:8786")


def test_no_tasks_start_nothing(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert list(DaskEngine(2).run(double, [], no_report)) == []


def test_the_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(MissingPackageError, match=r"pip install 'toomre\[dask\]'.*--engine local"):
        list(DaskEngine(2).run(double, [1], no_report))


def test_an_address_without_a_scheduler():
    pytest.importorskip("distributed")
    with pytest.raises(ArgumentError, match="Expected `scheduler` to be the address of a running"):
        list(DaskEngine(scheduler="no address").run(double, [1], no_report))


def dies_twice(task: tuple[Path, int], report) -> int:
    """Note each attempt; the one of task 1 kills its process more often than Dask allows."""
    folder, number = task
    attempts = len(list(folder.glob(f"{number}-*")))
    (folder / f"{number}-{attempts}").touch()
    if number == 1 and attempts < 5:
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.1)
    return number


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # Dask's own, of sockets that a kill leaves open
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_processes_of_this_machine(tmp_path):
    pytest.importorskip("distributed")
    calls = []
    engine = DaskEngine(2)
    found = list(engine.run(double, range(9), lambda: calls.append(1)))
    assert sorted(task for task, _ in found) == list(range(0, 18, 2))
    processes = {process for _, process in found}
    assert len(processes) <= 2
    assert os.getpid() not in processes
    assert calls
    assert engine.deaths == 0
    with pytest.raises(ArgumentError, match="thirteen"):
        list(engine.run(double, [1, 13, 2], no_report))
    tasks = [(tmp_path, number) for number in range(6)]
    assert sorted(engine.run(dies_twice, tasks, no_report)) == [0, 1, 2, 3, 4, 5]
    assert 1 <= engine.deaths <= 5  # one that is soon replaced may not be seen
    assert len(list(tmp_path.glob("1-*"))) == 6


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_the_workers_of_a_scheduler():
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=3, processes=True, dashboard_address=None
    ) as cluster:
        engine = DaskEngine(scheduler=cluster.scheduler_address)
        found = list(engine.run(double, range(9), no_report))
        assert sorted(task for task, _ in found) == list(range(0, 18, 2))
        assert engine.workers == 3
