"""HATS in and out of a classification: the manifest, two runs, and another job's place."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from toomre.errors import ArgumentError, CorruptFileError, OutputExistsError
from toomre.inference.catalog_hats import hats_sha256
from toomre.inference.catalog_reading import read_catalog, read_provenance
from toomre.inference.manifest import sidecar_of
from toomre.jobs import classify_closing
from toomre.jobs.classify import ClassifyOptions, classify
from toomre.jobs.prepare import prepare

pytest.importorskip("hats")

STATED = {"bands": ("g", "r", "i"), "pixel_scale": 0.4}
OPTIONS = ClassifyOptions(**STATED)


@pytest.fixture(autouse=True)
def small_shards(monkeypatch):
    """Shards of four rows."""
    for module in ("classify_plan", "classify", "classify_opened"):
        monkeypatch.setattr(f"toomre.jobs.{module}.SHARD_ROWS", 4)


@pytest.fixture
def given(galaxies, rng, tmp_path, make_model):
    """A stack, a model and a table, in which one galaxy has no position."""
    np.save(tmp_path / "stack.npy", galaxies(9, 21, rng))
    ra, dec = rng.uniform(0, 360, 9), rng.uniform(-90, 90, 9)
    ra[7] = np.nan
    table = pd.DataFrame({"id": range(9), "ra": ra, "dec": dec, "mass": 1.0})
    table.to_parquet(tmp_path / "t.parquet")
    model = make_model(grid={"size": 17, "crop": 17, "native_pixel_scale": 0.4})
    return tmp_path / "stack.npy", model, tmp_path / "t.parquet"


def run(given, out, **changed):
    stack, model, table = given
    options = ClassifyOptions(**STATED, **changed)
    return classify(stack, model, out, table, options=options)


def test_the_same_rows_as_parquet_and_a_finished_run_does_nothing(given, tmp_path):
    plain = run(given, tmp_path / "o.parquet")
    found = run(given, tmp_path / "o.hats")
    pd.testing.assert_frame_equal(found.table, plain.table)
    content = json.loads(sidecar_of(tmp_path / "o.hats").read_text())
    assert content["manifest"]["sha256"] == hats_sha256(tmp_path / "o.hats")
    assert read_provenance(tmp_path / "o.hats")["counts"]["images"] == 9
    assert run(given, tmp_path / "o.hats").classified == 0
    names = {path.name for path in tmp_path.iterdir() if path.name.startswith((".", "o."))}
    assert names == {"o.parquet", "o.parquet.json", "o.hats", "o.hats.json"}
    run(given, tmp_path / "again" / "p.hats", chunk_size=2)
    assert hats_sha256(tmp_path / "again" / "p.hats") == hats_sha256(tmp_path / "o.hats")


def test_another_job_and_a_changed_folder(given, tmp_path):
    out = tmp_path / "o.hats"
    run(given, out)
    before = hats_sha256(out)
    with pytest.raises(OutputExistsError, match="is there already"):
        run(given, out, threshold=0.9)
    replaced = run(given, out, threshold=0.9, overwrite=True)
    assert replaced.classified == 9
    assert hats_sha256(out) != before
    (out / "unplaced.parquet").unlink()
    with pytest.raises(CorruptFileError, match="damaged or changed"):
        read_catalog(out)


def test_a_run_that_dies_between_the_last_steps_closes_again(given, tmp_path, monkeypatch):
    out = tmp_path / "o.hats"
    run(given, out, threshold=0.9)

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(classify_closing, "_put", die)
        with pytest.raises(KeyboardInterrupt):
            run(given, out, overwrite=True)
    assert len(read_catalog(out)) == 9
    done = run(given, out, overwrite=True)
    assert done.classified == 0
    assert read_provenance(out)["options"]["threshold"] is None


def test_hats_as_the_table(given, tmp_path):
    stack, model, _ = given
    written = run(given, tmp_path / "o.hats").table
    found = classify(stack, model, catalog=tmp_path / "o.hats", options=OPTIONS)
    # Its rows are along the sky, and the one without a position is not among them.
    assert len(found) == 8
    assert found.table["image_id"].tolist() != sorted(found.table["image_id"])
    both = found.table.set_index("image_id")["ra"]
    assert both.to_dict() == written.dropna(subset="ra").set_index("image_id")["ra"].to_dict()


def test_the_order_of_hats_names_no_image_of_a_stack(given, tmp_path):
    stack, model, table = given
    frame = pd.read_parquet(table)
    frame.assign(id=[f"g{row}" for row in range(9)], ra=frame["ra"].fillna(1)).to_parquet(table)
    run(given, tmp_path / "o.hats")
    with pytest.raises(ArgumentError, match="sorted along the sky"):
        run((stack, model, tmp_path / "o.hats"), tmp_path / "o.csv")
    with pytest.raises(ArgumentError, match="sorted along the sky"):
        prepare(stack, tmp_path / "set", catalog=tmp_path / "o.hats")


def test_images_without_a_table_have_no_place_on_the_sky(given, tmp_path):
    stack, model, _ = given
    with pytest.raises(ArgumentError, match="`catalog` to be a table with ra and dec for HATS"):
        classify(stack, model, tmp_path / "o.hats", options=OPTIONS)
