"""What a process was at when it died is found out, and leads to the one input that killed it."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toomre.engines.process import last_words
from toomre.errors import OutputError
from toomre.jobs.classify_journal import Journal, Suspects, rows_done

RANGES = st.lists(
    st.tuples(st.integers(0, 60), st.integers(1, 40)).map(lambda pair: (pair[0], sum(pair))),
    max_size=6,
)


@given(ranges=RANGES, start=st.integers(0, 40), count=st.integers(1, 40))
def test_pieces_are_all_rows_once_and_no_larger_than_the_deaths_allow(ranges, start, count):
    pieces = list(Suspects(ranges).pieces(start, start + count))
    rows = [row for first, last in pieces for row in range(first, last)]
    assert rows == list(range(start, start + count))
    for first, last in pieces:
        for a, b in ranges:
            if first < b and a < last:
                assert last - first <= -(-(b - a) // 16)
    if not ranges:
        assert pieces == [(start, start + count)]


def die_at(folder, *rows: tuple[int, int], run: str = "r") -> None:
    """Let a process die at some rows."""
    code = f"""
import os, signal
from pathlib import Path
from toomre.jobs.classify_journal import Journal
with Journal(Path({str(folder)!r}), "k", {run!r}) as journal:
    for rows in {rows!r}:
        journal.at(*rows, done=7)
    os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", code], check=False)
    assert done.returncode == -signal.SIGKILL


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_a_row_is_to_blame_after_two_deaths_at_it(tmp_path):
    die_at(tmp_path, (0, 256))
    assert rows_done(tmp_path) == {"k": 7}
    die_at(tmp_path, (3, 4), (5, 6))
    with Journal(tmp_path, "k", "r") as journal:
        assert journal.suspects.ranges == [(0, 256), (5, 6)]
        assert journal.suspects.killers == set()

    assert not (tmp_path / "suspects" / "k.json").exists()  # the shard is done
    die_at(tmp_path, (5, 6))
    die_at(tmp_path, (5, 6))
    with Journal(tmp_path, "k", "r") as journal:
        assert journal.suspects.killers == {5}
        assert rows_done(tmp_path) == {"k": 0}
    assert rows_done(tmp_path) == {}


def write_stale(folder, *rows: int) -> None:
    with Journal(folder, "k", "r") as journal:
        journal.at(*rows)
        content = (folder / "journals" / "k").read_bytes()
    (folder / "journals" / "k").write_bytes(content)


def test_an_error_is_no_death_and_forgets_nothing(tmp_path):
    write_stale(tmp_path, 5, 6)

    def fail() -> None:
        with Journal(tmp_path, "k", "r"):
            raise ValueError("x")

    for _ in range(2):
        with pytest.raises(ValueError, match="x"):
            fail()
    assert rows_done(tmp_path) == {}
    with Journal(tmp_path, "k", "r") as journal:
        assert journal.suspects.ranges == [(5, 6)]


def test_of_two_living_processes_the_first_has_the_journal(tmp_path):
    with Journal(tmp_path, "k", "r") as first:
        first.at(1, 2, 9)
        with Journal(tmp_path, "k", "r") as second:
            second.at(3, 4, 5)
            assert second.suspects.ranges == []
        assert rows_done(tmp_path) == {"k": 9}


def test_deaths_before_the_first_row_are_not_for_ever(tmp_path):
    def begin(run: str) -> None:
        try:
            with Journal(tmp_path, "k", run):
                content = (tmp_path / "journals" / "k").read_bytes()
                raise KeyboardInterrupt
        except KeyboardInterrupt:
            (tmp_path / "journals" / "k").write_bytes(content)

    for _ in range(3):
        begin("r")
    with pytest.raises(OutputError, match=r"3 processes died .* before the first image.*memory"):
        begin("r")
    begin("another")
    begin("another")


def test_deaths_everywhere_end_the_run(tmp_path):
    suspects = Suspects()
    for row in range(64):
        suspects.add((row, row + 1), "r")
    suspects.check()
    suspects.add((64, 65), "r")
    with pytest.raises(OutputError, match="65 processes died at the same part of the input"):
        suspects.check()


def test_rows_are_not_to_blame_when_the_parent_is_killed(tmp_path):
    with Journal(tmp_path, "k", "r") as journal:
        journal.at(3, 4)
        for speak in list(last_words):
            speak()  # as a worker does that is left alone, before it ends
        with Journal(tmp_path, "k", "r") as other:
            assert other.suspects.ranges == []
    assert last_words == []
