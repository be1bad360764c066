"""The plain way gives the predictor's numbers; what is not there is left out with the reason."""

from __future__ import annotations

import sys

import numpy as np
import torch

from toomre.inference.predictor import Predictor
from toomre.inference.store import open_model
from toomre.jobs import bench_network
from toomre.jobs.bench_network import PLAIN, gigaflops, network_rates, plain_logits
from toomre.networks.network import merger_logit


def test_the_plain_way_gives_the_predictors_logits(make_model, galaxies, rng):
    model = open_model(make_model())
    images = galaxies(5, 32, rng)
    plain = plain_logits(model, images, batch=2)()
    assert plain.shape == (5, 8, 2)
    found = merger_logit(torch.from_numpy(plain.reshape(-1, 2))).reshape(5, 8)
    np.testing.assert_allclose(found, Predictor(model).logits(images), atol=1e-4)


def test_every_way_has_a_rate_or_a_reason(make_model, monkeypatch):
    monkeypatch.setitem(sys.modules, "openvino", None)
    found = network_rates(open_model(make_model()), 4, 1)
    assert all(rate > 0 for rate in found.rates.values())
    assert "pip install 'toomre[openvino]'" in found.left_out["openvino"]
    assert {PLAIN, "torch"} <= set(found.rates)
    assert set(found.rates) | set(found.left_out) == {PLAIN, *bench_network._WAYS}


def test_arithmetic_counts_two_operations_a_product(monkeypatch):
    monkeypatch.setattr(bench_network, "_SIDE", 100)
    monkeypatch.setattr(bench_network, "interleaved", lambda works, rounds: [0.001] * len(works))
    assert gigaflops(3)["float32"] == 2 * 100**3 / 0.001 / 1e9
