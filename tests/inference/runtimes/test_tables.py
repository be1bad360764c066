"""What every runtime promises, and what none takes."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import torch

from toomre.build import build_network
from toomre.errors import ArgumentError, MissingPackageError
from toomre.inference.predictor import Predictor
from toomre.inference.runtimes.tables import RUNTIMES, find_runtime
from toomre.inference.runtimes.torch_runtime import has_bfloat16
from toomre.inference.store import Model, open_model

OTHERS = [name for name in RUNTIMES if name != "torch"]
NEEDS = {"onnx": "onnxruntime", "openvino": "openvino"}
WAYS = [("torch", "float32"), ("onnx", "float32"), ("openvino", "float32")]
HALF_WAYS = [("torch", "bfloat16"), ("openvino", "bfloat16")]


@pytest.fixture
def model(make_model):
    return open_model(make_model())


def make(model, runtime, precision="float32"):
    pytest.importorskip(NEEDS.get(runtime, "torch"))
    if precision == "bfloat16" and not has_bfloat16(torch.device("cpu")):
        pytest.skip("this processor has no bfloat16")
    return Predictor(model, runtime=runtime, precision=precision)


@pytest.mark.parametrize(("runtime", "precision"), [*WAYS, *HALF_WAYS])
def test_scores_are_torchs_and_neighbours_change_no_bit(model, galaxies, rng, runtime, precision):
    images = galaxies(21, 32, rng)
    expected = Predictor(model).scores(images).p
    predictor = make(model, runtime, precision)
    found = predictor.scores(images).p
    assert abs(found - expected).max() < (1e-5 if precision == "float32" else 0.02)
    assert np.ptp(expected) > 0.1  # else the test could not fail
    assert predictor.scores(images[:3]).p.tolist() == found[:3].tolist()
    assert predictor.scores(images[5:19]).p.tolist() == found[5:19].tolist()
    order = rng.permutation(len(images))
    assert predictor.scores(images[order]).p.tolist() == found[order].tolist()
    again = Predictor(model, runtime=runtime, precision=precision)
    assert again.scores(images).p.tolist() == found.tolist()


@pytest.mark.parametrize("runtime", OTHERS)
def test_votes_are_torchs(model, galaxies, rng, runtime):
    plan = model.card.architecture.model_copy(update={"head": "votes"})
    card = model.card.model_copy(update={"architecture": plan})
    network = build_network(plan, bands=3, size=32).eval()
    voting = Model(card, network)
    images = galaxies(5, 32, rng)
    expected = Predictor(voting).votes(images)
    assert expected.shape == (5, 37)
    np.testing.assert_allclose(make(voting, runtime).votes(images), expected, atol=1e-5)


@pytest.mark.parametrize("runtime", OTHERS)
def test_others_run_on_cpus_only(model, runtime):
    with pytest.raises(ArgumentError, match="Expected `device` to be 'cpu' for .* got 'meta'"):
        RUNTIMES[runtime](model.network, (1, 3, 32, 32), torch.device("meta"), "float32")


def test_onnx_has_no_bfloat16(model):
    with pytest.raises(ArgumentError, match="'float32' for ONNX Runtime, but got 'bfloat16'. torc"):
        Predictor(model, runtime="onnx", precision="bfloat16")


@pytest.mark.parametrize("runtime", OTHERS)
def test_a_runtime_that_is_not_installed_names_its_extra(model, runtime, monkeypatch):
    monkeypatch.setitem(sys.modules, NEEDS[runtime], None)
    with pytest.raises(MissingPackageError, match=rf"pip install 'toomre\[{runtime}\]'"):
        Predictor(model, runtime=runtime)


def test_unknown_names_are_refused():
    with pytest.raises(ArgumentError, match="`runtime` to be one of 'onnx', 'openvino', 'torch'"):
        find_runtime("tensorflow", "float32")
    with pytest.raises(ArgumentError, match="`precision` to be 'float32' or 'bfloat16', but got"):
        find_runtime("torch", "float16")
