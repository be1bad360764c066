"""The simplest head: one linear layer on the features."""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["LinearHead"]


class LinearHead(nn.Module):
    """Dropout and one linear layer, two logits out."""

    def __init__(self, num_features: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Dropout(dropout), nn.Linear(num_features, 2))

    def forward(self, features: Tensor) -> Tensor:
        """Return two logits an image, (n, 2): nonmerger, merger."""
        logits: Tensor = self.layers(features)
        return logits

    def penalty(self) -> Tensor:
        """Return zero."""
        return torch.zeros((), device=next(self.parameters()).device)
