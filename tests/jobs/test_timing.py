"""Medians of processor time, against work of a known length."""

from __future__ import annotations

from time import process_time, sleep

from toomre.jobs.timing import interleaved, seconds


def spin(wanted: float):
    end = process_time() + wanted
    while process_time() < end:
        pass


def test_processor_time_counts_and_waiting_does_not():
    assert seconds(lambda: sleep(0.05)) < 0.04
    assert seconds(lambda: spin(0.05)) >= 0.05


def test_the_median_leaves_a_slow_round_out():
    rounds = iter([0.2, 0.0, 0.2, 0.0])  # the first one is for warming up
    times = interleaved([lambda: spin(next(rounds)), lambda: spin(0.02)], rounds=3)
    assert times[0] < 0.02 <= times[1] < 0.1
