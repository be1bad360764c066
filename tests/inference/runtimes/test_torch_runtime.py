"""Torch's runtime against the network as it is."""

from __future__ import annotations

import pytest
import torch

from toomre.build import build_network
from toomre.errors import ArgumentError
from toomre.inference.runtimes.torch_runtime import TorchRuntime, has_bfloat16
from toomre.networks.card import Architecture

CPU = torch.device("cpu")


@pytest.fixture
def network():
    torch.manual_seed(4)
    plan = Architecture(backbone="deepmerge2", head="deepmerge2")
    network = build_network(plan, bands=3, size=33)
    for _ in range(3):
        network(torch.randn(8, 3, 33, 33) * 3 + 1)  # moves BatchNorm's statistics
    return network.eval()


def test_outputs_are_the_networks(network, rng):
    runtime = TorchRuntime(network, (4, 3, 33, 33), CPU, "float32")
    assert runtime.batch.shape == (4, 3, 33, 33)
    assert not runtime.batch.any()
    for _ in range(2):  # the batch is filled anew each time
        images = rng.normal(size=runtime.batch.shape).astype("float32")
        runtime.batch[...] = images
        with torch.no_grad():
            expected = network(torch.from_numpy(images))[1]
        torch.testing.assert_close(torch.from_numpy(runtime.run()), expected, atol=1e-5, rtol=1e-5)
    assert not network.training
    assert any(isinstance(module, torch.nn.BatchNorm2d) for module in network.modules())


@pytest.mark.skipif(not has_bfloat16(CPU), reason="this processor has no bfloat16")
def test_bfloat16_is_close_and_not_the_same(network, rng):
    outputs = []
    images = rng.normal(size=(4, 3, 33, 33))
    for precision in ("float32", "bfloat16"):
        runtime = TorchRuntime(network, images.shape, CPU, precision)
        runtime.batch[...] = images
        outputs.append(runtime.run())
    assert outputs[1].dtype == "float32"
    assert 0 < abs(outputs[1] - outputs[0]).max() < 0.02


def test_bfloat16_is_refused_where_there_is_none(network, monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", dict, raising=False)
    with pytest.raises(ArgumentError, match="to be 'float32', as cpu has no bfloat16, but got"):
        TorchRuntime(network, (1, 3, 33, 33), CPU, "bfloat16")
