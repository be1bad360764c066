from __future__ import annotations

import pytest
import torch

from toomre.errors import ArgumentError
from toomre.networks.dense import DenseHead


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
