from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional

from toomre.networks.efficientnet_lite import (
    EfficientNetLite0Backbone,
    EfficientNetLite1Backbone,
    EfficientNetLite2Backbone,
    _SameConvolution,
)


@pytest.mark.parametrize(
    ("backbone", "published"),
    [
        (EfficientNetLite0Backbone, 4_652_008),
        (EfficientNetLite1Backbone, 5_416_680),
        (EfficientNetLite2Backbone, 6_092_072),
    ],
)
def test_parameter_count_with_the_classifier_is_the_published_one(backbone, published):
    top = 1280 * 1000 + 1000
    assert sum(p.numel() for p in backbone(3, 64).parameters()) + top == published


@pytest.mark.parametrize("side", range(9, 15))
@pytest.mark.parametrize(("kernel", "stride"), [(3, 1), (3, 2), (5, 1), (5, 2)])
def test_padding_is_that_of_tensorflow(side, kernel, stride):
    torch.manual_seed(0)
    layer = _SameConvolution(4, 4, kernel, stride=stride, groups=4)
    images = torch.randn(2, 4, side, side + 1)
    pads = []  # as TensorFlow's documentation of "SAME" has it, x before y
    for length in (side + 1, side):
        rest = length % stride
        total = max(kernel - (stride if rest == 0 else rest), 0)
        pads += [total // 2, total - total // 2]
    wanted = nn.Conv2d.forward(layer, functional.pad(images, pads))
    assert wanted.shape[2:] == (-(-side // stride), -(-(side + 1) // stride))
    torch.testing.assert_close(layer(images), wanted)


def test_under_bfloat16_depthwise_layers_stay_in_float32():
    torch.manual_seed(0)
    backbone = EfficientNetLite0Backbone(3, 64).eval()
    images = torch.randn(2, 3, 64, 64)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        narrow = functional.conv2d(images, backbone._conv_stem.weight)
        deep = backbone._blocks[0]._depthwise_conv(narrow)
        features = backbone(images)
    assert (narrow.dtype, deep.dtype) == (torch.bfloat16, torch.float32)
    with torch.no_grad():
        wanted = backbone(images)
    assert float((features - wanted).norm() / wanted.norm()) < 0.05
