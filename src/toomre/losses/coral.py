"""CORAL: the distance of the two domains' covariances (Sun & Saenko 2016)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor, nn

from toomre.errors import TrainingError
from toomre.lookup import lookup
from toomre.losses.domain_batch import DomainBatch, target_outputs

__all__ = ["Coral"]

#: What the sum of squares over d^2 is multiplied by.
_SCALES: Mapping[str, float] = {"paper": 0.25, "mean": 1.0}


class Coral(nn.Module):
    """Sum of the squared differences of the covariance matrices over (4) d^2.

    The matrices, d x d, are never made: with z the centred features over sqrt(n - 1), the sum
    is that of (z_i . z_j)^2 over all pairs, negative between the domains.

    Parameters
    ----------
    scale
        ``"paper"``: over 4 d^2. ``"mean"``: over d^2, as in the code published with
        Ciprijanovic+ 2021.

    Examples
    --------
    >>> a = torch.tensor([[-1.0], [1.0]])
    >>> labels = torch.tensor([0, 1])
    >>> Coral("mean")(DomainBatch(a, a, labels, 2 * a, a))  # variances 2 and 8
    tensor(36.)
    """

    needs_target: ClassVar[bool] = True

    def __init__(self, scale: str = "paper") -> None:
        super().__init__()
        self.factor = lookup(_SCALES, scale, "scale")

    def forward(self, batch: DomainBatch) -> Tensor:
        """Return the loss of one batch."""
        source, target = (
            _centred(batch.features_source),
            _centred(target_outputs(batch, "coral")[0]),
        )
        signs = torch.cat([source.new_ones(len(source)), -target.new_ones(len(target))])
        points = torch.cat([source, target])
        with torch.autocast(points.device.type, enabled=False):
            products = (points @ points.T).square()
        total = (products * torch.outer(signs, signs)).sum()
        return self.factor / points.shape[1] ** 2 * total


def _centred(features: Tensor) -> Tensor:
    """Return z, whose z^T z is the covariance matrix."""
    count = len(features)
    if count < 2:
        raise TrainingError(
            f"The loss 'coral' needs at least 2 images of each domain, but got {count}. Use "
            "larger batches."
        )
    return (features - features.mean(0)) / math.sqrt(count - 1)
