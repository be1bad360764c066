"""``toomre.lr_scan``: the rates rise as asked, the scan ends where the loss diverges."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import toomre
from toomre.errors import ArgumentError, OutputExistsError
from toomre.training.lr_scan import Ramp


def test_a_scan_of_a_recipe_that_learns(tiny_set, tiny_recipe, tmp_path):
    seen = []
    found = toomre.lr_scan(
        tiny_recipe,
        tiny_set,
        tmp_path / "scan",
        ramp=Ramp(1e-5, 0.05, log=True, epochs=8),
        device="cpu",
        progress=lambda done, total: seen.append(total),
    )
    table = pd.read_csv(tmp_path / "scan" / "lr_scan.csv")
    np.testing.assert_allclose(
        table["learning_rate"], np.geomspace(1e-5, 0.05, 48)[: len(table)], rtol=1e-9
    )
    assert set(seen) == {48}
    assert 1e-4 < found.suggestion.highest <= 0.05
    assert found.suggestion.lowest == pytest.approx(found.suggestion.highest / 10)
    assert table["smoothed_loss"].min() < 0.8 * table["loss"].iloc[:5].mean()
    record = json.loads((tmp_path / "scan" / "lr_scan.json").read_text())
    assert record["suggestion"]["highest"] == found.suggestion.highest
    with Image.open(tmp_path / "scan" / "lr_scan.png") as image:
        assert image.width > 1000
    names = {path.name for path in (tmp_path / "scan").iterdir()}
    files = {"recipe.toml", "lr_scan.csv", "lr_scan.json", "lr_scan.png"}
    assert names == files | {"gradient_flow.csv", "gradient_flow.png"}
    flow = pd.read_csv(tmp_path / "scan" / "gradient_flow.csv")
    assert (flow["largest"] >= flow["mean"]).all()
    assert (flow["mean"] > 0).all()
    with pytest.raises(OutputExistsError):
        toomre.lr_scan(tiny_recipe, tiny_set, tmp_path / "scan", device="cpu")


def test_the_first_step_is_that_of_a_training(tiny_set, tiny_recipe, tmp_path):
    """The rate changes nothing before the first step, and the batches are the recipe's own."""
    recipe = tiny_recipe.replaced(training__epochs=1, training__batch_size=72)
    run = toomre.train(
        recipe, tiny_set, tmp_path / "run", options=toomre.TrainOptions(device="cpu")
    )
    found = toomre.lr_scan(recipe, tiny_set, tmp_path / "scan", ramp=Ramp(epochs=12), device="cpu")
    assert found.table["loss"].iloc[0] == run.history["train_loss"].iloc[0]


def test_it_ends_where_the_loss_diverges(tiny_set, tiny_recipe, tmp_path):
    recipe = tiny_recipe.replaced(optimizer={"name": "sgd", "momentum": 0.95})
    ramp = Ramp(1e-4, 1e6, log=True, epochs=8)
    found = toomre.lr_scan(recipe, tiny_set, tmp_path / "scan", ramp=ramp, device="cpu")
    assert 10 <= len(found.table) < 48
    assert found.suggestion.highest < found.table["learning_rate"].iloc[-1]


def test_too_short_a_scan_leaves_nothing(tiny_set, tiny_recipe, tmp_path):
    with pytest.raises(ArgumentError, match="at least 10 steps"):
        toomre.lr_scan(tiny_recipe, tiny_set, tmp_path / "scan", ramp=Ramp(epochs=1), device="cpu")
    assert not (tmp_path / "scan").exists()


def test_a_target_takes_part_in_the_loss(tiny_set, tiny_recipe, tmp_path):
    recipe = tiny_recipe.replaced(loss=[{"name": "cross_entropy"}, {"name": "mmd"}])
    with pytest.raises(ArgumentError, match="target"):
        toomre.lr_scan(recipe, tiny_set, tmp_path / "none", device="cpu")
    found = toomre.lr_scan(
        recipe, tiny_set, tmp_path / "scan", target=tiny_set, ramp=Ramp(epochs=2), device="cpu"
    )
    alone = toomre.lr_scan(
        tiny_recipe, tiny_set, tmp_path / "alone", ramp=Ramp(epochs=2), device="cpu"
    )
    assert found.table["loss"].iloc[0] != alone.table["loss"].iloc[0]


def test_a_scan_starts_from_another_model(tiny_set, tiny_recipe, tmp_path):
    """Its first loss is that of a training from the same weights, and not from random ones."""
    recipe = tiny_recipe.replaced(training__epochs=1, training__batch_size=72)
    on_cpu = toomre.TrainOptions(device="cpu")
    first = toomre.train(tiny_recipe, tiny_set, tmp_path / "first", options=on_cpu)
    ramp = Ramp(1e-6, 1e-3, log=True, epochs=12)
    frozen = recipe.replaced(transfer__freeze=["backbone.*"])
    with pytest.raises(ArgumentError, match=r"\[transfer\].*--start"):
        toomre.lr_scan(frozen, tiny_set, tmp_path / "none", device="cpu")
    run = toomre.train(frozen, tiny_set, tmp_path / "run", start=first.folder, options=on_cpu)
    found = toomre.lr_scan(
        frozen, tiny_set, tmp_path / "scan", start=first.folder, ramp=ramp, device="cpu"
    )
    assert found.table["loss"].iloc[0] == run.history["train_loss"].iloc[0]
    fresh = toomre.lr_scan(recipe, tiny_set, tmp_path / "fresh", ramp=ramp, device="cpu")
    assert found.table["loss"].iloc[0] < 0.8 * fresh.table["loss"].iloc[0]
    record = json.loads((tmp_path / "scan" / "lr_scan.json").read_text())
    assert record["start_sha256"] == first.card.weights_sha256


def test_of_stages_the_first_is_scanned_as_long_as_asked(tiny_set, tiny_recipe, tmp_path):
    plateau = {"name": "plateau", "plateau": {"metric": "accuracy", "patience": 1}}
    stages = [
        {"name": "head", "epochs": 1, "freeze": ["backbone.*"], "schedule": plateau},
        {"name": "whole", "epochs": 1},
    ]
    recipe = tiny_recipe.replaced(stage=stages)
    found = toomre.lr_scan(recipe, tiny_set, tmp_path / "scan", ramp=Ramp(epochs=2), device="cpu")
    np.testing.assert_allclose(found.table["learning_rate"], np.linspace(1e-6, 0.1, 12))
    flow = pd.read_csv(tmp_path / "scan" / "gradient_flow.csv")
    assert flow["layer"].str.startswith("head.").all()
