from __future__ import annotations

import numpy as np
import pytest
import torch

from toomre.errors import ArgumentError, TrainingError
from toomre.losses.coral import Coral
from toomre.losses.domain_batch import DomainBatch


def stretched(batch, factor, count=None):
    target = (factor * batch.features_target.detach()[:count]).requires_grad_()
    logits = batch.logits_target[:count]
    return DomainBatch(
        batch.features_source, batch.logits_source, batch.labels_source, target, logits
    )


@pytest.mark.parametrize(("scale", "factor"), [("paper", 0.25), ("mean", 1.0)])
@pytest.mark.parametrize("count", [20, 9])
def test_numpy_agrees(domains, scale, factor, count):
    batch = stretched(domains(shift=0.5), 1.7, count)
    source = np.cov(batch.features_source.detach().numpy(), rowvar=False)
    target = np.cov(batch.features_target.detach().numpy(), rowvar=False)
    wanted = factor * np.mean((source - target) ** 2)
    assert float(Coral(scale)(batch).detach()) == pytest.approx(wanted, rel=1e-12)


def test_a_shift_alone_is_not_seen_but_a_stretch_is(domains):
    batch = domains()
    same = DomainBatch(
        *(batch.features_source, batch.logits_source, batch.labels_source),
        *(batch.features_source + 3, batch.logits_source),
    )
    assert float(Coral()(same).detach()) == pytest.approx(0, abs=1e-12)
    values = [float(Coral()(stretched(batch, factor)).detach()) for factor in (1.0, 2.0, 4.0)]
    assert values == sorted(values)


def test_gradient_by_finite_differences(domains, gradients_agree):
    assert gradients_agree(Coral(), stretched(domains(count=6), 1.5))


def test_float32_gradient_as_that_of_the_matrices(domains):
    batch = stretched(domains(width=300, dtype=torch.float32), 1.5)
    leaves = [batch.features_source, batch.features_target]
    got = torch.cat(torch.autograd.grad(Coral("mean")(batch), leaves))
    source, target = (leaf.double() for leaf in leaves)
    wanted = torch.autograd.grad(
        (torch.cov(source.T) - torch.cov(target.T)).square().mean(), leaves
    )
    torch.testing.assert_close(got, torch.cat(wanted), rtol=1e-4, atol=1e-8)


def test_one_image_is_too_few(domains):
    with pytest.raises(TrainingError, match="'coral' needs at least 2 images"):
        Coral()(stretched(domains(), 1.0, 1))


def test_unknown_scale():
    with pytest.raises(ArgumentError, match="'mean', 'paper', but got 'sum'"):
        Coral("sum")
