"""Mean squared error of what the head gives, such as vote fractions, against the source labels."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from toomre.losses.domain_batch import DomainBatch

__all__ = ["MeanSquaredError"]


class MeanSquaredError(nn.Module):
    """Mean over the source batch and its columns of (output - label)^2 (as in S002, by Keras).

    What Keras calls accuracy, how often the largest output is where the largest label is, comes
    with it as a monitor.

    Examples
    --------
    >>> outputs = torch.tensor([[0.2, 0.8], [0.6, 0.4]])
    >>> loss = MeanSquaredError()
    >>> loss(DomainBatch(outputs, outputs, torch.tensor([[0.0, 1.0], [0.0, 1.0]])))
    tensor(0.2000)
    >>> loss.monitors()
    {'accuracy': tensor(0.5000)}
    """

    def __init__(self) -> None:
        super().__init__()
        self._accuracy = torch.tensor(float("nan"))

    def forward(self, batch: DomainBatch) -> Tensor:
        """Return the loss of one batch."""
        outputs, labels = batch.logits_source, batch.labels_source.to(batch.logits_source.dtype)
        agrees = outputs.detach().argmax(dim=1) == labels.argmax(dim=1)
        self._accuracy = agrees.float().mean()
        return functional.mse_loss(outputs, labels)

    def monitors(self) -> dict[str, Tensor]:
        """Return the accuracy in the last batch."""
        return {"accuracy": self._accuracy}
