"""Binary cross-entropy of one logit against the source labels (DeepMerge I)."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from toomre.losses.domain_batch import DomainBatch

__all__ = ["BinaryCrossEntropy"]


class BinaryCrossEntropy(nn.Module):
    """Mean over the source batch of -y log p - (1 - y) log(1 - p), p = sigmoid(logit).

    Examples
    --------
    >>> import torch
    >>> logits = torch.zeros(2, 1)
    >>> BinaryCrossEntropy()(DomainBatch(logits, logits, torch.tensor([0, 1])))
    tensor(0.6931)
    """

    def forward(self, batch: DomainBatch) -> Tensor:
        """Return the loss of one batch."""
        return functional.binary_cross_entropy_with_logits(
            batch.logits_source[:, 0], batch.labels_source.to(batch.logits_source.dtype)
        )
