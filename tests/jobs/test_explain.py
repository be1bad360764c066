"""``toomre.explain``: all figures and numbers of a run, and what it refuses."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import toomre
from toomre.errors import ArgumentError, OutputExistsError
from toomre.evaluation.companion import light_peaks
from toomre.jobs.explain_views import own_views, same_view
from toomre.jobs.run import Run
from toomre.storage import read_json, sha256_file, write_json
from toomre.training.checkpoint import read_weights

NAMES = ["answers_near", "answers_sure", "classes", "layers", "pointing", "saliency"]


def with_nuclei(folder, out):
    """Copy a set of blobs, with where its two blobs are, as a simulated set has it."""
    shutil.copytree(folder, out)
    images, catalog = np.load(out / "images.npy"), pd.read_parquet(out / "catalog.parquet")
    y, x = np.mgrid[:21, :21]
    peaks = light_peaks(images, 1.0) * (np.hypot(x - 10, y - 10) > 3)
    place = peaks.reshape(len(peaks), -1).argmax(axis=1)
    known = catalog["label"] == 1
    columns = {"nucleus1_x": 10.0, "nucleus1_y": 10.0}
    columns |= {"nucleus2_x": np.where(known, place % 21, np.nan)}
    columns |= {"nucleus2_y": np.where(known, place // 21, np.nan)}
    catalog.assign(**columns).to_parquet(out / "catalog.parquet", index=False)
    info = read_json(out / "dataset.json")
    info["catalog_sha256"] = sha256_file(out / "catalog.parquet")
    write_json(out / "dataset.json", info)
    return out


@pytest.fixture
def runs(tiny_set, tiny_target, tiny_recipe, two_domains, tmp_path):
    """An adapted run and one that is not, and the folders of both domains."""
    source = with_nuclei(tiny_set, tmp_path / "source")
    target = with_nuclei(tiny_target, tmp_path / "noisy")
    toomre.train(two_domains, source, tmp_path / "adapted", target=target)
    toomre.train(tiny_recipe, source, tmp_path / "plain")
    return tmp_path / "adapted", tmp_path / "plain", source, target


def test_everything_of_two_runs(runs, tmp_path):
    adapted, plain, _, _ = runs
    steps = []
    out = tmp_path / "out"
    done = toomre.explain(
        adapted, out, against=plain, device="cpu", progress=lambda *step: steps.append(step)
    )
    files = {path.name for path in out.iterdir()}
    assert {"explain.json", "layers.png", "layers.pdf", "pointing.pdf"} <= files
    assert set(done.figures) <= set(NAMES)
    for path in done.figures.values():
        with Image.open(path) as image:
            assert image.width > 600
    assert steps[-1] == (8, 8)
    record = json.loads((out / "explain.json").read_text())
    seen = [(view["run"], view["domain"], view["images"]) for view in record["views"]]
    assert seen == [
        (run, domain, 24) for run in ("adapted", "plain") for domain in ("source", "target")
    ]
    table = pd.DataFrame(record["pointing"])
    assert set(table.groupby(["run", "domain"]).size()) == {12}
    assert set(table["layer"]) == {"", *(f"backbone.layers.{k}" for k in (0, 4, 8))}
    assert all(score["images"] <= 12 for score in table["score"])  # mergers of the test part
    # The blobs are where they were drawn: the light itself must point at them, more or less.
    light = [each.score for each in done.pointing if each.method == "light" and each.beside]
    assert all(score.hit.value > score.chance > 0 for score in light)
    with pytest.raises(OutputExistsError, match="--overwrite"):
        toomre.explain(adapted, out, device="cpu")


def test_views_are_those_of_each_domain_s_model(runs):
    adapted, plain, source, target = runs
    views = own_views(Run.open(adapted), None, "test", "cpu")
    assert [view.prepared.folder.name for view in views] == [source.name, target.name]
    for view, folder in zip(views, (adapted / "source", adapted), strict=True):
        weights = read_weights(folder / "model.safetensors", view.model.card.weights_sha256)
        assert all(
            value.equal(weights[name]) for name, value in view.model.network.state_dict().items()
        )
        split = view.prepared.split.table
        assert set(split["part"].iloc[view.rows]) == {"test"}
        assert view.inputs(np.array([0, 2])).shape == (2, 3, 17, 17)
        labels = view.prepared.catalog["label"].iloc[view.rows].tolist()
        assert view.scores["label"].tolist() == labels
    other = same_view(Run.open(plain), views[1], "test", "cpu")
    assert other.scores["image_id"].tolist() == views[1].scores["image_id"].tolist()
    assert other.model.card.weights_sha256 != views[1].model.card.weights_sha256


def test_without_a_truth_there_is_no_pointing(tiny_set, tiny_recipe, tmp_path):
    run = toomre.train(tiny_recipe, tiny_set, tmp_path / "run").folder
    done = toomre.explain(run, tmp_path / "out", device="cpu", layer="backbone.layers.4")
    assert done.pointing == []
    assert not (tmp_path / "out" / "pointing.png").exists()
    assert "no nuclei" in json.loads((tmp_path / "out" / "explain.json").read_text())["note"]
    with pytest.raises(ArgumentError, match="Expected `layer` to be one of"):
        toomre.explain(run, tmp_path / "other", layer="conv3", device="cpu")
    assert not (tmp_path / "other").exists()
    smaller = tiny_recipe.replaced(input__size=15, training__epochs=1)
    small = toomre.train(smaller, tiny_set, tmp_path / "small").folder
    with pytest.raises(ArgumentError, match="a run with linear images of 17 pixels"):
        toomre.explain(run, tmp_path / "other", against=small, device="cpu")
