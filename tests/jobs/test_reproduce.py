"""Tables from end to end, on tiny sets in the place of the published ones.

The networks see 17 pixels, not 75.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from toomre.errors import ArgumentError, MissingFileError
from toomre.images.cutout import Cutout
from toomre.images.grid import Grid
from toomre.jobs import table_rows, table_runs
from toomre.jobs.reproduce import reproduce
from toomre.jobs.run import Run
from toomre.jobs.table_options import ReproduceOptions
from toomre.preparation.split import SplitOptions
from toomre.preparation.writing import Plan, write_prepared
from toomre.storage import read_json, write_json


def write_set(folder, images, bands, encoding="linear"):
    names = [f"i{number}" for number in range(len(images))]
    galaxies = [f"{folder.parent.name}-{number // 2}" for number in range(len(images))]
    labels = pd.array(np.arange(len(images)) // 2 % 2, dtype="Int8")
    catalog = pd.DataFrame({"image_id": names, "galaxy_id": galaxies, "label": labels})
    catalog = catalog.assign(ra=np.nan, dec=np.nan, redshift=2.0)
    options = SplitOptions(fractions=(0.5, 0.2, 0.3))
    size = images.shape[-1]
    plan = Plan(Grid(size=size), options, "drawn for the tests", "2026-01-01T00:00:00")
    cutouts = [Cutout(image, bands, encoding=encoding) for image in images]
    write_prepared(folder, catalog, cutouts, plan)


@pytest.fixture(scope="module")
def published(galaxies, tmp_path_factory):
    """A folder of 48 drawn images a set, as `toomre convert` makes it."""
    root = tmp_path_factory.mktemp("published")
    rng = np.random.default_rng(2)
    hubble, sdss = ("F814W", "F160W", "F356W"), ("i", "r", "g")
    for name, bands in (("deepmerge1", hubble[:2]), ("deepmerge2-simsim", hubble)):
        quiet = galaxies(48, 17, rng, len(bands))
        noisy = quiet + rng.normal(0, 3, quiet.shape).astype(np.float32)
        domains = ("pristine", "noisy") if name == "deepmerge1" else ("source", "target")
        for domain, images in zip(domains, (quiet, noisy), strict=True):
            write_set(root / name / domain, images, bands)
    for domain in ("source", "target"):
        write_set(root / "deepmerge2-simreal" / domain, galaxies(48, 17, rng, 3), sdss)
    return root


@pytest.fixture
def options(published, monkeypatch):
    read = table_runs.open_recipe
    monkeypatch.setattr(table_runs, "open_recipe", lambda name: read(name).replaced(input__size=17))
    return ReproduceOptions(data=published, seeds=2, epochs=1, device="cpu")


def test_a_cross_test_over_seeds(options, tmp_path):
    steps, told = [], []

    def progress(description):
        told.append(description)
        return lambda done, total: steps.append(done / total)

    done = reproduce("T1", tmp_path, options=options, progress=progress)
    frame = pd.read_csv(done.csv)
    assert set(frame["row"]) == {"trained on pristine", "trained on noisy"}
    assert len(frame) == 2 * 2 * 6
    assert (frame["training_images"] == 24).all()
    assert (frame["target_images"] == 0).all()
    assert (frame["test_images"] == 16).all()
    assert (frame["seconds_per_epoch"] > 0).all()
    assert (frame["cpu_seconds_per_epoch"] > 0).all()
    one = frame[(frame["row"] == "trained on noisy") & (frame["metric"] == "roc_auc")]
    assert one.set_index("tested_on")["published"].to_dict() == {"noisy": 0.82, "pristine": 0.79}
    folders = sorted((tmp_path / "runs").glob("deepmerge1-noisy-seed-*"))
    assert [folder.name.split("-")[3] for folder in folders] == ["1", "2"]
    # The mean is that of what evaluate wrote, at 0.5 and before calibration.
    cross = []
    for folder in folders:
        assert Run.open(folder).recipe.training.epochs == 1
        assert Run.open(folder).recipe.backbone.options["batchnorm_axis"] == "width"
        for scores in folder.glob("tests/*/scores.parquet"):
            table = pd.read_parquet(scores)
            cross.append(((table["p_merger_raw"] >= 0.5) == table["label"]).mean())
    accuracy = frame[(frame["row"] == "trained on noisy") & (frame["metric"] == "accuracy")]
    assert accuracy["mean"].mean() == pytest.approx(np.mean(cross))
    text = done.markdown.read_text()
    assert "Ours are not of the published images" not in text
    assert "Unlike the recipes: training.epochs = 1." in text
    assert "split by galaxy; `drawn for the tests`" in text
    assert json.loads(done.json.read_text())["environment"]["libraries"]["torch"]
    assert told == ["training T1"]
    assert steps == sorted(steps)
    assert steps[-1] == 1


def test_a_transfer_starts_from_its_own_run_and_looks_at_no_target_label(
    options, published, tmp_path
):
    one = ReproduceOptions(**{**vars(options), "seeds": 1, "rows": "transfer,source only"})
    finished = []
    done = reproduce("T4", tmp_path, options=one, finished=finished.append)
    assert [each.row for each in finished] == ["start distant", "source only", "MMD + transfer"]
    (start,) = (tmp_path / "runs").glob("deepmerge2-mmd-fisher-entropy-*")
    (run,) = (tmp_path / "runs").glob("sim2real-mmd-transfer-*")
    found = Run.open(run)
    assert found.card.training.start == Run.open(start).card.model_id
    assert found.environment["target"] == str(published / "deepmerge2-simreal" / "target")
    frame = done.comparison.frame
    images = frame.groupby("row")["target_images"].first()
    assert images.to_dict() == {"MMD + transfer": 24, "source only": 0}
    assert set(frame["tested_on"]) == {"source", "target"}


def test_what_is_finished_is_not_done_again(options, tmp_path):
    class KilledError(Exception):
        pass

    def stop(outcome):
        raise KilledError

    with pytest.raises(KilledError):
        reproduce("T2", tmp_path / "out", options=options, finished=stop)
    (first,) = (tmp_path / "out" / "runs").glob("*/model.safetensors")
    before = first.stat().st_mtime_ns
    done = reproduce("T2", tmp_path / "out", options=options)
    assert first.stat().st_mtime_ns == before
    whole = reproduce("T2", tmp_path / "whole", options=options)
    columns = ["mean", "std", "difference"]
    pd.testing.assert_frame_equal(
        done.comparison.frame[columns], whole.comparison.frame[columns], check_exact=True
    )
    times = {p: p.stat().st_mtime_ns for p in (tmp_path / "out").rglob("*.safetensors")}
    shared = reproduce("T1", tmp_path / "out", options=options)
    assert times == {p: p.stat().st_mtime_ns for p in (tmp_path / "out").rglob("*.safetensors")}
    assert len(shared.comparison.outcomes) == 4


def test_the_published_split_is_named_and_its_copies_are_not_flipped(options, published, tmp_path):
    for domain in ("pristine", "noisy"):
        path = published / "deepmerge1" / domain / "dataset.json"
        before = read_json(path)
        write_json(path, {**before, "protocol": "paper"})
        try:
            options_one = ReproduceOptions(**{**vars(options), "seeds": 1, "rows": "pristine"})
            done = reproduce("T1", tmp_path / domain, options=options_one)
        finally:
            write_json(path, before)
        (run,) = (tmp_path / domain / "runs").glob("deepmerge1-pristine-*")
        # What is only tested on has no part in it.
        flips = domain == "noisy"
        assert Run.open(run).recipe.augmentation.flips is flips
        text = done.markdown.read_text()
        assert "the published split, which has copies of test images in training" in text
        assert ("augmentation.flips = False" in text) is not flips


def test_both_splits_side_by_side(options, published, tmp_path):
    """The second line is what the same command gives for the published split alone."""
    shutil.copytree(published / "deepmerge1", tmp_path / "paper" / "deepmerge1")
    for domain in ("pristine", "noisy"):
        path = tmp_path / "paper" / "deepmerge1" / domain / "dataset.json"
        write_json(path, {**read_json(path), "protocol": "paper"})
    both = replace(options, paper=tmp_path / "paper", seeds=1)
    told = []
    done = reproduce(
        "T1", tmp_path / "both", options=both, finished=lambda one: told.append(one.protocol)
    )
    assert told == ["grouped", "grouped", "paper", "paper"]
    columns = ["row", "tested_on", "metric", "mean", "difference"]
    for protocol, data in (("grouped", published), ("paper", tmp_path / "paper")):
        alone = replace(options, data=data, seeds=1)
        wanted = reproduce("T1", tmp_path / protocol, options=alone).comparison.frame
        found = done.comparison.frame.query(f"protocol == '{protocol}'").reset_index(drop=True)
        pd.testing.assert_frame_equal(found[columns], wanted[columns], check_exact=True)
    text = done.markdown.read_text()
    assert text.count("| ours |") == text.count("| ours, published split |") == 4
    assert "On the published split: Unlike the recipes: augmentation.flips = False" in text
    assert text.count("- Images `noisy`: 48 images") == 2
    for wrong, words in (
        (replace(both, paper=published), "`toomre convert --protocol paper`, but got 'grouped'"),
        (replace(both, data=both.paper), "`toomre convert --protocol grouped`, but got 'paper'"),
    ):
        with pytest.raises(ArgumentError, match=words):
            reproduce("T1", tmp_path / "both", options=wrong)
    with pytest.raises(MissingFileError, match="deepmerge2-simsim --protocol paper` prepares"):
        reproduce("T3", tmp_path / "both", options=both)


@pytest.mark.slow
def test_scratch_against_transfer_without_most_weights(galaxies, tmp_path, monkeypatch):
    def find(name):
        raise MissingFileError("not here")

    monkeypatch.setattr(table_rows, "find_imagenet", find)
    rng = np.random.default_rng(4)
    pictures = galaxies(48, 96, rng, 3).clip(0, 255)
    write_set(tmp_path / "sdss", pictures, ("i", "r", "g"), "display")
    rows = "VGG-16: transfer, EfficientNet-Lite0: from scratch"
    options = ReproduceOptions(tmp_path / "sdss", seeds=1, epochs=1, rows=rows, device="cpu")
    done = reproduce("T10", tmp_path / "out", options=options)
    frame = done.comparison.frame
    assert set(frame["row"]) == {"EfficientNet-Lite0: from scratch"}
    assert (frame["test_images"] == 16).all()  # each once, not 18 turned copies
    text = done.markdown.read_text()
    assert "weights not at hand: `toomre fetch imagenet:vgg16`" in text
    left_out = json.loads(done.json.read_text())["left_out"]
    assert list(left_out) == ["VGG-16: transfer"]
    with pytest.raises(MissingFileError, match="is no prepared set. Prepare the images"):
        reproduce("T10", tmp_path, options=replace(options, data=tmp_path))


@pytest.mark.slow
def test_mocks_in_two_processes(tmp_path):
    plan = ReproduceOptions(galaxies=16, epochs=1, seeds=1, workers=2, device="cpu")
    done = reproduce("T1", tmp_path, options=plan)
    text = done.markdown.read_text()
    assert "**Ours are not of the published images**" in text
    assert "toomre simulate --pair distant --stages all --galaxies 16 --seed 1" in text
    unlike = "training.epochs = 1, selection.patience = 30, input.stretch = asinh"
    assert f"Unlike the recipes: {unlike}." in text
    assert "2 training(s) at a time" in text
    assert (done.comparison.frame["test_images"] > 0).all()
