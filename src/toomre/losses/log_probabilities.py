"""The logarithms of both classes' probabilities, from one logit or from two."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["log_probabilities"]


def log_probabilities(logits: Tensor) -> Tensor:
    """Return log p of (nonmerger, merger), (n, 2), from logits (n, 1) or (n, 2).

    Examples
    --------
    >>> log_probabilities(torch.tensor([[0.0]])).exp()
    tensor([[0.5000, 0.5000]])
    """
    if logits.shape[1] == 1:
        logits = torch.cat([torch.zeros_like(logits), logits], dim=1)
    return functional.log_softmax(logits, dim=1)
