"""``toomre.bench``: its sums, its words and its file."""

from __future__ import annotations

import pytest
import torch

from toomre.errors import OutputExistsError
from toomre.jobs import bench as job
from toomre.jobs import bench_network
from toomre.jobs.bench import Bench, bench
from toomre.storage import read_json

RATES = {"torch, plain": 50.0, "torch": 200.0, "openvino, bfloat16": 1000.0}


def made(**reading: float) -> Bench:
    return Bench("a@1", 4, {"float32": 100.0}, RATES, {}, reading)


def test_the_time_is_that_of_reading_and_of_the_network():
    found = made(stack=1000.0)
    assert found.hours("stack") == pytest.approx(1e6 * (1 / 1000 + 1 / 200) / 3600)
    assert found.network_share("stack") == pytest.approx((1 / 200) / (1 / 1000 + 1 / 200))


def test_the_words_name_the_bottleneck():
    stack, slow = made(stack=1000.0, files=20.0).verdict
    assert stack == (
        "stack: the network is the bottleneck (83% of the time is the network's). A million take "
        "1.7 hours of one core, 25 minutes of all 4; by openvino, bfloat16 8 minutes, of which the "
        "network has 50%."
    )
    assert slow.startswith("files: reading and checking is the bottleneck (9% of the time is the")


def test_without_another_runtime_none_is_named():
    only = Bench("a@1", 1, {}, {"torch, plain": 50.0, "torch": 200.0}, {}, {"JPEG": 100.0})
    assert only.verdict[0].endswith("4.2 hours of all 1.")


def test_it_measures_and_writes(make_model, tmp_path, monkeypatch):
    monkeypatch.setattr(bench_network, "_SIDE", 64)
    monkeypatch.setattr(job, "_how_many", lambda model, budget: 4)
    steps = []
    before = torch.get_num_threads()
    out = tmp_path / "bench.json"
    found = bench(make_model(), out, quick=True, progress=lambda *step: steps.append(step))
    assert torch.get_num_threads() == before
    assert steps == [(0, 3), (1, 3), (2, 3), (3, 3)]
    assert len(found.reading) == len(found.verdict) == 4
    assert all(rate > 0 for rate in (*found.network.values(), *found.reading.values()))
    record = read_json(out)
    assert record["reading"] == found.reading
    assert record["verdict"] == list(found.verdict)
    assert record["environment"]["libraries"]["torch"]
    with pytest.raises(OutputExistsError, match="is there already"):
        bench(make_model, out)
