"""Wherever the last steps are stopped, a reader sees the old catalogue or the new one."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from itertools import count
from pathlib import Path
from unittest.mock import Mock

import pytest
from tests.inference.test_catalog import rows_of

from toomre.errors import MissingFileError
from toomre.inference.catalog import SCHEMA
from toomre.inference.catalog_reading import read_catalog
from toomre.inference.manifest import sidecar_of, work_folder
from toomre.jobs import classify_closing
from toomre.jobs.classify_closing import Output
from toomre.jobs.classify_files import shard_path, write_shard
from toomre.jobs.classify_inputs import Inputs
from toomre.jobs.classify_plan import Plan
from toomre.jobs.classify_run import run_plan


class Stop(BaseException):
    """A stop that nothing catches, as a kill is."""


class Stopper:
    """Lets a process die at the n-th call of those that change what is on the disk."""

    def __init__(self, patch: pytest.MonkeyPatch, place: int, after: bool) -> None:
        self.left = place
        self.after = after
        for owner, name in (
            (os, "fsync"),
            (os, "unlink"),
            (Path, "replace"),
            (Path, "unlink"),
            (Path, "write_bytes"),
            (Path, "mkdir"),
            (shutil, "rmtree"),
        ):
            patch.setattr(owner, name, self.wrap(getattr(owner, name)))

    def wrap(self, real):
        def call(*args, **options):
            self.left -= 1
            if self.left < 0 or (self.left == 0 and not self.after):
                raise Stop  # what is dead tidies nothing up
            result = real(*args, **options)
            if self.left == 0:
                raise Stop
            return result

        return call


class Canned:
    """An engine that writes shards which need no model."""

    name, workers, deaths = "canned", 1, 0

    def run(self, work, tasks, report):
        for task in tasks:
            start = task.first
            rows = rows_of([f"{task.job.key}-{row}" for row in range(start, start + 3)])
            write_shard(shard_path(task.job.folder, task.key), task.key, rows, "{}")
            yield 3


def run(path: Path, key: str, *, overwrite: bool = True) -> int:
    """Make a catalogue of six rows in two shards; return how many were done for it."""
    job = Mock(folder=work_folder(path), key=key)
    keys = tuple(f"{key}{number}" for number in range(2))
    plan = Plan(job, Inputs(lambda start, stop: None, 6), keys)
    output = Output(path, SCHEMA, 0.5, overwrite, {"toomre": "0"})
    _, done = run_plan(plan, output, Canned(), None)
    return done


@pytest.fixture(autouse=True)
def small_shards(monkeypatch):
    monkeypatch.setattr("toomre.jobs.classify_plan.SHARD_ROWS", 3)
    monkeypatch.setattr(os, "fsync", lambda file: None)  # quicker


def seen(path: Path) -> bytes | None:
    """Return what a reader takes for a catalogue."""
    try:
        read_catalog(path)
    except MissingFileError:
        return None
    return path.read_bytes()


# Files of the dead are closed when nobody knows them any more.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("ending", [".parquet", pytest.param(".csv", marks=pytest.mark.slow)])
@pytest.mark.parametrize("there", [False, True], ids=["new", "replaced"])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_stop_anywhere(tmp_path, monkeypatch, ending, there, after):
    contents = {}
    for key in ("old", "new"):
        run(tmp_path / f"{key}{ending}", key)
        contents[key] = (tmp_path / f"{key}{ending}").read_bytes()
    allowed = {contents["new"], contents["old"] if there else None}
    found = set()
    for place in count(1):
        out = tmp_path / f"{place}" / f"o{ending}"
        out.parent.mkdir()
        if there:
            run(out, "old")
        with monkeypatch.context() as patch:
            stopper = Stopper(patch, place, after)
            with suppress(Stop):
                run(out, "new")
        if stopper.left > 0:
            break
        found.add(seen(out))
        assert found <= allowed, place
        run(out, "new")
        assert out.read_bytes() == contents["new"], place
        names = {path.name for path in out.parent.iterdir()}
        assert names == {out.name, sidecar_of(out).name}, place
        shutil.rmtree(out.parent)
    assert place > 40
    assert found == allowed


def test_a_catalogue_that_is_in_place_needs_no_shards_to_be_closed(tmp_path, monkeypatch):
    out = tmp_path / "o.parquet"

    def stop(path, target):
        if Path(target) == sidecar_of(out):
            raise Stop
        return real(path, target)

    real = Path.replace
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", stop)
        with pytest.raises(Stop):
            run(out, "a", overwrite=False)
    content = out.read_bytes()
    assert not sidecar_of(out).exists()
    for path in work_folder(out).glob("*.parquet"):
        path.unlink()
    assert run(out, "a", overwrite=False) == 0
    assert out.read_bytes() == content
    assert sidecar_of(out).is_file()
    assert not work_folder(out).exists()


@pytest.mark.parametrize("damage", [False, True])
def test_what_was_merged_is_looked_at_before_it_is_used(tmp_path, monkeypatch, damage):
    out = tmp_path / "o.parquet"

    def stop(*_: object) -> None:
        raise Stop

    with monkeypatch.context() as patch:
        patch.setattr(classify_closing, "_put", stop)
        with pytest.raises(Stop):
            run(out, "a")
    made = work_folder(out) / "catalogue.parquet"
    before = made.read_bytes()
    if damage:
        made.write_bytes(before[:-1])
    assert run(out, "a") == 0
    assert out.read_bytes() == before
