"""The simplest head: one linear layer on the features."""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["LinearHead"]


class LinearHead(nn.Module):
    """Dropout and one linear layer, two logits out.

    Parameters
    ----------
    num_features
        Length of the backbone's feature vector.
    dropout
        Fraction of features dropped.
    width
        Standard deviation of the normal distribution that the weights start from, with zero
        biases (DeepMerge II's ResNet-18 has 0.01). 0: torch's usual start.
    """

    def __init__(self, num_features: int, dropout: float = 0.0, width: float = 0.0) -> None:
        super().__init__()
        output = nn.Linear(num_features, 2)
        if width:
            nn.init.normal_(output.weight, std=width)
            nn.init.zeros_(output.bias)
        self.layers = nn.Sequential(nn.Dropout(dropout), output)

    def forward(self, features: Tensor) -> Tensor:
        """Return two logits an image, (n, 2): nonmerger, merger."""
        logits: Tensor = self.layers(features)
        return logits

    def penalty(self) -> Tensor:
        """Return zero."""
        return torch.zeros((), device=next(self.parameters()).device)
