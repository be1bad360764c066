"""Layers by name: those of every backbone can be explained."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from toomre.errors import ArgumentError
from toomre.interpretation.grad_cam import grad_cam
from toomre.interpretation.layers import cam_layer_name, convolutions, shown_layers
from toomre.networks.linear import LinearHead
from toomre.networks.network import Network
from toomre.networks.tables import find_backbone


def test_deepmerge(deepmerge1, deepmerge2):
    assert cam_layer_name(deepmerge2) == "backbone.layers.8"
    assert shown_layers(deepmerge2) == [f"backbone.layers.{k}" for k in (0, 4, 8)]
    assert shown_layers(deepmerge1) == [f"backbone.layers.{k}" for k in (0, 5, 10)]
    assert shown_layers(deepmerge2, "backbone.layers.4") == [f"backbone.layers.{k}" for k in (0, 4)]
    assert shown_layers(deepmerge2, "backbone.layers.0") == ["backbone.layers.0"]
    with pytest.raises(ArgumentError, match="Expected `layer` to be one of"):
        shown_layers(deepmerge2, "conv3")


@pytest.mark.parametrize("name", ["resnet18", "vgg16", "gz2_cnn"])
def test_other_backbones(name):
    torch.manual_seed(2)
    backbone = find_backbone(name)(bands=3, size=64)
    network = Network(backbone, LinearHead(backbone.num_features))
    layers = shown_layers(network)
    assert len(layers) == 3
    assert layers[0] == convolutions(network)[0]
    assert layers[-1] == cam_layer_name(network)
    images = np.random.default_rng(1).normal(size=(2, 3, 64, 64)).astype(np.float32)
    maps = grad_cam(network, images, batch_size=2)
    assert maps.shape == (2, 64, 64)
    assert np.isfinite(maps).all()
