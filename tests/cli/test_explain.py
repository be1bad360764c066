"""``toomre explain``: options are handed over, and the numbers are printed."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import typer
from typer.testing import CliRunner

from toomre.cli.explain import explain
from toomre.evaluation.bootstrap import Interval
from toomre.jobs import explain as job
from toomre.jobs.explain_pointing import Pointed


def test_it_hands_over_the_options(monkeypatch, tmp_path):
    given = {}
    score = SimpleNamespace(hit=Interval(0.4, 0.3, 0.5), chance=0.02)

    def fake(run, out, **options):
        given.update(options, run=run, out=out)
        named = ("run", "source", "Grad-CAM", "backbone.layers.8", "merger")
        pointing = [Pointed(*named, beside, score) for beside in (False, True)]
        return SimpleNamespace(pointing=pointing, figures={"layers": Path("a")}, folder=tmp_path)

    monkeypatch.setattr(job, "explain", fake)
    app = typer.Typer()
    app.command()(explain)
    words = ["run", "--out", "o", "--against", "b", "--data", "d", "--part", "valid"]
    found = CliRunner().invoke(app, [*words, "--layer", "l", "--device", "cpu", "--overwrite"])
    assert found.exit_code == 0, found.output
    assert given.pop("progress")
    assert {name: str(value) for name, value in given.items()} == {
        "run": "run",
        "out": "o",
        "against": "b",
        "data": "d",
        "part": "valid",
        "layer": "l",
        "device": "cpu",
        "overwrite": "True",
    }
    line = "run, source, Grad-CAM layers.8 merger: peaks on the companion 0.400 (0.300 to 0.500)"
    assert found.stdout.count("peaks on the companion") == 1
    assert f"{line}, chance 0.020" in found.stdout
    assert "1 figures and explain.json" in found.stdout
