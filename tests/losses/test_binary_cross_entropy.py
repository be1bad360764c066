from __future__ import annotations

import pytest
import torch
from sklearn.metrics import log_loss

from toomre.losses.binary_cross_entropy import BinaryCrossEntropy
from toomre.losses.domain_batch import DomainBatch


def test_scikit_learn_agrees():
    logits = torch.linspace(-4, 4, 21, dtype=torch.float64)[:, None]
    labels = torch.arange(21) % 2
    wanted = log_loss(labels.numpy(), torch.sigmoid(logits[:, 0]).numpy())
    batch = DomainBatch(logits, logits, labels)
    assert float(BinaryCrossEntropy()(batch)) == pytest.approx(wanted, rel=1e-12)


def test_a_sure_wrong_answer_stays_finite():
    logits = torch.tensor([[1e4]])
    assert float(BinaryCrossEntropy()(DomainBatch(logits, logits, torch.tensor([0])))) == 1e4
