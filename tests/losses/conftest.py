"""Two domains of drawn features and logits."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace

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


@pytest.fixture
def float32_error() -> Callable[..., float]:
    """The function that says how far a loss's gradients in float32 are from those in float64.

    It is the largest difference over the largest gradient of each leaf and parameter, the worst
    of them. Both see the same float32 numbers, features and logits times `scale`.
    """
    names = ("features_source", "logits_source", "features_target", "logits_target")

    def gradients(loss, batch: DomainBatch, scale, dtype) -> list[torch.Tensor]:
        given = {name: getattr(batch, name) for name in names}
        leaves = {
            name: (scale * tensor.detach()).float().to(dtype).requires_grad_()
            for name, tensor in given.items()
            if tensor is not None
        }
        own = copy.deepcopy(loss).to(dtype)
        wanted = [*leaves.values(), *own.parameters()]
        found = torch.autograd.grad(own(replace(batch, **leaves)), wanted, allow_unused=True)
        return [each.double() for each in found if each is not None]

    def measure(loss, batch: DomainBatch, scale: float = 1.0) -> float:
        single, double = (
            gradients(loss, batch, scale, dtype) for dtype in (torch.float32, torch.float64)
        )
        assert any(float(each.abs().max()) > 0 for each in double)
        return max(
            float((a - b).abs().max() / b.abs().max().clamp(min=1e-30))
            for a, b in zip(single, double, strict=True)
        )

    return measure
