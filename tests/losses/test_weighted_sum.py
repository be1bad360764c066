from __future__ import annotations

import pytest
import torch
from torch import nn

from toomre.errors import ArgumentError
from toomre.losses.domain_batch import DomainBatch
from toomre.losses.weighted_sum import WeightedSum


class Learned(nn.Module):
    """A loss that learns something, as a domain classifier does."""

    def __init__(self):
        super().__init__()
        self.centre = nn.Parameter(torch.tensor(2.0))

    def forward(self, batch):
        return (batch.features_source - self.centre).square().mean()


def test_total_parts_and_parameters():
    features = torch.zeros(3, 2)
    batch = DomainBatch(features, features, torch.zeros(3, dtype=torch.int64))
    loss = WeightedSum({"a": Learned(), "b": Learned()}, {"a": 1.0, "b": 0.5})
    total, parts = loss(batch)
    assert float(total.detach()) == pytest.approx(6.0)
    assert {name: float(part) for name, part in parts.items()} == {"a": 4.0, "b": 4.0}
    assert len(list(loss.parameters())) == 2


def test_weights_must_match():
    with pytest.raises(ArgumentError, match="weights"):
        WeightedSum({"a": Learned()}, {"b": 1.0})


def test_monitors_come_with_the_parts():
    class Watched(Learned):
        def monitors(self):
            return {"accuracy": torch.tensor(0.75)}

    features = torch.zeros(3, 2)
    batch = DomainBatch(features, features, torch.zeros(3, dtype=torch.int64))
    total, parts = WeightedSum({"a": Watched(), "b": Learned()}, {"a": 1.0, "b": 1.0})(batch)
    assert {name: float(part) for name, part in parts.items()} == {
        "a": 4.0,
        "b": 4.0,
        "a_accuracy": 0.75,
    }
    assert float(total.detach()) == 8.0
