"""A small network of 3 x 3 convolutions with global average pooling, for real images.

It follows the pattern of VGG (Simonyan & Zisserman 2015) with BatchNorm, and averages each
feature map over the image instead of flattening it (Lin et al. 2014), so that it has few
weights, does not depend on where in the image a feature lies, and takes any image size.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn

from toomre.errors import ArgumentError

__all__ = ["VGGSmallBackbone"]


class VGGSmallBackbone(nn.Module):
    """Blocks of two convolutions and a pooling; the first block has one 5 x 5 convolution.

    Parameters
    ----------
    bands, size
        Shape of the images: (bands, size, size).
    widths
        Channels of each block; each block halves the image.

    Examples
    --------
    >>> import torch
    >>> VGGSmallBackbone(bands=3, size=75)(torch.zeros(2, 3, 75, 75)).shape
    torch.Size([2, 128])
    """

    def __init__(self, bands: int, size: int, widths: Sequence[int] = (16, 32, 64, 128)) -> None:
        super().__init__()
        if size < 2 ** len(widths):
            raise ArgumentError.expected("size", f"at least {2 ** len(widths)} pixels", size)
        layers = [*_convolution(bands, widths[0], kernel=5), nn.MaxPool2d(2), nn.ReLU()]
        for before, width in pairwise(widths):
            layers += [*_convolution(before, width), nn.ReLU()]
            layers += [*_convolution(width, width), nn.MaxPool2d(2), nn.ReLU()]
        self.layers = nn.Sequential(*layers)
        self.num_features = widths[-1]

    @property
    def cam_layer(self) -> nn.Module:
        """The last convolution."""
        return self.layers[-4]

    def forward(self, images: Tensor) -> Tensor:
        """Return features of shape (n, num_features)."""
        features: Tensor = self.layers(images)
        return features.mean(dim=(2, 3))


def _convolution(inputs: int, outputs: int, kernel: int = 3) -> list[nn.Module]:
    return [
        nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
    ]
