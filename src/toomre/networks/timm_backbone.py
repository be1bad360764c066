"""Any network of the optional package timm as a backbone."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from toomre.errors import ArgumentError
from toomre.packages import import_package

__all__ = ["TIMM", "TimmBackbone"]

#: How the name of such a backbone starts in a recipe: ``timm:convnext_tiny``.
TIMM = "timm:"


class TimmBackbone(nn.Module):
    """A network of timm without its classifier; its own pooling gives the features.

    The weights are those that torch's random state gives.

    Parameters
    ----------
    bands, size
        Shape of the images: (bands, size, size).
    network
        Its name in timm.

    Raises
    ------
    MissingPackageError
        If timm is not installed.
    ArgumentError
        If timm knows no such network.
    """

    def __init__(self, bands: int, size: int, network: str) -> None:
        super().__init__()
        use, instead = f"The backbone {TIMM + network!r}", "choose a backbone of toomre's own"
        timm = import_package("timm", "timm", use, instead)
        if not timm.is_model(network):
            raise ArgumentError.expected("backbone.name", "a network that timm knows", network)
        self.network = timm.create_model(network, in_chans=bands, num_classes=0)
        self.num_features = _num_features(self.network, (1, bands, size, size))
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


def _num_features(network: nn.Module, shape: tuple[int, int, int, int]) -> int:
    with torch.no_grad():
        try:
            features = network.eval()(torch.zeros(shape))
        except AssertionError as error:  # timm's way to refuse a size
            raise ArgumentError(f"The network does not take such images: {error}.") from error
    network.train()
    return int(features.shape[1])
