"""An old card gets the pixels of the training's images, and of no others."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from toomre.errors import SplitMismatchError
from toomre.inference.store import open_model
from toomre.jobs.export import export
from toomre.jobs.train import TrainOptions, train
from toomre.preparation.split import Split
from toomre.storage import read_json, write_json


def without_pixels(folder):
    """Make the card of a run or model as old ones are."""
    card = {**read_json(folder / "model.json"), "pixels": None}
    write_json(folder / "model.json", card)


def test_an_old_card_gets_the_pixels_of_its_training_rows(tiny_set, tiny_recipe, tmp_path):
    """Judged by numpy over the rows of the run's own split; weights and hashes stay."""
    recipe = tiny_recipe.replaced(training__epochs=1)
    run = train(recipe, tiny_set, tmp_path / "run", options=TrainOptions(device="cpu"))
    rows = Split.read(run.folder / "split.csv").rows("train")
    window = np.load(tiny_set / "images.npy")[rows, :, 2:19, 2:19].astype(np.float64)
    for name in ("mean", "std"):
        wanted = getattr(window, name)(axis=(0, 2, 3))
        np.testing.assert_allclose(getattr(run.card.pixels, name), wanted, rtol=1e-6)
    without_pixels(run.folder)
    found = export(run.folder, tmp_path / "out", known_failures=["stars"]).card
    assert found.pixels == run.card.pixels
    same = ("model_id", "weights_sha256", "input", "training", "calibration")
    assert [getattr(found, name) for name in same] == [getattr(run.card, name) for name in same]
    # A model folder has no record: the set is to be given, and its sentences stay.
    without_pixels(tmp_path / "out")
    assert export(tmp_path / "out", tmp_path / "lacking").card.pixels is None
    again = export(tmp_path / "out", tmp_path / "again", known_failures=["x"], data=tiny_set).card
    assert (again.pixels, again.known_failures) == (run.card.pixels, ("stars", "x"))


def test_other_images_are_not_measured(tiny_set, tiny_target, tiny_recipe, tmp_path):
    recipe = tiny_recipe.replaced(training__epochs=1)
    moved = shutil.copytree(tiny_set, tmp_path / "set")
    run = train(recipe, moved, tmp_path / "run", options=TrainOptions(device="cpu"))
    without_pixels(run.folder)
    match = f"{tiny_target} does not hold the images that tiny was trained on.*'set'"
    with pytest.raises(SplitMismatchError, match=match):
        export(run.folder, tmp_path / "out", data=tiny_target)
    shutil.rmtree(moved)
    assert export(run.folder, tmp_path / "gone").card.pixels is None
    shutil.copytree(tiny_target, moved)
    assert export(run.folder, tmp_path / "another").card.pixels is None


def test_an_adapted_model_has_the_targets_pixels(tiny_set, tiny_target, two_domains, tmp_path):
    options = TrainOptions(device="cpu")
    recipe = two_domains.replaced(training__epochs=1)
    run = train(recipe, tiny_set, tmp_path / "run", target=tiny_target, options=options)
    rows = Split.read(tiny_target / "split.csv").rows("train")
    window = np.load(tiny_target / "images.npy")[rows, :, 2:19, 2:19].astype(np.float64)
    np.testing.assert_allclose(run.card.pixels.mean, window.mean(axis=(0, 2, 3)), rtol=1e-6)
    assert open_model(run.folder, "source").card.pixels.mean < run.card.pixels.mean
    without_pixels(run.folder)
    assert export(run.folder, tmp_path / "out").card.pixels == run.card.pixels
    with pytest.raises(SplitMismatchError, match="Give the set of the training, 'tiny-target'"):
        export(run.folder, tmp_path / "wrong", data=tiny_set)
