"""How large the gradients are in each layer: where they vanish, nothing is learned."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import torch
from torch import nn

__all__ = ["GradientFlow"]


class GradientFlow:
    """A listener to the trainer's steps that adds up the size of the gradients.

    Parameters
    ----------
    network
        What is trained; its weights' gradients are still there when a step ends.
    steps
        How many steps to listen to, from the first.

    Examples
    --------
    >>> layer = nn.Linear(2, 1, bias=False)
    >>> layer(torch.tensor([[1.0, 3.0]])).sum().backward()
    >>> flow = GradientFlow(layer, steps=1)
    >>> flow({})
    >>> flow.table().values.tolist()
    [['weight', 2.0, 3.0]]
    """

    def __init__(self, network: nn.Module, steps: int) -> None:
        self._weights = {
            name: weight
            for name, weight in network.named_parameters()
            if weight.requires_grad and not name.endswith("bias")
        }
        self._mean = dict.fromkeys(self._weights, 0.0)
        self._largest = dict.fromkeys(self._weights, 0.0)
        self._steps, self._seen = steps, 0

    def __call__(self, row: Mapping[str, float]) -> None:
        """Look at the gradients of the step that just ended."""
        del row
        if self._seen == self._steps:
            return
        self._seen += 1
        with torch.no_grad():
            for name, weight in self._weights.items():
                if weight.grad is not None:
                    size = weight.grad.abs()
                    self._mean[name] += float(size.mean())
                    self._largest[name] = max(self._largest[name], float(size.max()))

    def table(self) -> pd.DataFrame:
        """Return a row a layer in their order: `layer`, and the `mean` and `largest` gradient."""
        steps = max(self._seen, 1)
        rows = [(name, self._mean[name] / steps, self._largest[name]) for name in self._weights]
        return pd.DataFrame(rows, columns=["layer", "mean", "largest"])
