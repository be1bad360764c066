"""The small network for Galaxy Zoo 2's 37 vote fractions, started as in Keras.

With `VoteHead` of 128 and 64 hidden units on 64 x 64 x 3 pixels it has 1,652,453 numbers (the 64
running statistics included, as Keras counts), which the tests check.
"""

from __future__ import annotations

from torch import Tensor, nn

from toomre.networks.network import check_size
from toomre.networks.start import glorot

__all__ = ["GZ2Backbone"]

_WIDTHS = (32, 64, 128)
# Keras' defaults (its momentum 0.99 is 0.01 here).
_EPSILON, _MOMENTUM = 1e-3, 0.01


class GZ2Backbone(nn.Module):
    """Three convolutions without padding, of 3, 3 and 6 pixels, with poolings and dropout.

    Parameters
    ----------
    bands, size
        Shape of the images: (bands, size, size); at least 64 pixels.
    dropout
        Fraction of activations dropped after each convolution.

    Examples
    --------
    >>> GZ2Backbone(bands=3, size=64).num_features
    10368
    """

    def __init__(self, bands: int, size: int, dropout: float = 0.2) -> None:
        super().__init__()
        check_size(size)
        first, second, third = _WIDTHS
        self.layers = nn.Sequential(
            nn.Conv2d(bands, first, 3),
            nn.BatchNorm2d(first, eps=_EPSILON, momentum=_MOMENTUM),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Dropout(dropout),
            nn.Conv2d(first, second, 3),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Dropout(dropout),
            nn.Conv2d(second, third, 6),
            nn.ReLU(),
            nn.Dropout(dropout),
        )
        side = ((size - 2) // 2 - 2) // 2 - 5
        self.num_features = third * side * side
        self.apply(glorot)

    @property
    def cam_layer(self) -> nn.Module:
        """The last convolution."""
        return self.layers[9]

    def forward(self, images: Tensor) -> Tensor:
        """Return features of shape (n, num_features)."""
        maps: Tensor = self.layers(images)
        return maps.flatten(1)
