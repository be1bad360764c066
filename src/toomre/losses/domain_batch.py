"""What every loss sees: features and logits of both domains, and the source's labels."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

__all__ = ["DomainBatch"]


@dataclass(frozen=True, eq=False)
class DomainBatch:
    """One training step's outputs.

    The target's labels are not a field, so that they cannot leak into training.

    Attributes
    ----------
    features_source
        Features of the labelled images, (n, num_features).
    logits_source
        Their logits, (n, 1) or (n, 2).
    labels_source
        Their labels, (n,), int64: 1 merger, 0 nonmerger.
    features_target, logits_target
        The same of the unlabelled images, or None where there is no target domain.
    """

    features_source: Tensor
    logits_source: Tensor
    labels_source: Tensor
    features_target: Tensor | None = None
    logits_target: Tensor | None = None
