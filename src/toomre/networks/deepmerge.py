"""The two DeepMerge networks (Ciprijanovic et al. 2020, 2021), layer by layer.

Parameter counts, checked by the tests: DeepMerge I for two bands of 75 x 75 pixels has 174,801
numbers with the published BatchNorm axis and 174,505 with the usual one (running statistics
included, as Keras counts); DeepMerge II for three bands has 174,626.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from toomre.networks.start import glorot

__all__ = ["DeepMerge1Backbone", "DeepMerge1Head", "DeepMerge2Backbone", "DeepMerge2Head"]

_WIDTHS = (8, 16, 32)
_KERNELS = (5, 3, 3)
# Keras' defaults, with which DeepMerge I was published (its momentum 0.99 is 0.01 here).
_KERAS_EPSILON = 1e-3
_KERAS_MOMENTUM = 0.01


class _WidthBatchNorm(nn.BatchNorm2d):
    """BatchNorm over the x axis: Keras' default axis met channel-first images."""

    def forward(self, images: Tensor) -> Tensor:
        return super().forward(images.transpose(1, 3)).transpose(1, 3)


class DeepMerge1Backbone(nn.Module):
    """The convolutions of DeepMerge I: three times convolution, ReLU, BatchNorm, pool, dropout.

    Parameters
    ----------
    bands, size
        Shape of the images: (bands, size, size).
    dropout
        Fraction of activations dropped after each pooling.
    batchnorm_axis
        ``"channel"`` (the usual one) or ``"width"`` (as published).

    Examples
    --------
    >>> DeepMerge1Backbone(bands=2, size=75)(torch.zeros(1, 2, 75, 75)).shape
    torch.Size([1, 2592])
    """

    def __init__(
        self,
        bands: int,
        size: int,
        dropout: float = 0.5,
        batchnorm_axis: Literal["channel", "width"] = "channel",
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels, side = bands, size
        for width, kernel in zip(_WIDTHS, _KERNELS, strict=True):
            convolution = nn.Conv2d(channels, width, kernel, padding=kernel // 2)
            normalised = side if batchnorm_axis == "width" else width
            kind = _WidthBatchNorm if batchnorm_axis == "width" else nn.BatchNorm2d
            layers += [
                convolution,
                nn.ReLU(),
                kind(normalised, eps=_KERAS_EPSILON, momentum=_KERAS_MOMENTUM),
                nn.MaxPool2d(2),
                nn.Dropout(dropout),
            ]
            channels, side = width, side // 2
        self.layers = nn.Sequential(*layers)
        self.num_features = channels * side * side
        self.apply(glorot)

    @property
    def cam_layer(self) -> nn.Module:
        """The last convolution."""
        return self.layers[10]

    def forward(self, images: Tensor) -> Tensor:
        """Return features of shape (n, num_features)."""
        features: Tensor = self.layers(images)
        return features.flatten(1)


class DeepMerge1Head(nn.Module):
    """The dense layers of DeepMerge I: 64 and 32 units with softmax between, one logit out.

    The two hidden softmax layers are as published. Their kernels carry an L2 penalty.

    Parameters
    ----------
    num_features
        Length of the backbone's feature vector.
    l2
        Weight of the sum of squared kernel elements of the two hidden layers.
    """

    def __init__(self, num_features: int, l2: float = 1e-4) -> None:
        super().__init__()
        self.hidden1 = nn.Linear(num_features, 64)
        self.hidden2 = nn.Linear(64, 32)
        self.output = nn.Linear(32, 1)
        self.l2 = l2
        self.apply(glorot)

    def forward(self, features: Tensor) -> Tensor:
        """Return one logit an image, (n, 1)."""
        hidden = self.hidden1(features).softmax(dim=1)
        hidden = self.hidden2(hidden).softmax(dim=1)
        logits: Tensor = self.output(hidden)
        return logits

    def penalty(self) -> Tensor:
        """Return the L2 penalty."""
        return self.l2 * (self.hidden1.weight.square().sum() + self.hidden2.weight.square().sum())


class DeepMerge2Backbone(nn.Module):
    """The convolutions of DeepMerge II: three times convolution, BatchNorm, ReLU, pool.

    The ReLU stands after the pooling: the two commute exactly, and a quarter of the work is
    left. The 2592 features of a 75-pixel image are what domain adaptation aligns.

    Examples
    --------
    >>> DeepMerge2Backbone(bands=3, size=75).num_features
    2592
    """

    def __init__(self, bands: int, size: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels, side = bands, size
        for width, kernel in zip(_WIDTHS, _KERNELS, strict=True):
            layers += [
                nn.Conv2d(channels, width, kernel, padding=kernel // 2),
                nn.BatchNorm2d(width),
                nn.MaxPool2d(2),
                nn.ReLU(),
            ]
            channels, side = width, side // 2
        self.layers = nn.Sequential(*layers)
        self.num_features = channels * side * side

    @property
    def cam_layer(self) -> nn.Module:
        """The last convolution."""
        return self.layers[8]

    def forward(self, images: Tensor) -> Tensor:
        """Return features of shape (n, num_features)."""
        features: Tensor = self.layers(images)
        return features.flatten(1)


class DeepMerge2Head(nn.Module):
    """The dense layers of DeepMerge II: 64 and 32 units with ReLU, two logits out."""

    def __init__(self, num_features: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(num_features, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 2)
        )

    def forward(self, features: Tensor) -> Tensor:
        """Return two logits an image, (n, 2): nonmerger, merger."""
        logits: Tensor = self.layers(features)
        return logits

    def penalty(self) -> Tensor:
        """Return zero: DeepMerge II is regularised by weight decay only."""
        return torch.zeros((), device=next(self.parameters()).device)
