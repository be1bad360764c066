"""Binary cross-entropy of one logit against the source labels (DeepMerge I)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from toomre.losses.domain_batch import DomainBatch

__all__ = ["BinaryCrossEntropy"]


class BinaryCrossEntropy(nn.Module):
    """Mean over the source batch of -y log p - (1 - y) log(1 - p), p = sigmoid(logit).

    Parameters
    ----------
    class_weights
        Weights of the classes (nonmerger, merger) in that mean; None: equal. In a recipe also
        ``"balanced"``: from the training labels, so that both classes count the same.

    Examples
    --------
    >>> logits = torch.zeros(2, 1)
    >>> BinaryCrossEntropy()(DomainBatch(logits, logits, torch.tensor([0, 1])))
    tensor(0.6931)
    """

    def __init__(self, class_weights: Sequence[float] | None = None) -> None:
        super().__init__()
        self.class_weights: Tensor | None
        weights = None if class_weights is None else torch.tensor(class_weights)
        self.register_buffer("class_weights", weights, persistent=False)

    def forward(self, batch: DomainBatch) -> Tensor:
        """Return the loss of one batch."""
        logits, labels = batch.logits_source[:, 0], batch.labels_source
        truth = labels.to(logits.dtype)
        if self.class_weights is None:
            return functional.binary_cross_entropy_with_logits(logits, truth)
        weights = self.class_weights[labels]
        total = functional.binary_cross_entropy_with_logits(logits, truth, weights, reduction="sum")
        return total / weights.sum()
