"""A shard's key is the same for the same work, and another one for any other."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from tests.mosaics.conftest import header_of, make_wcs, table_of

from toomre.jobs.classify import classify
from toomre.jobs.classify_opened import open_classification
from toomre.jobs.classify_options import ClassifyOptions
from toomre.jobs.classify_plan import Shards, make_plan
from toomre.mosaics.patterns import MosaicSource
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


@pytest.fixture
def tiles(rng, tmp_path):
    """Two images a band, and 22 galaxies in no order: source, table, and the image of each."""
    shape, files, worlds = (600, 60), {}, []
    for number, centre in enumerate([(150.0, 2.0), (150.5, 2.0)]):
        wcs = make_wcs(shape=shape, turn=0.0, centre=centre)
        worlds.append(wcs)
        for band in "gri":
            image = rng.normal(0, 1, shape).astype(np.float32)
            fits.writeto(tmp_path / f"{band}{number}.fits", image, header_of(wcs))
            files[band] = str(tmp_path / f"{band}?.fits")
    image, y = rng.integers(0, 2, 22), rng.uniform(20, 580, 22)
    sky = [worlds[n].all_pix2world(30, row, 0) for n, row in zip(image, y, strict=True)]
    table = table_of([ra for ra, _ in sky], [dec for _, dec in sky])
    table.loc[5, ["ra", "dec"]] = 10.0, 10.0  # in no image
    table.to_csv(tmp_path / "t.csv", index=False)
    image[5] = -1
    return MosaicSource(files), tmp_path / "t.csv", image, y


@pytest.fixture
def small_blocks(small_shards, monkeypatch):
    for module in ("classify", "classify_opened"):
        monkeypatch.setattr(f"toomre.jobs.{module}.SHARD_ROWS", 4)
    monkeypatch.setattr("toomre.jobs.classify_plan._BLOCK_SHARDS", 2)


@pytest.mark.usefixtures("small_blocks")
def test_the_rows_of_mosaics_are_read_image_by_image_from_top_to_bottom(tiles, model):
    source, table, image, y = tiles
    given = table, Columns()
    opened = open_classification(source, model, given, ClassifyOptions(), Path("o.csv"))
    plan = make_plan(opened.job(table.parent / "work"), opened.inputs)
    assert [list(block) for block in plan.blocks()] == [[0, 1], [2, 3], [4, 5]]
    # The slow way: 64 rows of pixels are read together; a stamp of 17 begins 8.5 below its centre.
    strips = [-1 if n < 0 else np.ceil(row - 8.5) // 64 for n, row in zip(image, y, strict=True)]
    for start in (0, 8, 16):
        rows = range(start, min(start + 8, 22))
        expected = sorted(rows, key=lambda row: (image[row], strips[row]))
        assert plan.places[start : start + 8].tolist() == expected
    ids = [str(name) for shard in Shards(plan, range(6)) for name in shard.rows.table["image_id"]]
    assert ids == [f"g{row}" for row in plan.places]


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("ending", [".parquet", ".csv"])
def test_the_catalogue_of_mosaics_is_in_the_order_of_the_table(tiles, model, tmp_path, ending):
    source, table, *_ = tiles
    expected = classify(source, model, None, table).table
    out = tmp_path / f"o{ending}"
    for part in ((1, 2), (0, 2)):
        classify(source, model, out, table, options=ClassifyOptions(part=part))
    found = classify(source, model, out, table)
    assert found.classified == 0
    assert found.table.equals(expected)
    assert found.table["image_id"].tolist() == [f"g{row}" for row in range(22)]
    assert found.table["p_merger"].nunique() == 21
