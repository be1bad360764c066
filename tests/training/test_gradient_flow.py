from __future__ import annotations

import numpy as np
import torch
from torch import nn

from toomre.training.gradient_flow import GradientFlow


def test_means_and_largest_values_over_the_steps_by_a_loop():
    torch.manual_seed(1)
    network = nn.Sequential(nn.Linear(4, 3), nn.Sigmoid(), nn.Linear(3, 1))
    network[2].weight.requires_grad_(requires_grad=False)
    flow = GradientFlow(network, steps=3)
    seen = []
    for step in range(5):
        network.zero_grad()
        network(torch.randn(8, 4)).square().sum().backward()
        flow({"train_loss": 0.0})
        if step < 3:
            seen.append(network[0].weight.grad.abs().numpy().copy())
    table = flow.table()
    assert table["layer"].tolist() == ["0.weight"]  # frozen weights and biases have no row
    np.testing.assert_allclose(table["mean"], np.mean(seen), rtol=1e-5)
    np.testing.assert_allclose(table["largest"], np.max(seen), rtol=1e-6)


def test_a_layer_without_a_gradient_has_zero():
    table = GradientFlow(nn.Linear(2, 2), steps=4).table()
    assert table[["mean", "largest"]].to_numpy().tolist() == [[0, 0]]
