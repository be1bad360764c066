from __future__ import annotations

import time

import pytest

from toomre.training import stopwatch
from toomre.training.stopwatch import Stopwatch


@pytest.fixture
def clocks(monkeypatch):
    """Clocks that are set by hand."""
    now = {"seconds": 100.0, "cpu_seconds": 7.0}
    fakes = {name: (lambda name=name: now[name]) for name in now}
    monkeypatch.setattr(stopwatch, "_CLOCKS", fakes)

    def wait(seconds, cpu_seconds):
        now["seconds"] += seconds
        now["cpu_seconds"] += cpu_seconds

    return wait


def test_what_is_skipped_does_not_count(clocks):
    watch = Stopwatch()
    clocks(2, 1)
    watch.count()
    clocks(50, 40)
    watch.skip()
    clocks(3, 0.5)
    watch.count()
    assert watch.take() == {"seconds": 5, "cpu_seconds": 1.5}
    clocks(1, 2)
    watch.count()
    assert watch.take() == {"seconds": 1, "cpu_seconds": 2}


def test_it_goes_on_and_what_was_not_known_stays_so_to_the_end_of_the_epoch(clocks):
    watch = Stopwatch()
    watch.restore({"seconds": 10, "cpu_seconds": 8, "best": 3})
    clocks(1, 1)
    watch.count()
    assert watch.take() == {"seconds": 11, "cpu_seconds": 9}
    watch.restore({"seconds": 10})
    clocks(1, 1)
    watch.count()
    assert watch.take() == {"seconds": 11}
    clocks(1, 1)
    watch.count()
    assert watch.take() == {"seconds": 1, "cpu_seconds": 1}


def test_sleep_takes_no_cpu_time_and_work_does():
    watch = Stopwatch()
    time.sleep(0.1)
    watch.count()
    slept = watch.take()
    assert slept["seconds"] >= 0.09
    assert slept["cpu_seconds"] < 0.05
    until = time.process_time() + 0.05
    while time.process_time() < until:
        pass
    watch.count()
    assert watch.take()["cpu_seconds"] >= 0.05
