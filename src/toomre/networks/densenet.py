"""DenseNet-121 (Huang et al. 2017), with the tensor names of torchvision's checkpoint."""

from __future__ import annotations

from collections import OrderedDict
from typing import ClassVar

import torch
from torch import Tensor, nn

from toomre.networks.network import check_size

__all__ = ["DenseNet121Backbone"]

_GROWTH, _NARROW, _STEM = 32, 128, 64
_BLOCKS = (6, 12, 24, 16)


class DenseNet121Backbone(nn.Module):
    """The convolutions of DenseNet-121, averaged over the image: 1024 features.

    Parameters
    ----------
    bands, size
        Shape of the images: (bands, size, size); at least 64 pixels.

    Examples
    --------
    >>> backbone = DenseNet121Backbone(bands=3, size=64)
    >>> sum(p.numel() for p in backbone.parameters())
    6953856
    """

    def __init__(self, bands: int, size: int) -> None:
        super().__init__()
        check_size(size)
        layers: OrderedDict[str, nn.Module] = OrderedDict(
            conv0=nn.Conv2d(bands, _STEM, 7, stride=2, padding=3, bias=False),
            norm0=nn.BatchNorm2d(_STEM),
            relu0=nn.ReLU(inplace=True),
            pool0=nn.MaxPool2d(3, stride=2, padding=1),
        )
        channels = _STEM
        for number, count in enumerate(_BLOCKS, start=1):
            layers[f"denseblock{number}"] = _DenseBlock(channels, count)
            channels += count * _GROWTH
            if number < len(_BLOCKS):
                layers[f"transition{number}"] = _transition(channels)
                channels //= 2
        layers["norm5"] = nn.BatchNorm2d(channels)
        self.features = nn.Sequential(layers)
        self.num_features = channels
        self.apply(_start)

    @property
    def cam_layer(self) -> nn.Module:
        """The last BatchNorm, which sees what all layers of the last block found."""
        return self.features[-1]

    def forward(self, images: Tensor) -> Tensor:
        """Return features of shape (n, 1024)."""
        maps: Tensor = self.features(images)
        return torch.relu(maps).mean(dim=(2, 3))


class _DenseLayer(nn.Module):
    """BatchNorm, ReLU and convolution, twice: 32 new channels from all that there are."""

    folds: ClassVar = (("conv1", "norm2"),)

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(inputs)
        self.conv1 = nn.Conv2d(inputs, _NARROW, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(_NARROW)
        self.conv2 = nn.Conv2d(_NARROW, _GROWTH, 3, padding=1, bias=False)

    def forward(self, inputs: Tensor) -> Tensor:
        maps: Tensor = self.conv1(torch.relu_(self.norm1(inputs)))
        maps = self.conv2(torch.relu_(self.norm2(maps)))
        return maps


class _DenseBlock(nn.Module):
    """Layers of which each sees the outputs of all before it."""

    def __init__(self, inputs: int, count: int) -> None:
        super().__init__()
        for k in range(count):
            self.add_module(f"denselayer{k + 1}", _DenseLayer(inputs + k * _GROWTH))

    def forward(self, inputs: Tensor) -> Tensor:
        maps = inputs
        for layer in self.children():
            maps = torch.cat([maps, layer(maps)], dim=1)
        return maps


def _transition(channels: int) -> nn.Sequential:
    return nn.Sequential(
        OrderedDict(
            norm=nn.BatchNorm2d(channels),
            relu=nn.ReLU(inplace=True),
            conv=nn.Conv2d(channels, channels // 2, 1, bias=False),
            pool=nn.AvgPool2d(2),
        )
    )


def _start(module: nn.Module) -> None:
    """He's normal start by the fan in."""
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight)
