"""A Ray cluster: every task once, and a process that dies costs nothing but time."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from toomre.engines.engine import no_report
from toomre.engines.ray import RayEngine
from toomre.errors import ArgumentError, MissingPackageError, OutputError


def double(task: int, report) -> int:
    if task == 13:
        raise ArgumentError("thirteen")
    report()
    return 2 * task


class Crashed(Exception):
    """As `ray.exceptions.WorkerCrashedError`."""


class Raised(Exception):
    """As `ray.exceptions.RayTaskError`."""

    def __init__(self, cause):
        self.cause = cause


class StandIn:
    """As the module ray, in this process; tasks of `deadly` end as if their process had died."""

    exceptions = SimpleNamespace(WorkerCrashedError=Crashed, RayTaskError=Raised)

    def __init__(self, deadly=(), deaths=1):
        self.left = dict.fromkeys(deadly, deaths)
        self.calls = []
        self.most = 0
        self.open = {}

    def is_initialized(self):
        return False

    def init(self, **options):
        if options.get("address") == "nowhere":
            raise ConnectionError("no cluster")
        self.calls.append(options)

    def cluster_resources(self):
        return {"CPU": 3.0}

    def remote(self, **options):
        self.calls.append(options)

        def submit(work, task):
            reference = object()
            self.open[reference] = task, lambda: function[0](work, task)
            self.most = max(self.most, len(self.open))
            return reference

        function = []
        return lambda given: function.append(given) or SimpleNamespace(remote=submit)

    def wait(self, references, num_returns, timeout):
        return references[-num_returns:], references[:-num_returns]

    def get(self, reference):
        task, call = self.open.pop(reference)
        if self.left.get(task, 0):
            self.left[task] -= 1
            raise Crashed("died")
        try:
            return call()
        except ArgumentError as error:
            raise Raised(error) from error

    def cancel(self, reference, force):
        del self.open[reference]

    def shutdown(self):
        self.calls.append("end")


def test_every_task_once_and_few_at_a_time(monkeypatch):
    ray = StandIn()
    monkeypatch.setitem(sys.modules, "ray", ray)
    calls = []
    found = list(RayEngine(2, gpus=0.5).run(double, range(9), lambda: calls.append(1)))
    assert sorted(found) == list(range(0, 18, 2))
    assert len(calls) == 9
    assert ray.most == 4
    assert ray.calls[0]["num_cpus"] == 2
    assert ray.calls[1] == {"num_cpus": 1, "num_gpus": 0.5, "max_retries": 3}
    assert ray.calls[-1] == "end"


def test_a_task_whose_process_died_is_given_out_again(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", StandIn(deadly=[3], deaths=2))
    engine = RayEngine(2)
    assert sorted(engine.run(double, range(5), no_report)) == [0, 2, 4, 6, 8]
    assert engine.deaths == 8
    monkeypatch.setitem(sys.modules, "ray", StandIn(deadly=[3], deaths=99))
    with pytest.raises(OutputError, match="All workers die at the same task"):
        list(RayEngine(2).run(double, range(5), no_report))


def test_the_first_error_ends_the_others(monkeypatch):
    ray = StandIn()
    monkeypatch.setitem(sys.modules, "ray", ray)
    with pytest.raises(ArgumentError, match="thirteen"):
        list(RayEngine(2).run(double, [1, 2, 3, 13, 4], no_report))
    assert not ray.open
    assert ray.calls[-1] == "end"


def test_a_running_cluster(monkeypatch):
    ray = StandIn()
    monkeypatch.setitem(sys.modules, "ray", ray)
    engine = RayEngine(address="auto")
    assert sorted(engine.run(double, [1, 2], no_report)) == [2, 4]
    assert engine.workers == 3
    assert ray.calls[0]["address"] == "auto"
    with pytest.raises(ArgumentError, match=r"Expected `scheduler` to be the address .*'nowhere'"):
        list(RayEngine(address="nowhere").run(double, [1], no_report))


def test_arguments(monkeypatch):
    assert RayEngine().workers >= 1
    with pytest.raises(ArgumentError, match="Expected `workers` to be 1 or more"):
        RayEngine(0)
    with pytest.raises(ArgumentError, match="Expected `workers` to be None with a scheduler"):
        RayEngine(1, "auto")
    with pytest.raises(ArgumentError, match="Expected `gpus` to be 0 or more"):
        RayEngine(1, gpus=-1)
    monkeypatch.setitem(sys.modules, "ray", None)
    assert list(RayEngine(2).run(double, [], no_report)) == []
    with pytest.raises(MissingPackageError, match=r"pip install 'toomre\[ray\]'.*--engine local"):
        list(RayEngine(2).run(double, [1], no_report))


def dies_often(task: tuple[Path, int], report) -> int:
    """Note each attempt; the one of task 1 kills its process more often than Ray tries."""
    folder, number = task
    attempts = len(list(folder.glob(f"{number}-*")))
    (folder / f"{number}-{attempts}").touch()
    if number == 1 and attempts < 5:
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.1)
    return number


@pytest.mark.nightly
@pytest.mark.filterwarnings("ignore")  # Ray's own
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_processes_of_this_machine(tmp_path, monkeypatch):
    pytest.importorskip("ray")
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    engine = RayEngine(2)
    tasks = [(tmp_path, number) for number in range(6)]
    assert sorted(engine.run(dies_often, tasks, no_report)) == [0, 1, 2, 3, 4, 5]
    assert engine.deaths == 4
    assert len(list(tmp_path.glob("1-*"))) == 6
