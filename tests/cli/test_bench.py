"""``toomre bench``: options are handed over, and the table has every number."""

from __future__ import annotations

import typer
from typer.testing import CliRunner

from toomre.cli.bench import bench
from toomre.jobs import bench as job
from toomre.jobs.bench import Bench


def test_the_table_has_rates_ratios_and_words(monkeypatch):
    given = {}

    def fake(model, out, *, quick, progress):
        given.update(model=model, out=str(out), quick=quick)
        progress(1, 3)
        gemm, network = (
            {"float32": 100.0, "bfloat16": 250.0},
            {"torch, plain": 50.0, "torch": 200.0},
        )
        return Bench("tiny@1", 2, gemm, network, {"onnx": "not here"}, {"JPEG": 100.0})

    monkeypatch.setattr(job, "bench", fake)
    app = typer.Typer()
    app.command()(bench)
    done = CliRunner().invoke(app, ["--model", "tiny", "--quick", "--out", "b.json"])
    assert done.exit_code == 0, done.output
    assert given == {"model": "tiny", "out": "b.json", "quick": True}
    for row in (
        ("matrices, bfloat16", "250 GFLOP", "2.50"),
        ("network, torch", "200 images", "4.00"),
        ("reading, JPEG", "100 images", "0.50"),
    ):
        assert any(all(word in line for word in row) for line in done.stdout.splitlines()), row
    assert "Without onnx: not here" in done.stdout
    assert "JPEG: reading and checking is the bottleneck (33% of the time" in done.stdout
