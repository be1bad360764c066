from __future__ import annotations

import pytest
import torch

from toomre.networks.linear import LinearHead
from toomre.networks.network import Network
from toomre.networks.resnet import ResNet18Backbone, ResNet50Backbone


def count(module) -> int:
    return sum(p.numel() for p in module.parameters())


def test_m3_has_the_true_count_and_its_features_are_the_bottleneck():
    torch.manual_seed(0)
    backbone = ResNet18Backbone(3, 75, bottleneck=256)
    network = Network(backbone, LinearHead(backbone.num_features, width=0.01))
    assert count(network) == 11_308_354
    features, logits = network(torch.randn(2, 3, 75, 75))
    assert features.shape == (2, 256)
    assert logits.shape == (2, 2)
    assert (features < 0).any()  # nothing cuts them


def test_m3_starts_as_published():
    torch.manual_seed(0)
    backbone, head = ResNet18Backbone(3, 75, bottleneck=256), LinearHead(256, width=0.01)
    assert float(backbone.bottleneck.weight.detach().std()) == pytest.approx(0.005, rel=0.02)
    assert float(head.layers[1].weight.detach().std()) == pytest.approx(0.01, rel=0.15)
    assert not backbone.bottleneck.bias.any()
    assert not head.layers[1].bias.any()


@pytest.mark.parametrize(
    ("backbone", "features", "total"),
    [(ResNet18Backbone, 512, 11_689_512), (ResNet50Backbone, 2048, 25_557_032)],
)
def test_published_counts_with_the_classifier_of_1000(backbone, features, total):
    assert count(backbone(3, 64)) + features * 1000 + 1000 == total


@pytest.mark.parametrize("size", [64, 65, 97, 128])
def test_flattened_features_in_number(size):
    backbone = ResNet50Backbone(1, size, pool="flatten").eval()
    with torch.no_grad():
        assert backbone(torch.zeros(1, 1, size, size)).shape == (1, backbone.num_features)
