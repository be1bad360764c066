from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from sklearn.metrics import log_loss

from toomre.losses.binary_cross_entropy import BinaryCrossEntropy
from toomre.losses.cross_entropy import CrossEntropy
from toomre.losses.domain_batch import DomainBatch


def test_scikit_learn_agrees():
    logits = torch.linspace(-4, 4, 21, dtype=torch.float64)[:, None]
    labels = torch.arange(21) % 2
    wanted = log_loss(labels.numpy(), torch.sigmoid(logits[:, 0]).numpy())
    batch = DomainBatch(logits, logits, labels)
    assert float(BinaryCrossEntropy()(batch)) == pytest.approx(wanted, rel=1e-12)


def test_scikit_learn_agrees_with_weights_of_the_classes():
    logits = torch.linspace(-4, 4, 21, dtype=torch.float64)[:, None]
    labels = (torch.arange(21) % 3 == 0).long()
    weights = (0.75, 1.5)
    wanted = log_loss(
        labels.numpy(),
        torch.sigmoid(logits[:, 0]).numpy(),
        sample_weight=[weights[label] for label in labels],
    )
    batch = DomainBatch(logits, logits, labels)
    assert float(BinaryCrossEntropy(weights)(batch)) == pytest.approx(wanted, rel=1e-7)
    # One logit is two of which the first is 0.
    both = torch.cat([torch.zeros_like(logits), logits], dim=1)
    two = CrossEntropy(class_weights=weights).double()(DomainBatch(both, both, labels))
    assert float(two) == pytest.approx(wanted, rel=1e-7)


def test_equal_weights_change_nothing():
    logits, labels = torch.linspace(-2, 2, 7)[:, None], torch.arange(7) % 2
    batch = DomainBatch(logits, logits, labels)
    torch.testing.assert_close(BinaryCrossEntropy((2.0, 2.0))(batch), BinaryCrossEntropy()(batch))


def test_a_sure_wrong_answer_stays_finite():
    logits = torch.tensor([[1e4]])
    assert float(BinaryCrossEntropy()(DomainBatch(logits, logits, torch.tensor([0])))) == 1e4


@pytest.mark.parametrize("scale", [1e-2, 1.0, 1e2])
@pytest.mark.parametrize("options", [{}, {"class_weights": [0.5, 2.0]}])
def test_float32_gradient_as_in_float64(domains, float32_error, options, scale):
    batch = domains()
    batch = replace(batch, logits_source=batch.logits_source[:, :1])
    assert float32_error(BinaryCrossEntropy(**options), batch, scale) < 2e-6
