"""What every loss sees: features and logits of both domains, and the source's labels."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from toomre.errors import TrainingError

__all__ = ["DomainBatch", "target_outputs"]


@dataclass(frozen=True, eq=False)
class DomainBatch:
    """One training step's outputs.

    The target's labels are not a field, so that they cannot leak into training.

    Attributes
    ----------
    features_source
        Features of the labelled images, (n, num_features).
    logits_source
        Their logits, (n, 1) or (n, 2), or what else the head gives, (n, k).
    labels_source
        Their labels, (n,), int64: 1 merger, 0 nonmerger; or fractions, (n, k), float32.
    features_target, logits_target
        The same of the unlabelled images, or None where there is no target domain.
    progress
        The part of the training that is done, 0 to 1, for what changes on the way.
    """

    features_source: Tensor
    logits_source: Tensor
    labels_source: Tensor
    features_target: Tensor | None = None
    logits_target: Tensor | None = None
    progress: float = 0.0


def target_outputs(batch: DomainBatch, loss: str) -> tuple[Tensor, Tensor]:
    """Return the target's features and logits, or say that `loss` cannot do without them.

    Raises
    ------
    TrainingError
        If the batch has no target domain.

    Examples
    --------
    >>> import torch
    >>> zeros = torch.zeros(2, 2)
    >>> target_outputs(DomainBatch(zeros, zeros, torch.tensor([0, 1])), "mmd")
    Traceback (most recent call last):
    toomre.errors.TrainingError: The loss 'mmd' needs a target data set, but only a source ...
    """
    if batch.features_target is None or batch.logits_target is None:
        raise TrainingError(
            f"The loss {loss!r} needs a target data set, but only a source is there. Give a "
            "target, or take the loss out of the recipe."
        )
    return batch.features_target, batch.logits_target
