"""``toomre.bias``: scores and catalogue come together, and what depends on what is found."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pandas as pd
import pytest

import toomre
from toomre.errors import ArgumentError, OutputExistsError
from toomre.jobs.bias import bias
from toomre.jobs.evaluate import evaluate
from toomre.storage import read_json, sha256_file, write_json


def with_columns(folder, change):
    catalog = change(pd.read_parquet(folder / "catalog.parquet"))
    catalog.to_parquet(folder / "catalog.parquet", index=False)
    info = read_json(folder / "dataset.json")
    info["catalog_sha256"] = sha256_file(folder / "catalog.parquet")
    write_json(folder / "dataset.json", info)


@pytest.fixture(scope="module")
def data(tiny_set, tmp_path_factory):
    """The tiny set with a mass, a time to the merger and a camera."""
    folder = tmp_path_factory.mktemp("bias") / "set"
    shutil.copytree(tiny_set, folder)
    rng = np.random.default_rng(2)

    def change(catalog):
        galaxy = catalog["galaxy_id"].str[1:].astype(int).to_numpy()
        merger = (catalog["label"] == 1).to_numpy()
        return catalog.assign(
            log_mass=rng.normal(10, 0.3, 60)[galaxy],
            time_to_merger=np.where(merger, rng.normal(0, 0.1, 60)[galaxy], np.nan),
            camera=catalog.groupby("galaxy_id").cumcount(),
        )

    with_columns(folder, change)
    return folder


@pytest.fixture(scope="module")
def run(data, tmp_path_factory):
    recipe = toomre.Recipe.parse(
        """
        name = "tiny"
        input.size = 17
        backbone.name = "deepmerge2"
        head.name = "deepmerge2"
        training = { epochs = 2, batch_size = 12 }
        [[loss]]
        name = "cross_entropy"
        """
    )
    options = toomre.TrainOptions(device="cpu")
    return toomre.train(recipe, data, tmp_path_factory.mktemp("run") / "run", options=options)


@pytest.fixture(scope="module")
def done(run, tmp_path_factory):
    return bias(run, tmp_path_factory.mktemp("out") / "bias", part="train", device="cpu")


def test_files_and_figures(done):
    names = {path.name for path in done.folder.iterdir()}
    assert names == {
        "bias.json", "cameras.csv", "curves.csv", "figures", "scores.parquet", "tests.csv",
    }  # fmt: skip
    figures = {path.name for path in (done.folder / "figures").iterdir()}
    wanted = ["states", "tests", "cameras", "by_state", "by_time_to_merger", "by_log_mass"]
    wanted += ["by_camera", "plane_log_mass"]
    assert figures == {f"{name}.{kind}" for name in wanted for kind in ("png", "pdf")}
    record = json.loads((done.folder / "bias.json").read_text())
    assert record["part"] == "train"
    assert len(record["tests"]) == len(done.tests)


def test_every_image_counts_once_beside_its_own_columns(done, run, data):
    scores = evaluate(run, part="train", device="cpu", figures=False).scores
    joined = pd.read_parquet(done.folder / "scores.parquet")
    assert joined["image_id"].tolist() == scores["image_id"].tolist()
    np.testing.assert_array_equal(joined["p_merger"], scores["p_merger"])
    catalog = pd.read_parquet(data / "catalog.parquet").set_index("image_id")
    np.testing.assert_array_equal(
        joined["log_mass"], catalog.loc[joined["image_id"], "log_mass"].to_numpy()
    )
    first = done.curves.drop_duplicates(["column", "bin"])
    images = first.groupby("column")["images"].sum()
    assert images["log_mass"] == images["camera"] == len(joined)
    assert images["state"] == images["time_to_merger"] == (joined["label"] == 1).sum()
    assert set(first.loc[first["column"] == "state", "category"]) <= {
        "past merger", "future merger",
    }  # fmt: skip


def test_cameras_of_each_class(done):
    assert set(done.cameras) == {"mergers", "nonmergers"}
    assert done.cameras["mergers"].table["sides"].tolist() == [0, 1, 2]
    assert done.cameras["mergers"].table["galaxies"].sum() == 18


def test_a_column_of_another_table_that_explains_the_errors(run, data, done, tmp_path):
    joined = pd.read_parquet(done.folder / "scores.parquet")
    error = (joined["label"].astype(float) - joined["p_merger"]).abs()
    table = pd.DataFrame({"image_id": joined["image_id"], "m20": error, "log_mass": 1.0})
    table.to_csv(tmp_path / "morphology.csv", index=False)
    found = bias(
        run,
        tmp_path / "out",
        part="train",
        table=tmp_path / "morphology.csv",
        columns=["m20", "log_mass"],
        device="cpu",
    )
    by = found.tests.set_index(["column", "class"])
    assert (by.loc["m20", "value"] == 1).all()
    assert (by.loc["m20", "p_holm"] < 0.01).all()
    assert (by.loc["log_mass", "value"].abs() < 1).all()  # the catalogue's, not the table's
    assert (tmp_path / "out" / "figures" / "plane_m20.png").is_file()


def test_another_models_scores_are_not_taken(run, done, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(run.folder, folder)
    (evaluation,) = (folder / "evaluations").iterdir()
    record = read_json(evaluation / "metrics.json")
    write_json(evaluation / "metrics.json", {**record, "model_id": "older", "threshold": 0.0})
    found = bias(folder, tmp_path / "out", part="train", columns=["log_mass"], device="cpu")
    record = json.loads((found.folder / "bias.json").read_text())
    assert record["threshold"] == run.card.threshold
    assert record["model_id"] == run.card.model_id


def test_what_is_refused(run, done, data, tmp_path):
    with pytest.raises(OutputExistsError):
        bias(run, done.folder, part="train", device="cpu")
    with pytest.raises(ArgumentError, match="columns.*got 'colour'"):
        bias(run, tmp_path / "out", part="train", columns=["colour"], device="cpu")
    bare = tmp_path / "bare"
    shutil.copytree(data, bare)
    with_columns(bare, lambda table: table.drop(columns=["log_mass", "time_to_merger", "camera"]))
    with pytest.raises(ArgumentError, match="no column to look at.*--table.*--columns"):
        bias(run, tmp_path / "out", data=bare, part="train", device="cpu")
    assert not (tmp_path / "out").exists()
