"""Pixels / 255 from the recipe to the card, the scores and an ONNX file."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import torch

from toomre.images.cutout import Cutout
from toomre.images.flags import Flag
from toomre.inference.checks import fit_to_card
from toomre.inference.predictor import Predictor
from toomre.inference.store import open_model
from toomre.jobs.export_onnx import export_onnx
from toomre.jobs.train import TrainOptions, train
from toomre.networks.network import merger_logit
from toomre.storage import read_json, sha256_file, write_json


@pytest.fixture(scope="module")
def pictures(tiny_set, tmp_path_factory):
    """The tiny set as pictures from 0 to 255."""
    folder = tmp_path_factory.mktemp("pictures") / "pictures"
    shutil.copytree(tiny_set, folder)
    images = np.clip(20 + 40 * np.load(folder / "images.npy"), 0, 255)
    np.save(folder / "images.npy", images.astype(np.float32))
    changes = {"encoding": "display", "images_sha256": sha256_file(folder / "images.npy")}
    write_json(folder / "dataset.json", {**read_json(folder / "dataset.json"), **changes})
    return folder


@pytest.fixture(scope="module")
def model(pictures, tiny_recipe, tmp_path_factory):
    recipe = tiny_recipe.replaced(training__epochs=2, input__normalisation="unit")
    out = tmp_path_factory.mktemp("unit") / "run"
    return open_model(train(recipe, pictures, out, options=TrainOptions(device="cpu")).folder)


@pytest.fixture(scope="module")
def images(pictures):
    return np.load(pictures / "images.npy")[:6, :, 2:19, 2:19]


@pytest.fixture(scope="module")
def logits(model, images):
    """What the network answers to pixels / 255, view by view: (n, 8)."""
    flipped = (images, images[..., ::-1])
    views = [np.rot90(each, k, (2, 3)) for each in flipped for k in range(4)]
    with torch.no_grad():
        found = [
            merger_logit(model.network(torch.from_numpy((view / 255).astype(np.float32)))[1])
            for view in views
        ]
    return torch.stack(found, dim=1).numpy()


def test_scores_are_those_of_pixels_by_255(model, images, logits):
    assert (model.card.input.mean, model.card.input.std) == ((0.0,) * 3, (255.0,) * 3)
    calibration = model.card.calibration
    views = 1 / (1 + np.exp(-(logits + calibration.bias) / calibration.temperature))
    found = Predictor(model).scores(images).p
    np.testing.assert_allclose(found, views.mean(axis=1), atol=1e-5)


def test_an_onnx_file_takes_pixels_as_they_are(model, images, logits, tmp_path):
    pytest.importorskip("onnx")
    runtime = pytest.importorskip("onnxruntime")
    export_onnx(model, tmp_path / "unit.onnx")
    session = runtime.InferenceSession(tmp_path / "unit.onnx", providers=["CPUExecutionProvider"])
    found = session.run(None, {"images": images})[0]
    np.testing.assert_allclose(found, logits[:, 0], atol=1e-4)


def test_the_range_is_that_of_the_training_images(model, images):
    """Their mean is near 25 and their scatter near 15, not 0 and 255."""
    faint = Cutout(images[0] / 3, model.card.input.bands, encoding="display")
    assert not fit_to_card(faint, model.card).flags & Flag.RANGE
    flat = Cutout(images[0] / 300, model.card.input.bands, encoding="display")
    found = fit_to_card(flat, model.card)
    assert found.flags & Flag.RANGE
    known = model.card.pixels
    assert f"trained on {known.mean[0]:.3g} and {known.std[0]:.3g}" in found.reason
