"""Activation maps: what scipy's correlation gives, and the network cut off at the layer."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.ndimage import correlate

from toomre.errors import ArgumentError
from toomre.interpretation.activations import activation_maps, draw_filters


def test_scipy_agrees(deepmerge2, images):
    found = activation_maps(deepmerge2, images[:2], "backbone.layers.0", filters=[3, 0])
    layer = deepmerge2.backbone.layers[0]
    kernel, bias = layer.weight.detach().numpy(), layer.bias.detach().numpy()
    for place, number in enumerate((3, 0)):
        bands = [correlate(images[1, b], kernel[number, b], mode="constant") for b in range(3)]
        np.testing.assert_allclose(found[1, place], sum(bands) + bias[number], atol=1e-5)


def test_the_layer_s_own_output(deepmerge2, images):
    with torch.no_grad():
        wanted = deepmerge2.backbone.layers[:9](torch.from_numpy(images)).numpy()
    np.testing.assert_allclose(activation_maps(deepmerge2, images), wanted, atol=1e-5)
    with torch.no_grad():
        wanted = deepmerge2.backbone.layers[:10](torch.from_numpy(images)).numpy()
    found = activation_maps(deepmerge2, images, norm="after", batch_size=4)
    np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_filters_are_drawn_without_repeats():
    drawn = draw_filters(32, 4, np.random.default_rng(3))
    assert len(set(drawn)) == 4
    assert drawn == sorted(drawn) == draw_filters(32, 4, np.random.default_rng(3))
    assert max(drawn) < 32


def test_what_is_refused(deepmerge2, images):
    with pytest.raises(ArgumentError, match="Expected `filters` to be numbers from 0 to 31"):
        activation_maps(deepmerge2, images, filters=[32])
    with pytest.raises(ArgumentError, match="Expected `images` to be at least one, but got 0"):
        activation_maps(deepmerge2, images[:0])
