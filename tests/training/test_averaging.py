"""The running mean of weights."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from toomre.training.averaging import WeightAverage


@pytest.fixture
def network() -> nn.Module:
    torch.manual_seed(1)
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))


def test_it_is_the_mean_of_a_plain_loop(network: nn.Module) -> None:
    average, wanted = WeightAverage(network, 0.9), None
    rng = np.random.default_rng(1)
    wanted = network[0].weight.detach().double().numpy().copy()
    for step in range(60):
        with torch.no_grad():
            network[0].weight.copy_(torch.from_numpy(rng.normal(size=(2, 1, 3, 3))))
        average.update(network, step)
        kept = min(0.9, (1 + step) / (10 + step))
        wanted = kept * wanted + (1 - kept) * network[0].weight.detach().double().numpy()
    np.testing.assert_allclose(average.state()["0.weight"], wanted, rtol=1e-5, atol=1e-6)


def test_statistics_of_batch_norm_are_averaged_and_counts_copied(network: nn.Module) -> None:
    average = WeightAverage(network, 0.5)
    network.train()
    network(torch.full((4, 1, 8, 8), 3.0))
    average.update(network, 1000)
    state, before = average.state(), torch.zeros(2)
    np.testing.assert_allclose(
        state["1.running_mean"], (before + network[1].running_mean) / 2, rtol=1e-6
    )
    assert int(state["1.num_batches_tracked"]) == 1


def test_the_networks_own_weights_come_back(network: nn.Module) -> None:
    average = WeightAverage(network, 0.5)
    with torch.no_grad():
        network[0].weight.add_(1.0)
    own = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    with pytest.raises(ZeroDivisionError), average.on(network):
        assert not torch.equal(network[0].weight, own["0.weight"])
        raise ZeroDivisionError
    assert all(torch.equal(own[name], tensor) for name, tensor in network.state_dict().items())


def test_it_is_taken_back_from_its_state(network: nn.Module) -> None:
    average = WeightAverage(network, 0.9)
    with torch.no_grad():
        network[0].weight.add_(1.0)
    average.update(network, 5)
    other = WeightAverage(network, 0.9)
    other.load(average.state())
    assert all(torch.equal(tensor, other.state()[name]) for name, tensor in average.state().items())
