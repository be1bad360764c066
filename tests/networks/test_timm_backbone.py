from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from toomre.errors import ArgumentError, MissingPackageError
from toomre.networks.timm_backbone import TimmBackbone


def fake_timm(known="tiny"):
    def create_model(name, in_chans, num_classes, **options):
        assert num_classes == 0
        if options:  # as timm's ResNet says it
            raise TypeError(f"ResNet.__init__() got an unexpected keyword {list(options)}")
        return nn.Sequential(nn.Conv2d(in_chans, 6, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten())

    return SimpleNamespace(is_model=lambda name: name == known, create_model=create_model)


def test_features_of_a_network(monkeypatch):
    monkeypatch.setitem(sys.modules, "timm", fake_timm())
    backbone = TimmBackbone(bands=4, size=64, network="tiny")
    assert backbone.num_features == 6
    assert backbone(torch.zeros(2, 4, 64, 64)).shape == (2, 6)
    assert backbone.cam_layer is backbone.network[0]
    assert backbone.training


def test_an_unknown_network_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "timm", fake_timm())
    with pytest.raises(ArgumentError, match="a network that timm knows, but got 'huge'"):
        TimmBackbone(bands=3, size=64, network="huge")


def test_without_timm_the_error_names_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(MissingPackageError, match="'timm:tiny' needs the package timm"):
        TimmBackbone(bands=3, size=64, network="tiny")


def test_a_network_for_one_size_is_made_for_it(monkeypatch):
    def create_model(name, in_chans, num_classes, img_size=224):
        return nn.Sequential(nn.Flatten(), nn.Linear(in_chans * img_size**2, 5))

    known = SimpleNamespace(is_model=lambda name: True, create_model=create_model)
    monkeypatch.setitem(sys.modules, "timm", known)
    assert TimmBackbone(bands=2, size=16, network="vit").num_features == 5


@pytest.mark.parametrize("kind", [AssertionError, RuntimeError, ValueError])
def test_a_size_that_it_does_not_take_is_told_in_one_sentence(monkeypatch, kind):
    def create_model(name, in_chans, num_classes, img_size=224):
        raise kind("Input height (64) doesn't match model (224).")

    known = SimpleNamespace(is_model=lambda name: True, create_model=create_model)
    monkeypatch.setitem(sys.modules, "timm", known)
    with pytest.raises(ArgumentError, match=r"`input.size`.* got 64. Of 'timm:vit'.*\(224\)\.$"):
        TimmBackbone(bands=3, size=64, network="vit")


@pytest.mark.parametrize(
    "network", ["resnet10t", "vit_tiny_patch16_224", "swin_tiny_patch4_window7_224"]
)
def test_a_real_one(network, torchvision):
    timm = pytest.importorskip("timm", reason="timm is not installed")
    backbone = TimmBackbone(bands=2, size=64, network=network).eval()
    assert backbone(torch.zeros(1, 2, 64, 64)).shape == (1, backbone.num_features)
    assert backbone.num_features == timm.create_model(network, num_classes=0).num_features
