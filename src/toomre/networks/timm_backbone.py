"""Any network of the optional package timm as a backbone."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from toomre.errors import ArgumentError
from toomre.packages import import_package

__all__ = ["TIMM", "TimmBackbone"]

#: How the name of such a backbone starts in a recipe: ``timm:convnext_tiny``.
TIMM = "timm:"


class TimmBackbone(nn.Module):
    """A network of timm without its classifier; its own pooling gives the features.

    A network that is made for one size of images, such as a vision transformer, is made for
    `size`. The weights are those that torch's random state gives.

    Parameters
    ----------
    bands, size
        Shape of the images: (bands, size, size).
    network
        Its name in timm.

    Raises
    ------
    MissingPackageError
        If timm is not installed, or does not go with the installed torch.
    ArgumentError
        If timm knows no such network, or the network does not take images of this size.
    """

    def __init__(self, bands: int, size: int, network: str) -> None:
        super().__init__()
        use, instead = f"The backbone {TIMM + network!r}", "choose a backbone of toomre's own"
        timm = import_package("timm", "timm", use, instead)
        if not timm.is_model(network):
            raise ArgumentError.expected("backbone.name", "a network that timm knows", network)
        try:
            self.network = _made(timm, network, bands, size)
            self.num_features = _num_features(self.network, (1, bands, size, size))
        except (AssertionError, RuntimeError, ValueError) as error:  # timm's ways to refuse a size
            text = str(error).rstrip(".")
            allowed = "a size that the network takes"
            hint = f"Of {TIMM + network!r} timm says: {text}."
            raise ArgumentError.expected("input.size", allowed, size, hint) from error
        layers = self.network.modules()
        self._cam_layer = [layer for layer in layers if isinstance(layer, nn.Conv2d)][-1:]

    @property
    def cam_layer(self) -> nn.Module:
        """The last convolution."""
        return self._cam_layer[0]

    def forward(self, images: Tensor) -> Tensor:
        """Return features of shape (n, num_features)."""
        features: Tensor = self.network(images)
        return features


def _made(timm: Any, network: str, bands: int, size: int) -> nn.Module:
    """Return the network, made for the size where it wants to know that."""
    make = partial(timm.create_model, network, in_chans=bands, num_classes=0)
    try:
        made: nn.Module = make(img_size=size)
    except TypeError as error:
        if "img_size" not in str(error):
            raise
        made = make()  # most convolutional networks take any size
    return made


def _num_features(network: nn.Module, shape: tuple[int, int, int, int]) -> int:
    with torch.no_grad():
        features = network.eval()(torch.zeros(shape))
    network.train()
    return int(features.shape[1])
