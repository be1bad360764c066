from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, brier_score_loss, roc_auc_score

from toomre.errors import ArgumentError, CorruptFileError, SplitMismatchError
from toomre.jobs.evaluate import evaluate
from toomre.jobs.run import Run
from toomre.jobs.train import TrainOptions, train
from toomre.preparation.prepared import PreparedSet
from toomre.preparation.split import Split
from toomre.recipe import Recipe
from toomre.storage import read_json, sha256_file, write_json


@pytest.fixture(scope="module")
def recipe():
    return Recipe.parse(
        """
        name = "tiny"
        seed = 3
        input.size = 17
        backbone.name = "deepmerge2"
        head.name = "deepmerge2"
        optimizer = { learning_rate = 0.003 }
        training = { epochs = 4, batch_size = 12 }
        [[loss]]
        name = "cross_entropy"
        """
    )


@pytest.fixture(scope="module")
def run(recipe, tiny_set, tmp_path_factory):
    folder = tmp_path_factory.mktemp("evaluate") / "run"
    return train(recipe, tiny_set, folder, options=TrainOptions(device="cpu"))


def copy_set(tiny_set: Path, folder: Path, catalog: pd.DataFrame | None = None) -> Path:
    shutil.copytree(tiny_set, folder)
    if catalog is not None:
        catalog.to_parquet(folder / "catalog.parquet", index=False)
        change_info(folder, catalog_sha256=sha256_file(folder / "catalog.parquet"))
    return folder


def change_info(folder: Path, **changes: object) -> None:
    info = read_json(folder / "dataset.json")
    write_json(folder / "dataset.json", {**info, **changes})


def change_images(folder: Path, change: Callable[[np.ndarray], np.ndarray]) -> None:
    np.save(folder / "images.npy", change(np.load(folder / "images.npy")))
    change_info(folder, images_sha256=sha256_file(folder / "images.npy"))


def test_scikit_learn_judges_the_numbers(run, tiny_set):
    done = evaluate(run, device="cpu")
    label = done.scores["label"].to_numpy(int)
    p = done.scores["p_merger"].to_numpy()
    metrics = done.evaluation.metrics
    assert metrics["roc_auc"].value == pytest.approx(roc_auc_score(label, p))
    assert metrics["brier_score"].value == pytest.approx(brier_score_loss(label, p))
    said = p >= run.card.threshold
    assert metrics["accuracy"].value == pytest.approx(accuracy_score(label, said))
    assert metrics["accuracy"].lower <= metrics["accuracy"].value <= metrics["accuracy"].upper
    test = PreparedSet.open(tiny_set).split.rows("test")
    assert done.scores["image_id"].tolist() == [f"i{k}" for k in test]
    assert done.evaluation.baselines["lookup"]["seen"] == 0
    assert done.evaluation.n_galaxies == 12


def test_files_and_figures(run):
    evaluate(run, device="cpu")
    names = {path.name for path in run.folder.iterdir()}
    assert {"scores.parquet", "metrics.json", "figures"} <= names
    figures = {path.stem for path in (run.folder / "figures").iterdir()}
    assert figures == {
        "history",
        "roc",
        "confusion",
        "scores",
        "reliability",
        "gallery_linear",
        "gallery_log",
    }
    stored = json.loads((run.folder / "metrics.json").read_text())
    assert stored["model_id"] == run.card.model_id
    assert stored["n_images"] == 24


def test_another_split_is_refused(run, tiny_set, tmp_path):
    other = copy_set(tiny_set, tmp_path / "other")
    table = Split.read(other / "split.csv").table
    table["part"] = np.roll(table["part"], 24)
    Split(table).write(other / "split.csv")
    with pytest.raises(SplitMismatchError, match="may hold galaxies that the model was"):
        evaluate(run, other, device="cpu")


