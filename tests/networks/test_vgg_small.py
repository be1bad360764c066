from __future__ import annotations

import pytest
import torch
from torch import nn

from toomre.errors import ArgumentError
from toomre.networks.linear import LinearHead
from toomre.networks.network import Network
from toomre.networks.vgg_small import VGGSmallBackbone


def test_parameter_count_by_hand():
    network = Network(VGGSmallBackbone(3, 75), LinearHead(128))
    first = 3 * 16 * 25
    pairs = sum(9 * (a * b + b * b) for a, b in ((16, 32), (32, 64), (64, 128)))
    norms = 2 * (16 + 2 * (32 + 64 + 128))
    assert sum(p.numel() for p in network.parameters()) == first + pairs + norms + 128 * 2 + 2


@pytest.mark.parametrize("size", [16, 64, 75, 100])
@pytest.mark.parametrize("bands", [1, 3, 5])
def test_any_size_and_bands(size, bands):
    backbone = VGGSmallBackbone(bands, size)
    assert backbone(torch.zeros(2, bands, size, size)).shape == (2, backbone.num_features)
    assert isinstance(backbone.cam_layer, nn.Conv2d)


def test_too_small_an_image_is_refused():
    with pytest.raises(ArgumentError, match="at least 16 pixels"):
        VGGSmallBackbone(3, 15)
