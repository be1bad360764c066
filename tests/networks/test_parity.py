"""Our networks are the public ones: names and shapes of tensors, and what comes out.

The recorded numbers are those of torchvision 0.29.2 and, for EfficientNet-Lite, of the code of
its checkpoints' authors (efficientnet-lite-pytorch 0.1.0), with the weights and the image of
``conftest.py``. Where torchvision imports, it judges once more.
"""

from __future__ import annotations

import hashlib
from types import ModuleType

import pytest
import torch
from torch import nn

from toomre.networks.tables import BACKBONES

# SHA-256 of names and shapes; mean and scatter of the features; the largest three and where.
RECORDED = {
    "densenet121": (
        "d40ec7e16223b8b0",
        (0.236805, 0.248424),
        {0: 1.57348, 723: 1.52269, 293: 1.44208},
    ),
    "efficientnet_lite0": (
        "d70cfa1a735f32cc",
        (1.44851, 1.05094),
        {654: 5.62397, 650: 5.31759, 637: 5.14084},
    ),
    "efficientnet_lite1": (
        "27da7a07cf78a30c",
        (1.48977, 1.069847),
        {792: 5.17445, 1141: 5.05288, 779: 4.84085},
    ),
    "efficientnet_lite2": (
        "6a03a4b8461e0bda",
        (1.552867, 0.986157),
        {605: 5.31499, 821: 5.30037, 610: 5.23749},
    ),
    "inception_v3": (
        "5c5cb906421dd921",
        (0.0434139, 0.0648961),
        {1201: 0.39527, 842: 0.3888, 43: 0.35631},
    ),
    "resnet18": (
        "504739f3083bec5e",
        (14.0098, 7.58024),
        {85: 50.54702, 448: 43.47206, 177: 42.77443},
    ),
    "resnet50": (
        "c1f7fd3808aa49e7",
        (37.6531, 19.2261),
        {1315: 106.48071, 1203: 104.48071, 2038: 101.61093},
    ),
    "vgg16": (
        "4c3222feef6e051f",
        (0.204327, 0.12442),
        {169: 0.63964, 486: 0.60407, 255: 0.57911},
    ),
}
TOPS = ("fc.", "classifier.", "AuxLogits.")


@pytest.mark.parametrize("name", RECORDED)
def test_names_and_shapes_are_the_public_ones(name):
    tensors = BACKBONES[name](bands=3, size=80).state_dict()
    lines = sorted(f"{key} {tuple(tensor.shape)}" for key, tensor in tensors.items())
    digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    assert digest[:16] == RECORDED[name][0]


@pytest.mark.parametrize("name", RECORDED)
def test_features_are_the_recorded_ones(name, filled, wave_image):
    backbone = filled(BACKBONES[name](bands=3, size=80)).eval()
    with torch.no_grad():
        features = backbone(wave_image(3, 80))[0]
    _, (mean, scatter), largest = RECORDED[name]
    assert float(features.mean()) == pytest.approx(mean, rel=1e-3)
    assert float(features.std()) == pytest.approx(scatter, rel=1e-3)
    found = {int(k): float(features[k]) for k in features.topk(3).indices}
    assert found == pytest.approx(largest, rel=1e-3)


@pytest.mark.parametrize("train", [False, True])
@pytest.mark.parametrize("name", [name for name in RECORDED if "efficientnet" not in name])
def test_torchvision_gives_the_same(name, train, filled, wave_image, torchvision):
    theirs = torchvision_network(torchvision.models, name)
    ours = filled(BACKBONES[name](bands=3, size=80)).train(train)
    theirs.load_state_dict(ours.state_dict(), strict=False)
    images = torch.cat([wave_image(3, 80), wave_image(3, 80).flip(3)])
    torch.testing.assert_close(ours(images), theirs.train(train)(images))
    found = {k: v for k, v in theirs.state_dict().items() if not k.startswith(TOPS)}
    torch.testing.assert_close(ours.state_dict(), found)


def torchvision_network(models: ModuleType, name: str) -> nn.Module:
    options = {"transform_input": False, "init_weights": False} if "inception" in name else {}
    network = getattr(models, name)(weights=None, **options)
    if name == "vgg16":
        network.avgpool, network.classifier = nn.AdaptiveAvgPool2d(1), nn.Identity()
        return network
    for part in ("fc", "classifier", "dropout"):
        if hasattr(network, part):
            setattr(network, part, nn.Identity())
    if name == "inception_v3":
        network.aux_logits, network.AuxLogits = False, None
    return network
