from __future__ import annotations

import pytest
import torch
from scipy.stats import entropy

from toomre.errors import ArgumentError
from toomre.losses.domain_batch import DomainBatch
from toomre.losses.entropy import EntropyMinimisation


def test_target_as_scipy(domains):
    batch = domains(shift=0.5)
    p = batch.logits_target.detach().softmax(1).numpy()
    got = EntropyMinimisation()(batch).detach()
    assert float(got) == pytest.approx(entropy(p, axis=1).mean(), rel=1e-12)


def test_both_as_scipy(domains):
    batch = domains(shift=0.5)
    p = torch.cat([batch.logits_source, batch.logits_target]).detach().softmax(1).numpy()
    got = EntropyMinimisation("both")(batch).detach()
    assert float(got) == pytest.approx(entropy(p, axis=1).mean(), rel=1e-12)


def test_one_logit_is_the_difference_of_two(domains):
    batch = domains(shift=0.5)
    one = batch.logits_target[:, 1:] - batch.logits_target[:, :1]
    labels, features = batch.labels_source, batch.features_source
    got = EntropyMinimisation()(DomainBatch(features, one, labels, features, one))
    assert float(got.detach()) == pytest.approx(float(EntropyMinimisation()(batch).detach()))


def test_the_published_mask_changes_nothing_that_matters():
    logits = torch.tensor([[-14.0], [-13.8155], [-200.0], [1e5]], requires_grad=True)
    value = EntropyMinimisation()(DomainBatch(logits, logits, torch.zeros(4), logits, logits))
    value.backward()
    assert 0 < float(value.detach()) < 1.5e-5
    assert logits.grad.abs().max() < 1.5e-5


@pytest.mark.parametrize("domain", ["target", "both"])
def test_gradient_by_finite_differences(domains, gradients_agree, domain):
    assert gradients_agree(EntropyMinimisation(domain), domains(shift=0.5, count=6))


@pytest.mark.parametrize("scale", [1e-2, 1.0, 1e2])
@pytest.mark.parametrize("domain", ["target", "both"])
def test_float32_gradient_as_in_float64(domains, float32_error, domain, scale):
    # Where the network is undecided the gradient is a small difference of terms near log 2.
    tolerance = 1e-7 * (10 + 1 / scale)
    assert float32_error(EntropyMinimisation(domain), domains(shift=0.5), scale) < tolerance


def test_unknown_domain():
    with pytest.raises(ArgumentError, match="'both', 'target', but got 'source'"):
        EntropyMinimisation("source")
