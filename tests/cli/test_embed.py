"""``toomre embed``: options are handed over, and the numbers are printed."""

from __future__ import annotations

from types import SimpleNamespace

import typer
from typer.testing import CliRunner

from toomre.cli.embed import embed
from toomre.evaluation.bootstrap import Interval
from toomre.evaluation.embedding.distances import Distances
from toomre.jobs import embed as job
from toomre.jobs.embed import EmbedOptions


def test_it_hands_over_the_options(monkeypatch, tmp_path):
    given = {}

    def fake(run, out, **options):
        given.update(options, run=run, out=out)
        found = Distances(
            Interval(0.62, 0.6, 0.65), Interval(0.48, 0.4, 0.6), 0.0123, 0.01, 0.2, 0.25, 0.15
        )
        return SimpleNamespace(distances={"epoch 20": found}, folder=tmp_path)

    monkeypatch.setattr(job, "embed", fake)
    app = typer.Typer()
    app.command()(embed)
    words = ["a", "--out", "b", "--epochs", "0,20", "--count", "300", "--overwrite"]
    found = CliRunner().invoke(app, words)
    assert found.exit_code == 0, found.output
    assert given.pop("progress")
    assert [str(given.pop(name)) for name in ("run", "out")] == ["a", "b"]
    options = EmbedOptions(count=300)
    wanted = {"target": None, "epochs": (0, 20), "options": options, "overwrite": True}
    assert given == wanted
    assert "epoch 20: domain classifier 0.620 (0.600 to 0.650)" in found.stdout
    assert "MMD^2 0.0123" in found.stdout
    assert "0.250 (source), 0.150 (target)" in found.stdout
    wrong = CliRunner().invoke(app, ["a", "--out", "b", "--epochs", "0,last"])
    assert wrong.exit_code == 2
