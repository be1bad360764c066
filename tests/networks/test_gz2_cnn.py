from __future__ import annotations

import pytest
import torch
from torch import nn

from toomre.networks.gz2_cnn import GZ2Backbone
from toomre.networks.network import Network
from toomre.networks.resnet import ResNet50Backbone
from toomre.networks.votes import VoteHead


def counts(network: nn.Module) -> tuple[int, int]:
    """Count as Keras does: with the running means and variances, and without."""
    trainable = sum(p.numel() for p in network.parameters())
    return trainable + sum(b.numel() for b in network.buffers() if b.ndim), trainable


@pytest.mark.parametrize(
    ("backbone", "hidden", "activation", "total", "trainable"),
    [
        (GZ2Backbone, [128, 64], "none", 1_652_453, 1_652_389),
        (ResNet50Backbone, [], "none", 23_890_853, 23_837_733),
        (ResNet50Backbone, [200, 100], "relu", 25_250_149, 25_197_029),
    ],
    ids=["m5", "m6", "m7"],
)
def test_published_counts(backbone, hidden, activation, total, trainable):
    keras = {"pool": "flatten", "keras_biases": True} if backbone is ResNet50Backbone else {}
    body = backbone(bands=3, size=64, **keras)
    head = VoteHead(body.num_features, hidden, activation)
    network = Network(body, head)
    assert counts(network) == (total, trainable)
    assert network(torch.zeros(2, 3, 64, 64))[1].shape == (2, 37)
