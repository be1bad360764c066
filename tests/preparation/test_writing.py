"""A prepared set on disk: complete, hashed, bounded in memory, and never half of one."""

from __future__ import annotations

import json
import resource
import signal
import sys
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from toomre.errors import ArgumentError, OutputError, OutputExistsError
from toomre.images.cutout import Cutout
from toomre.images.flags import Flag
from toomre.images.grid import Grid
from toomre.preparation.prepared import PreparedSet
from toomre.preparation.split import SplitOptions
from toomre.preparation.writing import FILES, Plan, write_prepared
from toomre.surveys.vote_tree import ANSWERS

PLAN = Plan(Grid(size=8), SplitOptions(seed=5), "toomre prepare x", "2026-01-01T00:00:00+00:00")


def _catalog(size: int) -> pd.DataFrame:
    names = [f"g{i}" for i in range(size)]
    return pd.DataFrame(
        {
            "image_id": names,
            "galaxy_id": names,
            "label": pd.array([i % 2 for i in range(size)], dtype="Int8"),
            "ra": np.nan,
            "dec": np.nan,
            "redshift": 0.1,
            "flags": 0,
            "reason": "",
            "objid": pd.array(
                [587732769978777642 + i if i else None for i in range(size)], "Int64"
            ),
        }
    )


def _cutouts(size: int, bad: int = -1) -> Iterator[Cutout]:
    for i in range(size):
        pixels = np.full((2, 8, 8), i, dtype=np.float32)
        cutout = Cutout(pixels, bands=("g", "r"), pixel_scale=0.4)
        yield cutout.flagged(Flag.BLANK, "all equal") if i == bad else cutout


def test_everything_is_stored(tmp_path: Path) -> None:
    calls: list[tuple[int, int]] = []
    write_prepared(
        tmp_path / "out",
        _catalog(40),
        _cutouts(40, bad=3),
        PLAN,
        progress=lambda done, total: calls.append((done, total)),
    )
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(FILES)
    done = PreparedSet.open(tmp_path / "out", verify=True)  # also checks both SHA-256
    assert done.images.shape == (40, 2, 8, 8)
    assert np.isnan(done.images[3]).all()
    assert done.images[39, 1, 7, 7] == 39
    assert list(done.catalog.columns[:9]) == [
        *("image_id", "galaxy_id", "label", "ra", "dec", "redshift"),
        *("status", "flags", "reason"),
    ]
    assert done.catalog["label"].dtype == "Int8"
    assert done.catalog["objid"].tolist() == _catalog(40)["objid"].tolist()
    assert done.catalog.loc[3, "status"] == "bad"
    assert done.catalog.loc[3, "flags"] == Flag.BLANK.value
    assert done.catalog.loc[3, "reason"] == "blank: all equal"
    assert done.split is not None
    assert done.split.table["part"][3] == ""
    info = json.loads((tmp_path / "out" / "dataset.json").read_text())
    assert info["bands"] == ["g", "r"]
    assert info["pixel_scale"] == 0.4
    assert info["status_counts"] == {"ok": 39, "warn": 0, "bad": 1}
    assert (info["command"], info["seed"]) == ("toomre prepare x", 5)
    assert calls == [(i + 1, 40) for i in range(40)]


def test_same_input_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_prepared(tmp_path / name, _catalog(30), _cutouts(30), PLAN)
    for name in FILES:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_without_labels_there_is_no_split(tmp_path: Path) -> None:
    catalog = _catalog(5).assign(label=pd.array([None] * 5, dtype="Int8"))
    write_prepared(tmp_path / "out", catalog, _cutouts(5), PLAN)
    assert PreparedSet.open(tmp_path / "out").split is None
    assert not (tmp_path / "out" / "split.csv").exists()


def test_votes_are_split_where_all_are_there(tmp_path: Path) -> None:
    votes = dict.fromkeys(ANSWERS, 0.5)
    catalog = _catalog(20).assign(label=pd.array([None] * 20, dtype="Int8"), **votes)
    catalog.loc[[3, 8], "Class8.6"] = np.nan
    write_prepared(tmp_path / "votes", catalog, _cutouts(20), PLAN)
    prepared = PreparedSet.open(tmp_path / "votes")
    parts = prepared.own_split().table["part"]
    assert parts[parts == ""].index.tolist() == [3, 8]
    assert set(parts.drop([3, 8])) == {"train", "valid", "test"}
    assert prepared.catalog["Class1.1"].tolist() == [0.5] * 20


def test_memory_does_not_grow(tmp_path: Path) -> None:
    size = 64

    def cutouts(count: int) -> Iterator[Cutout]:
        for _ in range(count):
            yield Cutout(np.zeros((3, size, size), np.float32), bands=("i", "r", "g"))

    peaks = []
    for count in (20, 400):
        tracemalloc.start()
        catalog = _catalog(count).assign(label=pd.array([None] * count, dtype="Int8"))
        write_prepared(tmp_path / str(count), catalog, cutouts(count), PLAN)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] - peaks[0] < 2e6  # the 380 more images have 19 MB


def test_e78_no_training_split_leaves_nothing(tmp_path: Path) -> None:
    catalog = _catalog(10).assign(label=pd.array([1] * 10, dtype="Int8"))
    with pytest.raises(ArgumentError, match="10 mergers and 0 nonmergers"):
        write_prepared(tmp_path / "out", catalog, _cutouts(10), PLAN)
    assert list(tmp_path.iterdir()) == []


def test_e79_output_exists(tmp_path: Path) -> None:
    write_prepared(tmp_path / "out", _catalog(20), _cutouts(20), PLAN)
    before = (tmp_path / "out" / "dataset.json").read_bytes()
    with pytest.raises(OutputExistsError):
        write_prepared(tmp_path / "out", _catalog(30), _cutouts(30), PLAN)
    assert (tmp_path / "out" / "dataset.json").read_bytes() == before
    write_prepared(tmp_path / "out", _catalog(30), _cutouts(30), PLAN, overwrite=True)
    assert len(PreparedSet.open(tmp_path / "out")) == 30


@pytest.mark.skipif(sys.platform != "linux", reason="limits the size of files")
def test_e79_disk_full_while_writing(tmp_path: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, limits[1]))
    try:
        with pytest.raises(OutputError, match="cannot be written: File too large"):
            write_prepared(tmp_path / "out", _catalog(20), _cutouts(20), PLAN)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)
    assert list(tmp_path.iterdir()) == []


def test_e79_failure_at_any_image_leaves_nothing(tmp_path: Path) -> None:
    def failing(at: int) -> Iterator[Cutout]:
        for number, cutout in enumerate(_cutouts(20)):
            if number == at:
                raise KeyboardInterrupt
            yield cutout

    for at in (0, 1, 19):
        with pytest.raises(KeyboardInterrupt):
            write_prepared(tmp_path / "out", _catalog(20), failing(at), PLAN)
        assert list(tmp_path.iterdir()) == []
