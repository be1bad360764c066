from __future__ import annotations

import numpy as np
import torch

import toomre
from toomre.inference.features import feature_rows
from toomre.inference.store import open_model
from toomre.preparation.prepared import PreparedSet


def test_they_are_what_the_backbone_gives(tiny_set, tiny_recipe, tmp_path):
    recipe = tiny_recipe.replaced(training__epochs=1)
    run = toomre.train(
        recipe, tiny_set, tmp_path / "run", options=toomre.TrainOptions(device="cpu")
    )
    model, prepared = open_model(run.folder), PreparedSet.open(tiny_set)
    rows = np.array([7, 3, 100])
    found = feature_rows(model, prepared, rows, "cpu")
    card = model.card.input
    images = prepared.images[rows][:, :, 2:19, 2:19]
    mean, std = (np.asarray(each, np.float32)[:, None, None] for each in (card.mean, card.std))
    with torch.inference_mode():
        wanted = model.network.backbone(torch.from_numpy((images - mean) / std)).numpy()
    np.testing.assert_allclose(found, wanted, rtol=1e-3, atol=1e-4)
    assert found.shape == (3, model.network.backbone.num_features)
    one = feature_rows(model, prepared, rows[1:2], "cpu")
    np.testing.assert_allclose(one[0], found[1], rtol=1e-3, atol=1e-4)
    assert len(feature_rows(model, prepared, rows[:0], "cpu")) == 0
