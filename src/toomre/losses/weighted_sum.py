"""The sum of several losses, each with its weight and its name."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from toomre.errors import ArgumentError
from toomre.losses.domain_batch import DomainBatch

__all__ = ["WeightedSum"]


class WeightedSum(nn.Module):
    """Total = sum of weight * loss; the parts come back by name, unweighted, for the history.

    What a loss reports of itself, by a method `monitors`, comes with them as ``<loss>_<monitor>``.

    Parameters
    ----------
    losses
        Name -> loss. What a loss learns is part of this module's parameters.
    weights
        Name -> weight, with the same names.

    Examples
    --------
    >>> from toomre.losses.cross_entropy import CrossEntropy
    >>> logits = torch.zeros(2, 2)
    >>> loss = WeightedSum({"cross_entropy": CrossEntropy()}, {"cross_entropy": 2.0})
    >>> total, parts = loss(DomainBatch(logits, logits, torch.tensor([0, 1])))
    >>> total, parts
    (tensor(1.3863), {'cross_entropy': tensor(0.6931)})
    """

    def __init__(self, losses: Mapping[str, nn.Module], weights: Mapping[str, float]) -> None:
        super().__init__()
        if set(losses) != set(weights) or not losses:
            raise ArgumentError.expected("weights", f"one for each of {sorted(losses)}", weights)
        self.losses = nn.ModuleDict(dict(losses))
        self.weights = dict(weights)

    def forward(self, batch: DomainBatch) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the total and the parts."""
        parts = {name: loss(batch) for name, loss in self.losses.items()}
        total = torch.stack([self.weights[name] * part for name, part in parts.items()]).sum()
        reports = {name: part.detach() for name, part in parts.items()}
        for name, loss in self.losses.items():
            monitors: dict[str, Tensor] = getattr(loss, "monitors", dict)()
            reports |= {f"{name}_{key}": value for key, value in monitors.items()}
        return total, reports
