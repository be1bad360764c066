from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from toomre.errors import ArgumentError, MissingPackageError
from toomre.networks.timm_backbone import TimmBackbone


def fake_timm(known="tiny"):
    def create_model(name, in_chans, num_classes):
        assert num_classes == 0
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


def test_a_real_one():
    try:
        import timm  # noqa: F401
    except ImportError as error:
        pytest.skip(f"timm does not import: {error}")
    backbone = TimmBackbone(bands=2, size=64, network="resnet10t").eval()
    assert backbone(torch.zeros(1, 2, 64, 64)).shape == (1, backbone.num_features)
