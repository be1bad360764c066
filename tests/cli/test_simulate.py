"""``toomre simulate``: options are handed over, and what was made is told."""

from __future__ import annotations

import typer
from typer.testing import CliRunner

from toomre.cli.simulate import simulate
from toomre.jobs import simulate as job
from toomre.preparation.prepared import PreparedSet


def test_it_hands_over_the_options(monkeypatch, tmp_path, tiny_set):
    given = {}

    def fake(out, **options):
        given.update(options, out=out)
        return {"pristine": PreparedSet.open(tiny_set)}

    monkeypatch.setattr(job, "simulate", fake)
    app = typer.Typer()
    app.command()(simulate)
    words = ["--out", str(tmp_path), "--pair", "nearby", "--galaxies", "7", "--seed", "3"]
    words += ["--stages", "post-merger", "--workers", "2"]
    found = CliRunner().invoke(app, words)
    assert found.exit_code == 0, found.output
    assert given.pop("progress")
    options = {"pair": "nearby", "galaxies": 7, "seed": 3, "workers": 2, "overwrite": False}
    assert given == {**options, "stages": "post-merger", "out": tmp_path}
    assert "pristine: 120 images of 60 galaxies, 60 of mergers" in found.stdout
