from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional

from toomre.networks.deepmerge import (
    DeepMerge1Backbone,
    DeepMerge1Head,
    DeepMerge2Backbone,
    DeepMerge2Head,
)
from toomre.networks.network import Network


def numbers(module: nn.Module, *, trainable: bool) -> int:
    """Count as Keras does: running means and variances too, unless only the trainable."""
    count = sum(p.numel() for p in module.parameters())
    if not trainable:
        count += sum(b.numel() for b in module.buffers() if b.is_floating_point())
    return count


@pytest.mark.parametrize(
    ("axis", "total", "trainable"), [("width", 174_801, 174_541), ("channel", 174_505, 174_393)]
)
def test_m1_parameter_counts(axis, total, trainable):
    backbone = DeepMerge1Backbone(bands=2, size=75, batchnorm_axis=axis)
    network = Network(backbone, DeepMerge1Head(backbone.num_features))
    assert numbers(network, trainable=False) == total
    assert numbers(network, trainable=True) == trainable


def test_m1_width_batchnorm_normalises_columns():
    backbone = DeepMerge1Backbone(bands=1, size=12, dropout=0.0, batchnorm_axis="width").train()
    images = torch.randn(6, 1, 12, 12) * 3 + 1
    convolution, relu, norm = backbone.layers[0], backbone.layers[1], backbone.layers[2]
    activations = relu(convolution(images))
    result = norm(activations)
    columns = activations.permute(3, 0, 1, 2).reshape(12, -1)
    wanted = (columns - columns.mean(1, keepdim=True)) / torch.sqrt(
        columns.var(1, unbiased=False, keepdim=True) + 1e-3
    )
    torch.testing.assert_close(result.permute(3, 0, 1, 2).reshape(12, -1), wanted)


def test_m1_head_has_softmax_between_and_an_l2_penalty():
    head = DeepMerge1Head(5, l2=0.5)
    features = torch.randn(3, 5)
    first = torch.softmax(features @ head.hidden1.weight.T + head.hidden1.bias, 1)
    second = torch.softmax(first @ head.hidden2.weight.T + head.hidden2.bias, 1)
    wanted = second @ head.output.weight.T + head.output.bias
    torch.testing.assert_close(head(features), wanted)
    layers = (head.hidden1, head.hidden2)
    squares = sum(float((layer.weight.detach() ** 2).sum()) for layer in layers)
    assert float(head.penalty().detach()) == pytest.approx(0.5 * squares, rel=1e-5)


def test_m2_parameter_count_and_published_layers():
    backbone = DeepMerge2Backbone(bands=3, size=75)
    network = Network(backbone, DeepMerge2Head(backbone.num_features))
    assert numbers(network, trainable=True) == 174_626
    assert backbone.num_features == 2592


@pytest.mark.parametrize("train", [True, False])
def test_m2_relu_after_the_pool_is_the_published_order_exactly(train):
    backbone = DeepMerge2Backbone(bands=3, size=75).train(train)
    images = torch.randn(4, 3, 75, 75)
    published = images
    for k in range(3):
        convolution, norm = backbone.layers[4 * k], backbone.layers[4 * k + 1]
        published = functional.max_pool2d(torch.relu(norm(convolution(published))), 2)
    if train:  # the batch statistics are the same; only the running ones moved
        torch.testing.assert_close(backbone(images), published.flatten(1), rtol=0, atol=0)
    else:
        assert torch.equal(backbone(images), published.flatten(1))


def test_cam_layer_is_the_last_convolution_and_counted_once():
    for backbone in (DeepMerge1Backbone(3, 75), DeepMerge2Backbone(3, 75)):
        assert isinstance(backbone.cam_layer, nn.Conv2d)
        assert backbone.cam_layer.out_channels == 32
        assert not any(name.startswith("cam_layer") for name in backbone.state_dict())
