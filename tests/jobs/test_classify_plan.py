"""A shard's key is the same for the same work, and another one for any other."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from toomre.jobs.classify_opened import open_classification
from toomre.jobs.classify_options import ClassifyOptions
from toomre.jobs.classify_plan import Shards, make_plan
from toomre.preparation.columns import Columns
from toomre.preparation.inputs import Source

STATED = {"bands": ("g", "r", "i"), "pixel_scale": 0.4}


@pytest.fixture
def stack(galaxies, rng, tmp_path):
    np.save(tmp_path / "stack.npy", galaxies(10, 21, rng))
    (tmp_path / "t.csv").write_text("image_id,ra,dec\n" + "".join(f"{i},1,1\n" for i in range(10)))
    return tmp_path / "stack.npy"


@pytest.fixture
def model(make_model):
    return make_model(grid={"size": 17, "crop": 17, "native_pixel_scale": 0.4})


@pytest.fixture
def small_shards(monkeypatch):
    monkeypatch.setattr("toomre.jobs.classify_plan.SHARD_ROWS", 4)


def plan_of(source: Path, model: Path, table: Path | None = None, **options: object):
    stated = ClassifyOptions(**{**STATED, **options})
    given = table, Columns()
    opened = open_classification(Source(source), model, given, stated, Path("o.csv"))
    return make_plan(opened.job(source.parent / "work"), opened.inputs)


@pytest.mark.usefixtures("small_shards")
def test_all_rows_are_in_one_shard_each(stack, model):
    plan = plan_of(stack, model)
    assert [plan.span(number) for number in range(len(plan))] == [(0, 4), (4, 8), (8, 10)]
    assert len(set(plan.keys)) == 3
    shards = Shards(plan, [2, 0])
    assert [shard.first for shard in shards] == [8, 0]
    assert [shard.key for shard in shards[1:]] == [plan.keys[0]]
    assert [item.image_id for item in shards[0].rows.items] == ["8", "9"]
    plan.folder.mkdir()
    plan.path(1).touch()
    assert plan.missing(range(3)) == [0, 2]


@pytest.mark.usefixtures("small_shards")
def test_only_what_decides_the_scores_is_in_the_key(stack, model, monkeypatch):
    keys = plan_of(stack, model).keys
    same = {"workers": 2, "chunk_size": 5, "overwrite": True, "part": (0, 2), "device": "cpu"}
    assert plan_of(stack, model, **same).keys == keys
    monkeypatch.chdir(stack.parent)
    assert plan_of(Path("stack.npy"), model).keys == keys
    for other in ({"threshold": 0.7}, {"batch_size": 3}, {"allow_domain": True}):
        assert set(plan_of(stack, model, **other).keys).isdisjoint(keys), other
    assert set(plan_of(stack, model, pixel_scale=0.41).keys).isdisjoint(keys)


@pytest.mark.usefixtures("small_shards")
def test_another_content_of_a_file_or_a_table_shows(stack, model):
    table = stack.parent / "t.csv"
    keys = plan_of(stack, model, table).keys
    assert set(plan_of(stack, model).keys).isdisjoint(keys)
    table.write_text(table.read_text().replace("9,1,1", "9,1,2"))
    changed = plan_of(stack, model, table).keys
    assert [a == b for a, b in zip(keys, changed, strict=True)] == [True, True, False]
    os.utime(stack, ns=(1, 1))
    assert set(plan_of(stack, model, table).keys).isdisjoint(changed)


@pytest.mark.usefixtures("small_shards")
def test_of_files_only_the_shard_of_a_changed_one_changes(galaxies, rng, model, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for index, image in enumerate(galaxies(10, 21, rng)):
        np.save(folder / f"{index}.npy", image)
    keys = plan_of(folder, model).keys
    np.save(folder / "5.npy", np.zeros((3, 22, 22)))
    changed = plan_of(folder, model).keys
    assert [a == b for a, b in zip(keys, changed, strict=True)] == [True, False, True]
    (folder / "0.npy").unlink()
    assert set(plan_of(folder, model).keys).isdisjoint(changed)
