from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.metrics import log_loss

from toomre.losses.cross_entropy import CrossEntropy
from toomre.losses.domain_batch import DomainBatch


@pytest.fixture
def batch():
    generator = torch.Generator().manual_seed(1)
    logits = torch.randn(40, 2, generator=generator, dtype=torch.float64)
    return DomainBatch(logits, logits, torch.arange(40) % 2)


def test_scikit_learn_agrees(batch):
    p = batch.logits_source.softmax(1).numpy()
    wanted = log_loss(batch.labels_source.numpy(), p)
    assert float(CrossEntropy()(batch)) == pytest.approx(wanted, rel=1e-12)


def test_smoothing_and_weights_by_a_slow_loop(batch):
    p = np.log(batch.logits_source.softmax(1).numpy())
    total = weight_sum = 0.0
    weights = (1.0, 3.0)
    for row, label in zip(p, batch.labels_source.numpy(), strict=True):
        share = [0.05, 0.05]
        share[label] += 0.9
        total -= sum(s * w * v for s, w, v in zip(share, weights, row, strict=True))
        weight_sum += weights[label]
    loss = CrossEntropy(label_smoothing=0.1, class_weights=weights).double()
    assert float(loss(batch)) == pytest.approx(total / weight_sum, rel=1e-10)


@pytest.mark.parametrize("scale", [1e-2, 1.0, 1e2])
@pytest.mark.parametrize("options", [{}, {"label_smoothing": 0.1}, {"class_weights": [0.5, 2.0]}])
def test_float32_gradient_as_in_float64(domains, float32_error, options, scale):
    assert float32_error(CrossEntropy(**options), domains(), scale) < 2e-6
