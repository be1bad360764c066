from __future__ import annotations

import pytest
import torch

from toomre.errors import ArgumentError
from toomre.networks.dense import DenseHead
from toomre.networks.tables import BACKBONES


def test_m8_by_hand():
    torch.manual_seed(0)
    head = DenseHead(512, [2048], 1, "leaky_relu", dropout=0.5, bias=0.01).eval()
    hidden, output = head.layers[0], head.layers[-1]
    features = torch.randn(3, 512)
    middle = features @ hidden.weight.T + hidden.bias
    wanted = torch.where(middle > 0, middle, 0.3 * middle) @ output.weight.T + output.bias
    torch.testing.assert_close(head(features), wanted)
    assert torch.equal(hidden.bias, torch.full((2048,), 0.01))
    limit = (6 / (512 + 2048)) ** 0.5
    largest = float(hidden.weight.detach().abs().max())
    assert 0.999 * limit < largest <= limit


@pytest.mark.parametrize(
    ("name", "whole", "top", "poster"),
    [
        ("vgg16", 15_767_361, (512 * 49 + 1) * 4096 + 4097 * 4096 + 4097 * 1000, 138e6),
        ("inception_v3", 25_983_969, 2049 * 1000, 24e6),
        ("densenet121", 9_055_105, 1025 * 1000, 8e6),  # it prints 0.8 million
    ],
)
def test_m8_counts_beside_those_of_the_poster(name, whole, top, poster):
    """S004 counts the networks with ImageNet's classifier, and trains them with this head."""
    backbone = BACKBONES[name](bands=3, size=96)
    own = sum(p.numel() for p in backbone.parameters())
    head = DenseHead(backbone.num_features, [2048], 1, "leaky_relu", dropout=0.5, bias=0.01)
    hidden = (backbone.num_features + 1) * 2048
    assert sum(p.numel() for p in head.parameters()) == hidden + 2049
    assert own + hidden + 2049 == whole
    assert own + top == pytest.approx(poster, rel=0.01)


def test_dropout_drops_half_in_training():
    torch.manual_seed(0)
    head = DenseHead(4, [20_000], 1, "none", dropout=0.5).train()
    hidden = head.layers[:3](torch.ones(1, 4))
    assert float((hidden == 0).float().mean()) == pytest.approx(0.5, abs=0.02)


def test_no_hidden_layer_is_one_linear_layer():
    assert [type(layer).__name__ for layer in DenseHead(8).layers] == ["Linear"]


def test_an_unknown_activation_lists_the_others():
    with pytest.raises(ArgumentError, match="'leaky_relu', 'none', 'relu'"):
        DenseHead(8, activation="tanh")
