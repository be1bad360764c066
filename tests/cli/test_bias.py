"""``toomre bias``: options are handed over, and tests and cameras are printed."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import typer
from typer.testing import CliRunner

from toomre.cli.bias import bias
from toomre.jobs import bias as job


def test_it_hands_over_the_options(monkeypatch, tmp_path):
    given = {}

    def fake(run, out, **options):
        given.update(options, run=run, out=out)
        tests = pd.DataFrame([{"column": "log_mass", "class": "mergers", "p_holm": 0.01234}])
        camera = SimpleNamespace(rate=0.8, correlation=0.223)
        return SimpleNamespace(tests=tests, cameras={"mergers": camera}, folder=tmp_path)

    monkeypatch.setattr(job, "bias", fake)
    app = typer.Typer()
    app.command()(bias)
    words = ["a", "--out", "b", "--data", "c", "--columns", "m20, log_mass"]
    found = CliRunner().invoke(app, words)
    assert found.exit_code == 0, found.output
    assert [str(given.pop(name)) for name in ("run", "out", "data")] == ["a", "b", "c"]
    assert given == {
        "part": "test",
        "table": None,
        "columns": ("m20", "log_mass"),
        "device": "auto",
        "overwrite": False,
    }
    assert "0.0123" in found.stdout
    assert "(mergers): 80.0% called mergers, correlation 0.22." in found.stdout
