from __future__ import annotations

import pytest

from toomre.errors import ArgumentError
from toomre.networks.imagenet import IMAGENET_WEIGHTS, imagenet_input
from toomre.networks.tables import BACKBONES


def test_every_entry_is_a_backbone_and_fits_it():
    for name, weights in IMAGENET_WEIGHTS.items():
        assert weights.first in BACKBONES[name](bands=3, size=64).state_dict()
        assert weights.file.endswith(f"-{weights.sha256[:8]}.pth")
        # Whole, but of torchvision's files, of which no more is published.
        assert len(weights.sha256) == (64 if weights.package else 8)
        assert bool(weights.url) != bool(weights.package)


def test_red_green_and_blue_are_the_published_numbers():
    mean, std = imagenet_input("resnet50", bands=3)
    assert mean == pytest.approx((123.675, 116.28, 103.53))
    assert std == pytest.approx((58.395, 57.12, 57.375))
    assert imagenet_input("efficientnet_lite0", bands=3) == ((127.0,) * 3, (128.0,) * 3)


def test_other_bands_get_averages():
    assert imagenet_input("resnet50", bands=1)[0] == pytest.approx((114.495,))
    two = imagenet_input("resnet50", bands=2)[0]
    assert two == pytest.approx(((2 * 123.675 + 116.28) / 3, (116.28 + 2 * 103.53) / 3))


def test_a_backbone_without_such_weights_is_refused():
    with pytest.raises(ArgumentError, match="one with ImageNet weights.*'vgg_small'"):
        imagenet_input("vgg_small", bands=3)
