"""Pixels in, answers out: the same as normalising by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from toomre.inference.from_pixels import FromPixels
from toomre.inference.store import open_model
from toomre.networks.network import merger_logit


@pytest.mark.parametrize("stretch", ["none", "asinh"])
def test_the_normalisation_is_that_of_the_card(make_model, galaxies, rng, stretch):
    model = open_model(make_model(stretch=stretch))
    images = galaxies(6, 32, rng)
    mean, std = (np.reshape(v, (3, 1, 1)) for v in (model.card.input.mean, model.card.input.std))
    normal = (images.astype(np.float64) - mean) / std
    normal = np.arcsinh(normal) if stretch == "asinh" else normal
    with torch.no_grad():
        expected = merger_logit(model.network(torch.from_numpy(normal.astype(np.float32)))[1])
        found = FromPixels(model)(torch.from_numpy(images))
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)
    assert found.std() > 0.1  # else the test could not fail
