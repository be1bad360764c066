"""Inception-v3 (Szegedy et al. 2016), with the tensor names of torchvision's checkpoint.

The auxiliary classifier is left out.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from toomre.networks.network import check_size

__all__ = ["InceptionV3Backbone"]

_SMALLEST = 75
_EPSILON = 1e-3


class InceptionV3Backbone(nn.Module):
    """The convolutions of Inception-v3, averaged over the image: 2048 features.

    Images below 75 pixels, of which its poolings would leave nothing, are enlarged to 75.

    Parameters
    ----------
    bands, size
        Shape of the images: (bands, size, size); at least 64 pixels.

    Examples
    --------
    >>> backbone = InceptionV3Backbone(bands=3, size=75)
    >>> sum(p.numel() for p in backbone.parameters())
    21785568
    """

    def __init__(self, bands: int, size: int) -> None:
        super().__init__()
        check_size(size)
        self.Conv2d_1a_3x3 = _Convolution(bands, 32, 3, stride=2)
        self.Conv2d_2a_3x3 = _Convolution(32, 32, 3)
        self.Conv2d_2b_3x3 = _Convolution(32, 64, 3, padding=1)
        self.maxpool1 = nn.MaxPool2d(3, stride=2)
        self.Conv2d_3b_1x1 = _Convolution(64, 80, 1)
        self.Conv2d_4a_3x3 = _Convolution(80, 192, 3)
        self.maxpool2 = nn.MaxPool2d(3, stride=2)
        self.Mixed_5b = _MixedA(192, pooled=32)
        self.Mixed_5c = _MixedA(256, pooled=64)
        self.Mixed_5d = _MixedA(288, pooled=64)
        self.Mixed_6a = _ReductionA(288)
        self.Mixed_6b = _MixedB(768, middle=128)
        self.Mixed_6c = _MixedB(768, middle=160)
        self.Mixed_6d = _MixedB(768, middle=160)
        self.Mixed_6e = _MixedB(768, middle=192)
        self.Mixed_7a = _ReductionB(768)
        self.Mixed_7b = _MixedC(1280)
        self.Mixed_7c = _MixedC(2048)
        self.num_features = 2048
        self.apply(_start)

    @property
    def cam_layer(self) -> nn.Module:
        """The last mixed block."""
        return self.Mixed_7c

    def forward(self, images: Tensor) -> Tensor:
        """Return features of shape (n, 2048)."""
        maps = images
        if min(images.shape[2:]) < _SMALLEST:
            maps = functional.interpolate(images, (_SMALLEST, _SMALLEST), mode="bilinear")
        for layer in self.children():
            maps = layer(maps)
        return maps.mean(dim=(2, 3))


class _Convolution(nn.Module):
    folds: ClassVar = (("conv", "bn"),)

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int | tuple[int, int],
        stride: int = 1,
        padding: int | tuple[int, int] = 0,
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(outputs, eps=_EPSILON)

    def forward(self, images: Tensor) -> Tensor:
        return torch.relu_(self.bn(self.conv(images)))


class _MixedA(nn.Module):
    """1 x 1, 5 x 5, two 3 x 3 and a pooling, side by side."""

    def __init__(self, inputs: int, pooled: int) -> None:
        super().__init__()
        self.branch1x1 = _Convolution(inputs, 64, 1)
        self.branch5x5_1 = _Convolution(inputs, 48, 1)
        self.branch5x5_2 = _Convolution(48, 64, 5, padding=2)
        self.branch3x3dbl_1 = _Convolution(inputs, 64, 1)
        self.branch3x3dbl_2 = _Convolution(64, 96, 3, padding=1)
        self.branch3x3dbl_3 = _Convolution(96, 96, 3, padding=1)
        self.branch_pool = _Convolution(inputs, pooled, 1)

    def forward(self, maps: Tensor) -> Tensor:
        one = self.branch1x1(maps)
        five = self.branch5x5_2(self.branch5x5_1(maps))
        three = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(maps)))
        return torch.cat([one, five, three, self.branch_pool(_average(maps))], dim=1)


class _ReductionA(nn.Module):
    """Half the side: 3 x 3, two 3 x 3 and a pooling, side by side."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.branch3x3 = _Convolution(inputs, 384, 3, stride=2)
        self.branch3x3dbl_1 = _Convolution(inputs, 64, 1)
        self.branch3x3dbl_2 = _Convolution(64, 96, 3, padding=1)
        self.branch3x3dbl_3 = _Convolution(96, 96, 3, stride=2)

    def forward(self, maps: Tensor) -> Tensor:
        double = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(maps)))
        return torch.cat([self.branch3x3(maps), double, functional.max_pool2d(maps, 3, 2)], dim=1)


