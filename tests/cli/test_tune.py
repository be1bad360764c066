"""``toomre tune``: options are handed over, and the best trial is told."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import typer
from typer.testing import CliRunner

from toomre.cli.tune import tune
from toomre.jobs import tune as job


def test_it_hands_over_the_options(monkeypatch, tmp_path, tiny_recipe):
    given = {}

    def fake(recipe, data, out, **options):
        given.update(options, recipe=recipe, data=data, out=out)
        table = pd.DataFrame({"value": [0.5, float("nan")]})
        return SimpleNamespace(trials=table, value=0.5, folder=tmp_path)

    monkeypatch.setattr(job, "tune", fake)
    tiny_recipe.write(tmp_path / "tiny.toml")
    app = typer.Typer()
    app.command()(tune)
    words = [str(tmp_path / "tiny.toml"), "--data", "a", "--out", "b", "--trials", "9"]
    options = ["--objective", "target_snd", "--epochs", "3", "--no-prune", "--space", "c"]
    options += ["--start", "d"]
    found = CliRunner().invoke(app, [*words, *options])
    assert found.exit_code == 0, found.output
    assert given["recipe"] == tiny_recipe.replaced(training__epochs=3)
    assert given["plan"] == job.TuneOptions(9, "target_snd", False)
    assert (str(given["space"]), given["target"], given["start"]) == ("c", None, "d")
    assert "2 trials, 1 to the end; the best target_snd is 0.5000" in found.stdout
