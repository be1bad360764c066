from __future__ import annotations

import math

import pytest
import torch

from toomre.errors import ArgumentError, TrainingError
from toomre.losses.domain_batch import DomainBatch
from toomre.losses.gaussian_kernel import BANDWIDTHS
from toomre.losses.mmd import MaximumMeanDiscrepancy

FIXED = [0.5, 3.0, 20.0]
PAPER19 = BANDWIDTHS["paper19"](torch.zeros(1, 1, dtype=torch.float64)).tolist()


def kernel(x, y, bandwidths):
    square = sum((a - b) ** 2 for a, b in zip(x, y, strict=True))
    return sum(math.exp(-square / (2 * s)) for s in bandwidths)


def slow_unbiased(source, target, bandwidths):
    """Equation 6 of Ciprijanovic+ 2021, as it is written."""
    q, total = len(source), 0.0
    for i in range(q):
        for j in range(q):
            if i != j:
                total += kernel(source[i], source[j], bandwidths)
                total -= kernel(source[i], target[j], bandwidths)
                total -= kernel(target[i], source[j], bandwidths)
                total += kernel(target[i], target[j], bandwidths)
    return total / (q * (q - 1))


def slow_biased(source, target, bandwidths):
    def mean(a, b):
        return sum(kernel(x, y, bandwidths) for x in a for y in b) / (len(a) * len(b))

    return mean(source, source) + mean(target, target) - 2 * mean(source, target)


def lists(batch):
    return batch.features_source.tolist(), batch.features_target.tolist()


def with_count(batch, count):
    return DomainBatch(
        batch.features_source,
        batch.logits_source,
        batch.labels_source,
        batch.features_target[:count],
        batch.logits_target[:count],
    )


def test_unbiased_by_a_slow_loop(domains):
    batch = domains(shift=0.5)
    wanted = slow_unbiased(*lists(batch), FIXED)
    got = MaximumMeanDiscrepancy(bandwidths=FIXED)(batch).detach()
    assert float(got) == pytest.approx(wanted, rel=1e-6)
    mean = MaximumMeanDiscrepancy(bandwidths=FIXED, kernels="mean")(batch).detach()
    assert float(mean) == pytest.approx(wanted / 3, rel=1e-6)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 30.0])
def test_published_form_by_a_slow_loop(domains, scale):
    batch = domains(shift=0.5)
    features = [scale * batch.features_source, scale * batch.features_target]
    loss = MaximumMeanDiscrepancy("biased", "paper19", floor=1e-4)
    logits = batch.logits_source
    got = loss(DomainBatch(features[0], logits, batch.labels_source, features[1], logits))
    wanted = slow_biased(features[0].tolist(), features[1].tolist(), PAPER19)
    assert float(got.detach()) == pytest.approx(max(1e-4, wanted), rel=1e-6)


def test_biased_with_domains_of_different_size(domains):
    batch = with_count(domains(shift=0.5), 13)
    got = MaximumMeanDiscrepancy("biased", FIXED)(batch).detach()
    assert float(got) == pytest.approx(slow_biased(*lists(batch), FIXED), rel=1e-6)


@pytest.mark.parametrize(("count", "seeds"), [(24, 200), (11, 200)])
def test_no_bias_for_equal_distributions(domains, count, seeds):
    loss = MaximumMeanDiscrepancy(bandwidths=FIXED)
    values = [
        float(loss(with_count(domains(count=24, seed=seed), count)).detach())
        for seed in range(seeds)
    ]
    mean = torch.tensor(values).mean()
    error = torch.tensor(values).std() / math.sqrt(seeds)
    assert abs(mean) < 4 * error
    biased = MaximumMeanDiscrepancy("biased", FIXED)(domains(count=24)).detach()
    assert float(biased) > 20 * float(error)


@pytest.mark.parametrize("bandwidths", ["median", FIXED])
def test_a_shift_is_seen(domains, bandwidths):
    loss = MaximumMeanDiscrepancy(bandwidths=bandwidths)
    values = [float(loss(domains(shift=shift)).detach()) for shift in (0.0, 0.5, 1.0, 2.0)]
    assert abs(values[0]) < 0.1
    assert values == sorted(values)
    assert values[3] > 0.5


@pytest.mark.parametrize("estimator", ["unbiased", "biased"])
def test_gradient_by_finite_differences(domains, gradients_agree, estimator):
    loss = MaximumMeanDiscrepancy(estimator, FIXED)
    assert gradients_agree(loss, domains(shift=0.5, count=8))


def naive(source, target):
    """All differences as one tensor, in float64: the published form with autograd."""
    points = torch.cat([source, target]).double()
    distances = (points[:, None] - points).square().sum(2)
    k = torch.stack([torch.exp(-distances / (2 * s)) for s in PAPER19]).sum(0)
    n = len(source)
    return (k[:n, :n] + k[n:, n:] - k[:n, n:] - k[n:, :n]).mean()


@pytest.mark.parametrize("scale", [1e-4, 1e-2, 1.0])
@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
def test_float32_gradient_at_many_features(domains, scale, precision):
    batch = domains(shift=0.1, width=1500, dtype=torch.float32)
    leaves = [
        (scale * features.detach()).relu().requires_grad_()
        for features in (batch.features_source, batch.features_target)
    ]
    wanted = torch.cat(torch.autograd.grad(naive(*leaves), leaves))
    with torch.autocast("cpu", torch.bfloat16, enabled=precision is torch.bfloat16):
        again = DomainBatch(leaves[0], leaves[0], batch.labels_source, leaves[1], leaves[1])
        value = MaximumMeanDiscrepancy("biased", "paper19")(again)
    got = torch.cat(torch.autograd.grad(value, leaves))
    assert float(value.detach()) == pytest.approx(float(naive(*leaves).detach()), rel=1e-5)
    assert float((got - wanted).abs().max()) < 1e-5 * float(wanted.abs().max())


def test_at_the_floor_there_is_no_gradient(domains):
    batch = domains()
    value = MaximumMeanDiscrepancy(bandwidths=[1e9], floor=1e-4)(batch)
    value.backward()
    assert float(value.detach()) == pytest.approx(1e-4)
    assert (batch.features_source.grad == 0).all()


def test_one_image_is_too_few(domains):
    with pytest.raises(TrainingError, match="at least 2 images of each domain, but got 20 and 1"):
        MaximumMeanDiscrepancy()(with_count(domains(), 1))


@pytest.mark.parametrize(
    ("options", "allowed"),
    [({"estimator": "paper"}, "'biased', 'unbiased'"), ({"kernels": "max"}, "'sum' or 'mean'")],
)
def test_options_are_checked(options, allowed):
    with pytest.raises(ArgumentError, match=allowed):
        MaximumMeanDiscrepancy(**options)
