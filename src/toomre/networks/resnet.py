"""ResNet-18 and ResNet-50 (He et al. 2016), with the tensor names of torchvision's checkpoints.

As there, the stride of ResNet-50's blocks is in the 3 x 3 convolution.
"""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from toomre.networks.network import check_size
from toomre.networks.start import he_fan_out

__all__ = ["ResNet18Backbone", "ResNet50Backbone"]

_WIDTHS = (64, 128, 256, 512)
_DEEP_WIDENING = 4


class _ShallowBlock(nn.Module):
    """Two 3 x 3 convolutions, and what came in is added."""

    folds: ClassVar = (("conv1", "bn1"), ("conv2", "bn2"))

    def __init__(self, inputs: int, width: int, stride: int, bias: bool) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, width, 3, stride=stride, padding=1, bias=bias)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=bias)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = _shortcut(inputs, width, stride, bias)

    def forward(self, inputs: Tensor) -> Tensor:
        maps = torch.relu_(self.bn1(self.conv1(inputs)))
        maps = self.bn2(self.conv2(maps))
        return torch.relu_(maps + _apply(self.downsample, inputs))


class _DeepBlock(nn.Module):
    """A 3 x 3 convolution between two of 1 x 1, and what came in is added."""

    folds: ClassVar = (("conv1", "bn1"), ("conv2", "bn2"), ("conv3", "bn3"))

    def __init__(self, inputs: int, width: int, stride: int, bias: bool) -> None:
        super().__init__()
        outputs = width * _DEEP_WIDENING
        self.conv1 = nn.Conv2d(inputs, width, 1, bias=bias)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride=stride, padding=1, bias=bias)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, outputs, 1, bias=bias)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.downsample = _shortcut(inputs, outputs, stride, bias)

    def forward(self, inputs: Tensor) -> Tensor:
        maps = torch.relu_(self.bn1(self.conv1(inputs)))
        maps = torch.relu_(self.bn2(self.conv2(maps)))
        maps = self.bn3(self.conv3(maps))
        return torch.relu_(maps + _apply(self.downsample, inputs))


class _ResNetBackbone(nn.Module):
    """What the two share: the stem, four groups of blocks, and how maps become features."""

    folds: ClassVar = (("conv1", "bn1"),)
    block: ClassVar[type[_ShallowBlock | _DeepBlock]]
    widening: ClassVar[int]
    repeats: ClassVar[tuple[int, int, int, int]]

    def __init__(
        self,
        bands: int,
        size: int,
        bottleneck: int = 0,
        pool: Literal["average", "flatten"] = "average",
        keras_biases: bool = False,
    ) -> None:
        super().__init__()
        check_size(size)
        self.conv1 = nn.Conv2d(bands, 64, 7, stride=2, padding=3, bias=keras_biases)
        self.bn1 = nn.BatchNorm2d(64)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        self.layer1 = self._layer(64, 0, keras_biases)
        self.layer2 = self._layer(_WIDTHS[0] * self.widening, 1, keras_biases)
        self.layer3 = self._layer(_WIDTHS[1] * self.widening, 2, keras_biases)
        self.layer4 = self._layer(_WIDTHS[2] * self.widening, 3, keras_biases)
        self._pool = pool
        side = -(-size // 32) if pool == "flatten" else 1
        self.num_features = _WIDTHS[3] * self.widening * side * side
        self.apply(he_fan_out)
        self.bottleneck = None
        if bottleneck:
            self.bottleneck = nn.Linear(self.num_features, bottleneck)
            nn.init.normal_(self.bottleneck.weight, std=0.005)
            nn.init.zeros_(self.bottleneck.bias)
            self.num_features = bottleneck

    def _layer(self, inputs: int, number: int, bias: bool) -> nn.Sequential:
        width, stride = _WIDTHS[number], 1 if number == 0 else 2
        first = self.block(inputs, width, stride, bias)
        outputs, others = width * self.widening, range(self.repeats[number] - 1)
        return nn.Sequential(first, *(self.block(outputs, width, 1, bias) for _ in others))

    @property
    def cam_layer(self) -> nn.Module:
        """The last block."""
        return self.layer4[-1]

    def forward(self, images: Tensor) -> Tensor:
        """Return features of shape (n, num_features)."""
        maps = self.maxpool(torch.relu_(self.bn1(self.conv1(images))))
        maps = self.layer4(self.layer3(self.layer2(self.layer1(maps))))
        features = maps.flatten(1) if self._pool == "flatten" else maps.mean(dim=(2, 3))
        return _apply(self.bottleneck, features)


class ResNet18Backbone(_ResNetBackbone):
    """The convolutions of ResNet-18: 512 features.

    Parameters
    ----------
    bands, size
        Shape of the images: (bands, size, size); at least 64 pixels.
    bottleneck
        Length of a linear layer on the features, started as in DeepMerge II (Ciprijanovic et
        al. 2021): its output is then the features. 0: none.
    pool
        ``"average"`` over the image, or ``"flatten"``: a feature for each place.
    keras_biases
        Whether convolutions have a bias, as in Keras. BatchNorm takes it out again.

    Examples
    --------
    >>> backbone = ResNet18Backbone(bands=3, size=75, bottleneck=256)
    >>> sum(p.numel() for p in backbone.parameters()) + 256 * 2 + 2
    11308354
    """

    block = _ShallowBlock
    widening = 1
    repeats = (2, 2, 2, 2)


class ResNet50Backbone(_ResNetBackbone):
    """The convolutions of ResNet-50: 2048 features; options as `ResNet18Backbone`.

    Examples
    --------
    >>> ResNet50Backbone(bands=3, size=64, pool="flatten").num_features
    8192
    """

    block = _DeepBlock
    widening = _DEEP_WIDENING
    repeats = (3, 4, 6, 3)


def _shortcut(inputs: int, outputs: int, stride: int, bias: bool) -> nn.Module | None:
    if stride == 1 and inputs == outputs:
        return None
    convolution = nn.Conv2d(inputs, outputs, 1, stride=stride, bias=bias)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs))


def _apply(layer: nn.Module | None, values: Tensor) -> Tensor:
    return values if layer is None else layer(values)
