from __future__ import annotations

import numpy as np
import pytest
import torch

from toomre.errors import ArgumentError
from toomre.losses.domain_batch import DomainBatch
from toomre.losses.fisher import Fisher


def slow_scatter(features, labels, centres):
    within = 0.0
    for h, label in zip(features, labels, strict=True):
        within += sum((a - b) ** 2 for a, b in zip(h, centres[label], strict=True))
    middle = np.mean(centres, axis=0)
    between = sum(sum((a - b) ** 2 for a, b in zip(c, middle, strict=True)) for c in centres)
    return within, between


@pytest.mark.parametrize("form", ["ratio", "difference"])
@pytest.mark.parametrize("centres", ["learned", "batch_means"])
@pytest.mark.parametrize("reduce", ["mean", "sum"])
def test_slow_loop(domains, form, centres, reduce):
    batch = domains()
    loss = Fisher(6, form=form, centres=centres, reduce=reduce, within=0.01, between=2.0).double()
    features, labels = batch.features_source.detach().numpy(), batch.labels_source.numpy()
    means = np.stack([features[labels == k].mean(axis=0) for k in (0, 1)])
    learned = [vectors.detach().numpy() for vectors in loss.parameters()]
    within, between = slow_scatter(features, labels, learned[0] if learned else means)
    within *= 0.01 / (len(features) if reduce == "mean" else 1)
    wanted = within / (2 * between) if form == "ratio" else within - 2 * between
    assert float(loss(batch).detach()) == pytest.approx(wanted, rel=1e-12)


def test_narrow_and_distant_classes_cost_nothing():
    labels = torch.arange(10) % 2
    features = torch.stack([labels.double(), -labels.double()], 1)
    assert float(Fisher(2)(DomainBatch(features, features, labels))) == 0
    wide = features + torch.linspace(-1, 1, 10, dtype=torch.float64)[:, None]
    assert float(Fisher(2)(DomainBatch(wide, wide, labels))) > 0.1


@pytest.mark.parametrize("form", ["ratio", "difference"])
@pytest.mark.parametrize("centres", ["learned", "batch_means"])
def test_gradient_by_finite_differences(domains, gradients_agree, form, centres):
    loss = Fisher(6, form=form, centres=centres).double()
    assert gradients_agree(loss, domains(count=6))


@pytest.mark.parametrize("scale", [1e-2, 1.0, 1e2])
@pytest.mark.parametrize("form", ["ratio", "difference"])
@pytest.mark.parametrize("centres", ["learned", "batch_means"])
def test_float32_gradient_as_in_float64(domains, float32_error, form, centres, scale):
    torch.manual_seed(2)
    loss = Fisher(300, form=form, centres=centres, within=0.3)
    assert float32_error(loss, domains(width=300), scale) < 2e-6


def test_learned_centres_are_trained(domains):
    torch.manual_seed(1)
    loss = Fisher(6, centres="learned", learning_rate_factor=10.0).double()
    (vectors,) = loss.parameters()
    assert vectors.shape == (2, 6)
    assert loss.learning_rate_factor == 10.0
    batch = domains()
    optimizer = torch.optim.Adam(loss.parameters(), lr=0.05)
    before = float(loss(batch).detach())
    for _ in range(100):
        optimizer.zero_grad()
        loss(batch).backward()
        optimizer.step()
    assert float(loss(batch).detach()) < 0.5 * before


@pytest.mark.parametrize("form", ["ratio", "difference"])
def test_an_absent_class_gives_zero(form):
    features = torch.randn(4, 3, generator=torch.Generator().manual_seed(1)).requires_grad_()
    value = Fisher(3, form=form)(DomainBatch(features, features, torch.ones(4, dtype=torch.int64)))
    value.backward()
    assert float(value.detach()) == 0
    assert (features.grad == 0).all()


def test_centres_that_meet_stay_finite():
    features = torch.ones(4, 3, requires_grad=True)
    value = Fisher(3)(DomainBatch(features, features, torch.arange(4) % 2))
    value.backward()
    assert torch.isfinite(value.detach())
    assert torch.isfinite(features.grad).all()


@pytest.mark.parametrize(
    ("options", "allowed"),
    [
        ({"form": "product"}, "'difference', 'ratio'"),
        ({"centres": "random"}, "'batch_means', 'learned'"),
        ({"reduce": "max"}, "'mean', 'sum'"),
        ({"between": 0.0}, "above 0"),
    ],
)
def test_options_are_checked(options, allowed):
    with pytest.raises(ArgumentError, match=allowed):
        Fisher(3, **options)
