"""The rows are those of the published summaries, and no number is lost or counted twice."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from toomre.errors import ArgumentError
from toomre.networks.network import Network
from toomre.networks.summary import summarise
from toomre.networks.tables import BACKBONES
from toomre.networks.votes import VoteHead

# S002, table 2: shapes as (y, x, channel) and numbers; without the flattening and the sigmoid.
CUSTOM = [
    ((62, 62, 32), 896),
    ((62, 62, 32), 128),
    ((62, 62, 32), 0),
    ((31, 31, 32), 0),
    ((31, 31, 32), 0),
    ((29, 29, 64), 18496),
    ((29, 29, 64), 0),
    ((14, 14, 64), 0),
    ((14, 14, 64), 0),
    ((9, 9, 128), 295040),
    ((9, 9, 128), 0),
    ((9, 9, 128), 0),
    ((128,), 1327232),
    ((128,), 0),
    ((64,), 8256),
    ((64,), 0),
    ((37,), 2405),
]


def gz2(backbone, hidden, **options):
    body = BACKBONES[backbone](bands=3, size=64, **options)
    activation = "none" if backbone == "gz2_cnn" else "relu"
    return Network(body, VoteHead(body.num_features, hidden, activation, weighting="one_step"))


def test_the_published_summary_row_by_row():
    rows = summarise(gz2("gz2_cnn", [128, 64]), (3, 64, 64))
    assert (rows[-1].kind, rows[-1].numbers) == ("VoteTree", 0)
    found = [((*row.shape[1:], row.shape[0]), row.numbers) for row in rows[:-1]]
    assert found == CUSTOM
    assert sum(row.numbers for row in rows) == 1_652_453


@pytest.mark.parametrize(
    ("hidden", "head", "total"), [([], 303_141, 23_890_853), ([200, 100], 1_662_437, 25_250_149)]
)
def test_blocks_as_published(hidden, head, total):
    """S002, tables 3 and 5: ResNet-50 is one row of 23,587,712."""
    keras = {"pool": "flatten", "keras_biases": True}
    rows = summarise(gz2("resnet50", hidden, **keras), (3, 64, 64), depth=1)
    assert [(row.name, row.shape) for row in rows] == [("backbone", (8192,)), ("head", (37,))]
    assert [row.numbers for row in rows] == [23_587_712, head]
    assert sum(row.numbers for row in rows) == total


@pytest.mark.parametrize("name", BACKBONES)
def test_every_number_is_in_one_row(name):
    """Torch's own sums, at every depth; the shapes are those of the tensors that come out."""
    network = BACKBONES[name](bands=2, size=75)
    counted = sum(each.numel() for each in network.state_dict().values() if each.ndim)
    before = {key: each.clone() for key, each in network.state_dict().items()}
    for depth in (None, 1, 2, 3):
        rows = summarise(network, (2, 75, 75), depth)
        assert sum(row.learnt for row in rows) == sum(p.numel() for p in network.parameters())
        assert sum(row.numbers for row in rows) == counted
        assert all(row.shape for row in rows)
        assert depth is None or max(row.name.count(".") for row in rows) <= depth
    assert network.training
    assert not any(module._forward_hooks for module in network.modules())
    for key, each in network.state_dict().items():
        torch.testing.assert_close(each, before[key], rtol=0, atol=0)


class Odd(nn.Module):
    """One layer called twice, one that shares its weights, one never called, numbers of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.twice, self.shared, self.never = nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 9)
        self.shared.weight = self.twice.weight
        self.shift, self.same = nn.Parameter(torch.zeros(4)), nn.Identity()

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        features = self.same(images.flatten(1))
        return self.shared(self.twice(self.twice(features))) + self.shift


def test_odd_networks():
    rows = summarise(Odd(), (1, 2, 2))
    assert [(row.name, row.numbers) for row in rows] == [
        ("twice", 20),
        ("twice", 0),
        ("shared", 4),
        ("", 4),
        ("never", 45),
    ]
    assert rows[-1].shape == ()
    with pytest.raises(ArgumentError, match="`depth` to be 1 or more"):
        summarise(Odd(), (1, 2, 2), depth=0)


def test_it_agrees_with_a_plain_forward():
    network = BACKBONES["vgg16"](bands=3, size=96)
    images, shapes = torch.zeros(1, 3, 96, 96), []
    for layer in network.features:
        images = layer(images)
        shapes.append(tuple(images.shape[1:]))
    rows = summarise(network, (3, 96, 96))
    assert [row.shape for row in rows] == shapes
    assert np.prod(shapes[-1]) == 512 * 3 * 3
