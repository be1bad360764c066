"""EfficientNet-Lite0, 1 and 2 (Tan & Le 2019, without squeeze and excitation, ReLU6 for swish).

The names of the tensors are those of the public checkpoints: ``efficientnet-lite0-57934424.pth``,
``efficientnet-lite1-77cc7160.pth`` and ``efficientnet-lite2-9656183e.pth``.
"""

from __future__ import annotations

import math
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from toomre.networks.network import check_size

__all__ = [
    "EfficientNetLite0Backbone",
    "EfficientNetLite1Backbone",
    "EfficientNetLite2Backbone",
]

# Repeats, kernel, stride of the first, widening, channels out: one row a stage.
_STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
_STEM, _FEATURES = 32, 1280
# TensorFlow's BatchNorm, with which it was published (its momentum 0.99 is 0.01 here).
_EPSILON, _MOMENTUM = 1e-3, 0.01


class _EfficientNetLite(nn.Module):
    """The convolutions of an EfficientNet-Lite, averaged over the image: 1280 features."""

    #: How many times as many channels as EfficientNet-Lite0, and how many times as many blocks.
    width: ClassVar[float] = 1.0
    depth: ClassVar[float] = 1.0

    folds: ClassVar = (("_conv_stem", "_bn0"), ("_conv_head", "_bn1"))

    def __init__(self, bands: int, size: int) -> None:
        super().__init__()
        check_size(size)
        self._conv_stem = _SameConvolution(bands, _STEM, 3, stride=2, bias=False)
        self._bn0 = _norm(_STEM)
        self._blocks = nn.ModuleList()
        channels = _STEM
        for stage, (repeats, kernel, stride, widening, narrow) in enumerate(_STAGES):
            outputs = _eights(narrow * self.width)
            # The first and the last stage are never repeated, nor the stem widened.
            inner = 0 < stage < len(_STAGES) - 1
            for k in range(math.ceil(repeats * self.depth) if inner else repeats):
                step = stride if k == 0 else 1
                self._blocks.append(_Block(channels, outputs, kernel, step, widening))
                channels = outputs
        self._conv_head = nn.Conv2d(channels, _FEATURES, 1, bias=False)
        self._bn1 = _norm(_FEATURES)
        self.num_features = _FEATURES
        self.apply(_start)

    @property
    def cam_layer(self) -> nn.Module:
        """The last convolution."""
        return self._conv_head

    def forward(self, images: Tensor) -> Tensor:
        """Return features of shape (n, 1280)."""
        maps = functional.relu6(self._bn0(self._conv_stem(images)), inplace=True)
        for block in self._blocks:
            maps = block(maps)
        maps = functional.relu6(self._bn1(self._conv_head(maps)), inplace=True)
        return maps.mean(dim=(2, 3))


class EfficientNetLite0Backbone(_EfficientNetLite):
    """EfficientNet-Lite0 without its classifier: 16 blocks, 1280 features.

    Parameters
    ----------
    bands, size
        Shape of the images: (bands, size, size); at least 64 pixels.

    Examples
    --------
    >>> import torch
    >>> backbone = EfficientNetLite0Backbone(bands=3, size=64)
    >>> backbone(torch.zeros(2, 3, 64, 64)).shape
    torch.Size([2, 1280])
    >>> sum(p.numel() for p in backbone.parameters())
    3371008
    """


class EfficientNetLite1Backbone(_EfficientNetLite):
    """EfficientNet-Lite1: 21 blocks instead of 16 (a depth of 1.1, rounded up in each stage).

    Parameters
    ----------
    bands, size
        Shape of the images: (bands, size, size); at least 64 pixels.

    Examples
    --------
    >>> backbone = EfficientNetLite1Backbone(bands=3, size=64)
    >>> sum(p.numel() for p in backbone.parameters())
    4135680
    """

    depth: ClassVar[float] = 1.1


class EfficientNetLite2Backbone(_EfficientNetLite):
    """EfficientNet-Lite2: 21 blocks, and a tenth more channels in the stages of 40 and more.

    Parameters
    ----------
    bands, size
        Shape of the images: (bands, size, size); at least 64 pixels.

    Examples
    --------
    >>> backbone = EfficientNetLite2Backbone(bands=3, size=64)
    >>> sum(p.numel() for p in backbone.parameters())
    4811072
    """

    width: ClassVar[float] = 1.1
    depth: ClassVar[float] = 1.2


class _Block(nn.Module):
    """Widen, filter each channel by itself, narrow; what came in is added where shapes allow."""

    folds: ClassVar = (
        ("_expand_conv", "_bn0"),
        ("_depthwise_conv", "_bn1"),
        ("_project_conv", "_bn2"),
    )

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, widening: int) -> None:
        super().__init__()
        wide = inputs * widening
        self._expand_conv, self._bn0 = None, None
        if widening > 1:
            self._expand_conv = nn.Conv2d(inputs, wide, 1, bias=False)
            self._bn0 = _norm(wide)
        self._depthwise_conv = _SameConvolution(
            wide, wide, kernel, stride=stride, groups=wide, bias=False
        )
        self._bn1 = _norm(wide)
        self._project_conv = nn.Conv2d(wide, outputs, 1, bias=False)
        self._bn2 = _norm(outputs)
        self._adds = stride == 1 and inputs == outputs

    def forward(self, inputs: Tensor) -> Tensor:
        maps: Tensor = inputs
        if self._expand_conv is not None and self._bn0 is not None:
            maps = functional.relu6(self._bn0(self._expand_conv(maps)), inplace=True)
        maps = functional.relu6(self._bn1(self._depthwise_conv(maps)), inplace=True)
        maps = self._bn2(self._project_conv(maps))
        return maps + inputs if self._adds else maps


class _SameConvolution(nn.Conv2d):
    """A convolution that pads as TensorFlow's "same": an odd pixel goes to the far side."""

    def forward(self, images: Tensor) -> Tensor:
        (kernel, _), (stride, _) = self.kernel_size, self.stride
        rows, columns = (_same(side, kernel, stride) for side in images.shape[2:])
        around = (rows[0], columns[0])
        if rows[0] != rows[1] or columns[0] != columns[1]:
            images, around = functional.pad(images, [*columns, *rows]), (0, 0)
        kind = images.device.type
        # For bfloat16, a CPU's depthwise kernels take several times as long as for float32.
        if kind == "cpu" and self.groups > 1 and torch.is_autocast_enabled(kind):
            with torch.autocast(kind, enabled=False):
                return self._convolved(images.to(self.weight.dtype), around)
        return self._convolved(images, around)

    def _convolved(self, images: Tensor, around: tuple[int, int]) -> Tensor:
        weight, bias = self.weight, self.bias
        return functional.conv2d(images, weight, bias, self.stride, around, groups=self.groups)


def _eights(channels: float) -> int:
    """Round to a multiple of eight, at most a tenth down, as EfficientNet does (Tan & Le 2019)."""
    rounded = max(8, int(channels + 4) // 8 * 8)
    return rounded if rounded >= 0.9 * channels else rounded + 8


def _same(side: int, kernel: int, stride: int) -> tuple[int, int]:
    total = max((-(-side // stride) - 1) * stride + kernel - side, 0)
    return total // 2, total - total // 2


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=_EPSILON, momentum=_MOMENTUM)


def _start(module: nn.Module) -> None:
    """He's normal start by the fan out of each group."""
    if isinstance(module, nn.Conv2d):
        fan = module.kernel_size[0] * module.kernel_size[1] * module.out_channels // module.groups
        nn.init.normal_(module.weight, std=(2 / fan) ** 0.5)
