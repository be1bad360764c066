"""``toomre tune``: options are handed over, and the best trial is told."""

from __future__ import annotations

import shlex
from types import SimpleNamespace

import pandas as pd
import typer
from typer.testing import CliRunner

from toomre.cli.train import train
from toomre.cli.tune import tune
from toomre.errors import ArgumentError
from toomre.jobs import train as training
from toomre.jobs import tune as job


def test_it_hands_over_the_options(monkeypatch, tmp_path, tiny_recipe):
    given = {}

    def fake(recipe, data, out, **options):
        given.update(options, recipe=recipe, data=data, out=out)
        table = pd.DataFrame({"value": [0.5, float("nan")]})
        found = {"value": 1.9459, "larger_is_better": True, "folder": tmp_path}
        return SimpleNamespace(trials=table, **found)

    monkeypatch.setattr(job, "tune", fake)
    tiny_recipe.write(tmp_path / "tiny.toml")
    app = typer.Typer()
    app.command()(tune)
    words = [str(tmp_path / "tiny.toml"), "--data", "a b", "--out", "b", "--trials", "9"]
    options = ["--objective", "target_snd", "--epochs", "3", "--no-prune", "--space", "c"]
    options += ["--start", "d", "--target", "t", "--device", "cpu"]
    found = CliRunner().invoke(app, [*words, *options])
    assert found.exit_code == 0, found.output
    assert given["recipe"] == tiny_recipe.replaced(training__epochs=3)
    assert given["plan"] == job.TuneOptions(9, "target_snd", False)
    assert [str(given[name]) for name in ("space", "target", "start")] == ["c", "t", "d"]
    said = "2 trials, 1 to the end; the best target_snd is 1.9459 (larger is better).\n"
    assert said in found.stdout
    # The command that is printed is one that `toomre train` takes.
    taken = {}

    def take(recipe, data, out, *, target, start, options, **others):
        taken.update(data=str(data), target=str(target), start=start, device=options.device)
        raise ArgumentError(f"{out}")

    monkeypatch.setattr(training, "train", take)
    tiny_recipe.write(tmp_path / "best.toml")
    command = shlex.split(found.stdout.rpartition("Next: ")[2])
    assert command[:2] == ["toomre", "train"]
    app = typer.Typer()
    app.command()(train)
    again = CliRunner().invoke(app, command[2:])
    assert str(again.exception) == str(tmp_path / "best")
    assert taken == {"data": "a b", "target": "t", "start": "d", "device": "cpu"}
