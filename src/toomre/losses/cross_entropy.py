"""Cross-entropy of two logits against the source labels (DeepMerge II, equation 1)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from toomre.losses.domain_batch import DomainBatch

__all__ = ["CrossEntropy"]


class CrossEntropy(nn.Module):
    """Mean over the source batch of -log p(true class).

    Parameters
    ----------
    label_smoothing
        Share of the label that is spread over both classes, 0 to 1.
    class_weights
        Weights of the classes (nonmerger, merger) in that mean; None: equal. In a recipe also
        ``"balanced"``: from the training labels, so that both classes count the same.

    Examples
    --------
    >>> logits = torch.zeros(2, 2)
    >>> batch = DomainBatch(logits, logits, torch.tensor([0, 1]))
    >>> CrossEntropy()(batch)
    tensor(0.6931)
    """

    def __init__(
        self, label_smoothing: float = 0.0, class_weights: Sequence[float] | None = None
    ) -> None:
        super().__init__()
        self.class_weights: Tensor | None
        self.label_smoothing = label_smoothing
        weights = None if class_weights is None else torch.tensor(class_weights)
        self.register_buffer("class_weights", weights, persistent=False)

    def forward(self, batch: DomainBatch) -> Tensor:
        """Return the loss of one batch."""
        return functional.cross_entropy(
            batch.logits_source,
            batch.labels_source,
            weight=self.class_weights,
            label_smoothing=self.label_smoothing,
        )
