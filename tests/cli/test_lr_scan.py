"""``toomre lr-scan``: options are handed over, and the suggestion is printed."""

from __future__ import annotations

from types import SimpleNamespace

import typer
from typer.testing import CliRunner

from toomre.cli.lr_scan import lr_scan
from toomre.jobs import lr_scan as job
from toomre.training.lr_scan import Ramp, Suggestion


def test_it_hands_over_the_options(monkeypatch, tmp_path):
    given = {}

    def fake(recipe, data, out, **options):
        given.update(options, recipe=recipe, data=data, out=out)
        found = Suggestion(0.02, 0.002, 0.01, "The loss was still falling.")
        return SimpleNamespace(suggestion=found, table=[0] * 7, folder=tmp_path)

    monkeypatch.setattr(job, "lr_scan", fake)
    app = typer.Typer()
    app.command()(lr_scan)
    words = ["deepmerge2-mmd", "--data", "a", "--target", "b", "--start", "d", "--out", "c"]
    found = CliRunner().invoke(app, [*words, "--high", "1", "--log", "--epochs", "3"])
    assert found.exit_code == 0, found.output
    assert given.pop("progress")
    assert [str(given.pop(name)) for name in ("recipe", "data", "target", "out")] == [
        "deepmerge2-mmd",
        "a",
        "b",
        "c",
    ]
    ramp = Ramp(1e-6, 1.0, log=True, epochs=3)
    assert given.pop("start") == "d"
    assert given == {"ramp": ramp, "device": "auto", "overwrite": False}
    assert "7 steps; the loss is lowest at a learning rate of 0.02." in found.stdout
    assert "cycles from 0.002 to 0.02" in found.stdout
    assert "still falling" in found.stdout