def test_a_changed_split_in_the_run_folder_is_noticed(run, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(run.folder, folder)
    table = Split.read(folder / "split.csv").table
    table["part"] = np.roll(table["part"], 24)
    Split(table).write(folder / "split.csv")
    with pytest.raises(SplitMismatchError):
        evaluate(folder, device="cpu")


def test_all_of_another_set_only_if_it_shares_no_galaxy(run, tiny_set, tmp_path):
    with pytest.raises(SplitMismatchError, match="would prove nothing"):
        evaluate(run, tiny_set, part="all", device="cpu")
    catalog = PreparedSet.open(tiny_set).catalog
    catalog["galaxy_id"] = "x" + catalog["galaxy_id"]
    catalog["image_id"] = "x" + catalog["image_id"]
    renamed = copy_set(tiny_set, tmp_path / "renamed", catalog)
    change_images(renamed, lambda images: images + np.float32(0.001))
    with pytest.raises(SplitMismatchError, match="96 images"):  # by position
        evaluate(run, renamed, part="all", device="cpu")
    catalog["dec"] = np.nan
    renamed = copy_set(tiny_set, tmp_path / "unplaced", catalog)
    with pytest.raises(SplitMismatchError, match="96 images"):  # by pixels
        evaluate(run, renamed, part="all", device="cpu")
    catalog.loc[:9, "label"] = pd.NA
    other = copy_set(tiny_set, tmp_path / "new", catalog)
    change_images(other, lambda images: images[..., ::-1] + np.float32(0.001))
    done = evaluate(run, other, part="all", device="cpu", figures=False)
    assert done.evaluation.n_images == 110
    assert done.folder != run.folder


def test_an_unknown_part_is_refused(run):
    with pytest.raises(ArgumentError, match="train, valid, test or all"):
        evaluate(run, part="exam", device="cpu")


def test_a_run_can_be_opened_again(run):
    again = Run.open(run.folder)
    assert again.card == run.card
    assert again.split.sha256 == run.card.training.split_sha256


def test_a_set_of_another_kind_is_refused(run, tiny_set, tmp_path):
    for changes, word in (
        ({"encoding": "display"}, "encoding"),
        ({"bands": ["g", "r", "z"]}, "bands"),
        ({"grid": {"size": 21, "crop": 84, "native_pixel_scale": 0.4}}, "pixel scale"),
    ):
        other = copy_set(tiny_set, tmp_path / word)
        change_info(other, **changes)
        with pytest.raises(ArgumentError, match=word):
            evaluate(run, other, device="cpu")


def test_bands_in_another_order_give_the_same_scores(run, tiny_set, tmp_path):
    other = copy_set(tiny_set, tmp_path / "other")
    change_images(other, lambda images: images[:, ::-1])
    change_info(other, bands=["i", "r", "g"])
    found = evaluate(run, other, device="cpu", figures=False, out=tmp_path / "out")
    wanted = evaluate(run, device="cpu", figures=False).scores
    np.testing.assert_allclose(found.scores["p_merger"], wanted["p_merger"], atol=1e-6)


def test_changed_images_are_noticed(run, tiny_set, tmp_path):
    other = copy_set(tiny_set, tmp_path / "other")
    np.save(other / "images.npy", np.load(other / "images.npy")[::-1])
    with pytest.raises(CorruptFileError, match=r"images\.npy has SHA-256"):
        evaluate(run, other, device="cpu")


@pytest.fixture(scope="module")
def adapted(recipe, tiny_set, tiny_target, tmp_path_factory):
    recipe = recipe.replaced(
        adaptation={"batch_norm": "per_domain", "normalisation": "per_domain"},
        loss=[{"name": "cross_entropy"}, {"name": "mmd", "weight": 0.1}],
    )
    folder = tmp_path_factory.mktemp("adapted") / "run"
    options = TrainOptions(device="cpu")
    return train(recipe, tiny_set, folder, target=tiny_target, options=options)


def test_each_domain_with_its_own_statistics_and_its_own_folder(adapted, tiny_set, tiny_target):
    source = evaluate(adapted, device="cpu", figures=False)
    before = (adapted.folder / "metrics.json").read_bytes()
    target = evaluate(adapted, tiny_target, device="cpu")
    assert target.folder == adapted.folder / "target"
    assert (target.folder / "figures" / "roc.png").is_file()
    assert (adapted.folder / "metrics.json").read_bytes() == before
    assert source.evaluation.threshold == target.evaluation.threshold
    assert "expected_calibration_error" in target.evaluation.metrics
    label = target.scores["label"].to_numpy(int)
    p = target.scores["p_merger"].to_numpy()
    assert target.evaluation.metrics["roc_auc"].value == pytest.approx(roc_auc_score(label, p))
    assert (source.evaluation.part, target.evaluation.part) == ("source test", "target test")
    wrong = evaluate(adapted, tiny_target, domain="source", device="cpu", figures=False)
    assert wrong.folder.parent == adapted.folder / "evaluations"
    assert not np.allclose(wrong.scores["p_merger"], p, atol=1e-3)
    assert wrong.scores["image_id"].tolist() == target.scores["image_id"].tolist()


def test_all_of_the_target_says_what_was_adapted_to(adapted, tiny_target):
    done = evaluate(adapted, tiny_target, part="all", device="cpu", figures=False)
    assert done.evaluation.n_images == 120
    assert done.folder == adapted.folder / "target-all"
    assert any("96 of these images took part" in text for text in done.evaluation.warnings)


def test_a_target_that_shows_trained_galaxies_is_refused(tiny_set, adapted, tmp_path):
    catalog = PreparedSet.open(tiny_set).catalog
    shared = copy_set(Path(adapted.environment["target"]), tmp_path / "shared", catalog)
    with pytest.raises(SplitMismatchError, match="96 images of .* share a galaxy id"):
        evaluate(adapted, shared, part="all", device="cpu")
