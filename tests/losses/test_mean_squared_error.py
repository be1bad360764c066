from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from sklearn.metrics import accuracy_score, mean_squared_error

from toomre.losses.domain_batch import DomainBatch
from toomre.losses.mean_squared_error import MeanSquaredError
from toomre.losses.weighted_sum import WeightedSum


def test_scikit_learn_agrees():
    torch.manual_seed(1)
    outputs, labels = torch.rand(2, 50, 37)
    loss = MeanSquaredError()
    batch = DomainBatch(outputs, outputs, labels)
    assert float(loss(batch)) == pytest.approx(mean_squared_error(labels, outputs), rel=1e-6)
    wanted = accuracy_score(labels.argmax(1), outputs.argmax(1))
    assert float(loss.monitors()["accuracy"]) == pytest.approx(wanted)


def test_gradients_reach_the_outputs_and_the_history_has_the_accuracy():
    outputs = torch.rand(4, 3, requires_grad=True)
    loss = WeightedSum({"mean_squared_error": MeanSquaredError()}, {"mean_squared_error": 1.0})
    labels = outputs.detach().clone()
    total, parts = loss(DomainBatch(outputs, outputs, labels + 0.5))
    total.backward()
    torch.testing.assert_close(outputs.grad, torch.full((4, 3), -2 * 0.5 / 12))
    assert parts["mean_squared_error_accuracy"] == 1


@pytest.mark.parametrize("scale", [1e-2, 1.0, 1e2])
def test_float32_gradient_as_in_float64(domains, float32_error, scale):
    batch = domains()
    fractions = torch.rand(20, 2, generator=torch.Generator().manual_seed(3))
    assert float32_error(MeanSquaredError(), replace(batch, labels_source=fractions), scale) < 2e-6