class _MixedB(nn.Module):
    """1 x 1, a 7 x 7 in two steps, two such and a pooling, side by side."""

    def __init__(self, inputs: int, middle: int) -> None:
        super().__init__()
        self.branch1x1 = _Convolution(inputs, 192, 1)
        self.branch7x7_1 = _Convolution(inputs, middle, 1)
        self.branch7x7_2 = _row(middle, middle)
        self.branch7x7_3 = _column(middle, 192)
        self.branch7x7dbl_1 = _Convolution(inputs, middle, 1)
        self.branch7x7dbl_2 = _column(middle, middle)
        self.branch7x7dbl_3 = _row(middle, middle)
        self.branch7x7dbl_4 = _column(middle, middle)
        self.branch7x7dbl_5 = _row(middle, 192)
        self.branch_pool = _Convolution(inputs, 192, 1)

    def forward(self, maps: Tensor) -> Tensor:
        single = self.branch7x7_3(self.branch7x7_2(self.branch7x7_1(maps)))
        double = self.branch7x7dbl_3(self.branch7x7dbl_2(self.branch7x7dbl_1(maps)))
        double = self.branch7x7dbl_5(self.branch7x7dbl_4(double))
        pooled = self.branch_pool(_average(maps))
        return torch.cat([self.branch1x1(maps), single, double, pooled], dim=1)


class _ReductionB(nn.Module):
    """Half the side: 3 x 3, a 7 x 7 in two steps with a 3 x 3, and a pooling, side by side."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.branch3x3_1 = _Convolution(inputs, 192, 1)
        self.branch3x3_2 = _Convolution(192, 320, 3, stride=2)
        self.branch7x7x3_1 = _Convolution(inputs, 192, 1)
        self.branch7x7x3_2 = _row(192, 192)
        self.branch7x7x3_3 = _column(192, 192)
        self.branch7x7x3_4 = _Convolution(192, 192, 3, stride=2)

    def forward(self, maps: Tensor) -> Tensor:
        three = self.branch3x3_2(self.branch3x3_1(maps))
        seven = self.branch7x7x3_2(self.branch7x7x3_1(maps))
        seven = self.branch7x7x3_4(self.branch7x7x3_3(seven))
        return torch.cat([three, seven, functional.max_pool2d(maps, 3, 2)], dim=1)


class _MixedC(nn.Module):
    """1 x 1, a 3 x 3 spread to a row and a column, such after a 3 x 3, and a pooling."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.branch1x1 = _Convolution(inputs, 320, 1)
        self.branch3x3_1 = _Convolution(inputs, 384, 1)
        self.branch3x3_2a = _Convolution(384, 384, (1, 3), padding=(0, 1))
        self.branch3x3_2b = _Convolution(384, 384, (3, 1), padding=(1, 0))
        self.branch3x3dbl_1 = _Convolution(inputs, 448, 1)
        self.branch3x3dbl_2 = _Convolution(448, 384, 3, padding=1)
        self.branch3x3dbl_3a = _Convolution(384, 384, (1, 3), padding=(0, 1))
        self.branch3x3dbl_3b = _Convolution(384, 384, (3, 1), padding=(1, 0))
        self.branch_pool = _Convolution(inputs, 192, 1)

    def forward(self, maps: Tensor) -> Tensor:
        single = self.branch3x3_1(maps)
        double = self.branch3x3dbl_2(self.branch3x3dbl_1(maps))
        parts = [
            self.branch1x1(maps),
            self.branch3x3_2a(single),
            self.branch3x3_2b(single),
            self.branch3x3dbl_3a(double),
            self.branch3x3dbl_3b(double),
            self.branch_pool(_average(maps)),
        ]
        return torch.cat(parts, dim=1)


def _row(inputs: int, outputs: int) -> _Convolution:
    return _Convolution(inputs, outputs, (1, 7), padding=(0, 3))


def _column(inputs: int, outputs: int) -> _Convolution:
    return _Convolution(inputs, outputs, (7, 1), padding=(3, 0))


def _average(maps: Tensor) -> Tensor:
    return functional.avg_pool2d(maps, 3, stride=1, padding=1)


def _start(module: nn.Module) -> None:
    """Start from a normal distribution of width 0.1."""
    if isinstance(module, nn.Conv2d):
        nn.init.normal_(module.weight, std=0.1)
