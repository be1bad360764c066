"""A network is a backbone and a head; two logits or one become one merger logit."""

from __future__ import annotations

from typing import Protocol, cast

from torch import Tensor, nn

from toomre.errors import ArgumentError

__all__ = ["Backbone", "Head", "Network", "check_size", "merger_logit"]


class Backbone(Protocol):
    """Images (n, band, y, x) in, features (n, num_features) out.

    Attributes
    ----------
    num_features
        Length of one feature vector.
    cam_layer
        The layer whose activation maps explain a score (Grad-CAM).
    """

    num_features: int

    @property
    def cam_layer(self) -> nn.Module:
        """The layer; a property, so that its weights are not registered twice."""
        ...

    def __call__(self, images: Tensor) -> Tensor:
        """Return the features."""
        ...


class Head(Protocol):
    """Features (n, num_features) in, logits (n, 1) or (n, 2) out, or vote fractions (n, 37)."""

    def __call__(self, features: Tensor) -> Tensor:
        """Return the logits."""
        ...

    def penalty(self) -> Tensor:
        """Return what the head adds to the training loss (a scalar; 0 for most)."""
        ...


class Network(nn.Module):
    """A backbone and a head.

    Examples
    --------
    >>> import torch
    >>> from toomre.networks.deepmerge import DeepMerge2Backbone, DeepMerge2Head
    >>> network = Network(DeepMerge2Backbone(bands=3, size=75), DeepMerge2Head(2592))
    >>> features, logits = network(torch.zeros(4, 3, 75, 75))
    >>> features.shape, logits.shape
    (torch.Size([4, 2592]), torch.Size([4, 2]))
    >>> sum(p.numel() for p in network.parameters())
    174626
    """

    def __init__(self, backbone: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = head

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return features (n, num_features) and logits (n, 1 or 2)."""
        features = self.backbone(images)
        return features, self.head(features)

    def penalty(self) -> Tensor:
        """Return the regularisation that belongs to the architecture."""
        return cast("Head", self.head).penalty()


def check_size(size: int, smallest: int = 64) -> None:
    """Refuse images that are too small for a backbone.

    Raises
    ------
    ArgumentError
        If the side is below `smallest` pixels.
    """
    if size < smallest:
        raise ArgumentError.expected("size", f"at least {smallest} pixels", size)


def merger_logit(logits: Tensor) -> Tensor:
    """Return the log-odds of "merger", (n,), from one logit or from two.

    With two logits, column 1 is the merger, and the difference of the columns is the log-odds
    of the softmax.

    Raises
    ------
    ArgumentError
        If the network gives something else, such as vote fractions.

    Examples
    --------
    >>> import torch
    >>> merger_logit(torch.tensor([[1.0, 3.0]]))
    tensor([2.])
    """
    if logits.shape[1] == 1:
        return logits[:, 0]
    if logits.shape[1] != 2:
        raise ArgumentError.expected("logits", "of shape (n, 1) or (n, 2)", tuple(logits.shape))
    return logits[:, 1] - logits[:, 0]
