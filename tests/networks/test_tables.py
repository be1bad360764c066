from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from toomre.errors import ArgumentError, MissingPackageError
from toomre.inference.folding import folded
from toomre.networks.tables import BACKBONES, HEADS, find_backbone

LARGE = [
    "densenet121",
    "efficientnet_lite0",
    "efficientnet_lite1",
    "efficientnet_lite2",
    "inception_v3",
    "resnet18",
    "resnet50",
    "vgg16",
]


@pytest.mark.parametrize(("bands", "size"), [(1, 64), (5, 97)])
@pytest.mark.parametrize("name", [*LARGE, "gz2_cnn"])
def test_any_size_and_bands(name, bands, size):
    backbone = BACKBONES[name](bands=bands, size=size).eval()
    with torch.no_grad():
        features = backbone(torch.zeros(2, bands, size, size))
    assert features.shape == (2, backbone.num_features)
    assert isinstance(backbone.cam_layer, nn.Module)


@pytest.mark.parametrize("name", [*LARGE, "gz2_cnn"])
def test_too_small_an_image_is_refused(name):
    with pytest.raises(ArgumentError, match="`size` to be at least 64 pixels, but got 63"):
        BACKBONES[name](bands=3, size=63)


@pytest.mark.parametrize("name", [*LARGE, "gz2_cnn"])
def test_folding_keeps_the_features(name, filled, wave_image):
    backbone = filled(BACKBONES[name](bands=3, size=75)).double().eval()
    light = folded(backbone).to(memory_format=torch.channels_last)
    images = wave_image(3, 75).double().contiguous(memory_format=torch.channels_last)
    with torch.inference_mode():
        torch.testing.assert_close(light(images), backbone(images), rtol=1e-9, atol=1e-9)
    norms = [sum(isinstance(m, nn.BatchNorm2d) for m in n.modules()) for n in (backbone, light)]
    kept = {"densenet121": 62}  # those before a convolution: 58 in layers, 3 between, the last
    assert norms[1] == kept.get(name, 0)
    assert norms[0] > norms[1] or name == "vgg16"


@pytest.mark.parametrize("name", LARGE)
def test_every_weight_learns(name):
    torch.manual_seed(1)
    backbone = BACKBONES[name](bands=3, size=75).train()
    backbone(torch.randn(4, 3, 75, 75)).square().sum().backward()
    still = [key for key, value in backbone.named_parameters() if not value.grad.abs().sum() > 0]
    assert still == []


def test_the_start_follows_from_the_random_state():
    torch.manual_seed(3)
    first = BACKBONES["efficientnet_lite0"](bands=2, size=64).state_dict()
    torch.manual_seed(3)
    second = BACKBONES["efficientnet_lite0"](bands=2, size=64).state_dict()
    assert all(torch.equal(first[key], second[key]) for key in first)


def test_the_cam_layer_is_counted_once():
    for name in ("efficientnet_lite0", "resnet18"):
        backbone = BACKBONES[name](bands=3, size=64)
        assert not any(key.startswith("cam_layer") for key in backbone.state_dict())
        assert copy.deepcopy(backbone).cam_layer is not backbone.cam_layer


def test_an_unknown_name_lists_the_others():
    with pytest.raises(ArgumentError, match="`backbone.name` to be one of 'deepmerge1'"):
        find_backbone("resnet19")


def test_timm_is_asked_for_by_name():
    try:
        import timm  # noqa: F401
    except ImportError:
        with pytest.raises(MissingPackageError, match="'timm:resnet10t' needs the package timm"):
            find_backbone("timm:resnet10t")(bands=3, size=64)


@pytest.mark.parametrize("name", HEADS)
def test_heads_give_logits_and_a_scalar_penalty(name):
    head = HEADS[name](num_features=6)
    assert head(torch.zeros(3, 6)).shape in {(3, 1), (3, 2), (3, 37)}
    assert head.penalty().shape == ()
