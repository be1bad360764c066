"""``toomre measure``: options are handed over, and it says what was measured."""

from __future__ import annotations

import pandas as pd
import typer
from typer.testing import CliRunner

from toomre.cli.measure import measure
from toomre.jobs import measure as job
from toomre.jobs.measure import Measurements


def test_it_hands_over_the_options_and_tells_the_flags(monkeypatch, tmp_path):
    given = {}

    def fake(data, out, **options):
        given.update(options, data=data, out=out)
        return Measurements(pd.DataFrame({"flag": [0, 0, 4]}), "flux [nJy]", 2.5, tmp_path)

    monkeypatch.setattr(job, "measure", fake)
    app = typer.Typer()
    app.command()(measure)
    limits = ["--train-images", "9", "--valid-images", "0"]
    words = [str(tmp_path / "set"), "--out", str(tmp_path), "--bands", "g, r", "--workers", "2"]
    found = CliRunner().invoke(app, [*words, "--stretched", "sdss", *limits])
    assert found.exit_code == 0, found.output
    assert given.pop("progress")
    assert given == {
        "data": tmp_path / "set",
        "out": tmp_path,
        "bands": ("g", "r"),
        "stretched": "sdss",
        "at_most": {"train": 9, "valid": 0},
        "workers": 2,
    }
    assert "Measured: flux [nJy]. 2 good, 1 not measured." in found.stdout
    assert "2.50 images a second and core" in found.stdout
