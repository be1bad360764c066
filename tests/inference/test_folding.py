"""Folding changes the work, not the numbers."""

from __future__ import annotations

import torch
from torch import nn

from toomre.build import build_network
from toomre.inference.folding import folded
from toomre.networks.card import Architecture


def test_the_numbers_stay_for_trained_statistics():
    torch.manual_seed(2)
    plan = Architecture(backbone="deepmerge2", head="deepmerge2")
    network = build_network(plan, bands=3, size=32)
    images = torch.randn(8, 3, 32, 32)
    for _ in range(3):
        network(images * 3 + 1)  # moves BatchNorm's statistics away from 0 and 1
    network.eval()
    light = folded(network)
    with torch.no_grad():
        torch.testing.assert_close(light(images)[1], network(images)[1], atol=1e-5, rtol=1e-5)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in light.modules())
    assert any(isinstance(module, nn.BatchNorm2d) for module in network.modules())


def test_a_norm_that_does_not_follow_a_convolution_stays():
    torch.manual_seed(2)
    layers = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.BatchNorm2d(2)).eval()
    layers[2].running_mean += 1
    images = torch.randn(2, 1, 8, 8)
    light = folded(layers)
    assert isinstance(light[2], nn.BatchNorm2d)
    torch.testing.assert_close(light(images), layers(images))
