"""Two domains of drawn features and logits."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from toomre.losses.domain_batch import DomainBatch


@pytest.fixture
def domains() -> Callable[..., DomainBatch]:
    """The function that draws a batch whose target is the source's distribution, shifted."""

    def draw(shift=0.0, count=20, width=6, seed=1, dtype=torch.float64) -> DomainBatch:
        generator = torch.Generator().manual_seed(seed)
        labels = torch.arange(count) % 2
        features = torch.randn(2, count, width, generator=generator, dtype=torch.float64)
        features[:, :, 0] += 3 * labels
        features[1] += shift
        logits = torch.stack([1.5 - features[..., 0], features[..., 0] - 1.5], 2)
        leaves = [
            tensor.to(dtype).clone().requires_grad_()
            for tensor in (features[0], logits[0], features[1], logits[1])
        ]
        return DomainBatch(leaves[0], leaves[1], labels, leaves[2], leaves[3])

    return draw


@pytest.fixture
def gradients_agree() -> Callable[..., bool]:
    """The function that compares a loss's gradients with finite differences, in float64."""

    def check(loss, batch: DomainBatch) -> bool:
        def value(*leaves):
            source, logits, target, target_logits = leaves
            again = DomainBatch(
                source, logits, batch.labels_source, target, target_logits, batch.progress
            )
            return loss(again)

        leaves = (
            batch.features_source,
            batch.logits_source,
            batch.features_target,
            batch.logits_target,
        )
        return torch.autograd.gradcheck(value, leaves, atol=1e-7)

    return check
