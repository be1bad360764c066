from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import typer
from typer.testing import CliRunner

from toomre.cli.demo import demo
from toomre.jobs import demo as job


def run(*words: str):
    app = typer.Typer()
    app.command()(demo)
    return CliRunner().invoke(app, list(words))


def test_it_hands_over_the_options_and_says_what_was_found(monkeypatch, tmp_path):
    given = {}

    def fake(out: Path, **options: object) -> SimpleNamespace:
        given.update(options, out=out)
        options["stage"]("Simulating galaxies")(1, 2)
        names = {"page": "index.html", "catalog": "mergers.parquet", "report": "report"}
        place = SimpleNamespace(**{name: out / path for name, path in names.items()})
        return SimpleNamespace(summary="ROC-AUC [0.7]", place=place)

    monkeypatch.setattr(job, "demo", fake)
    found = run("--out", str(tmp_path), "--seed", "7", "--galaxies", "50")
    assert found.exit_code == 0, found.output
    assert given.pop("stage")
    assert given == {"out": tmp_path, "seed": 7, "galaxies": 50}
    assert "Simulating galaxies" in found.stderr
    assert "ROC-AUC [0.7]" in found.stdout
    assert found.stdout.rstrip().endswith(str(tmp_path / "report" / "report.html"))
    assert str(tmp_path / "mergers.parquet") in found.stdout
    assert str(tmp_path / "index.html") in found.stdout


def test_as_many_galaxies_as_the_function_takes(monkeypatch, tmp_path):
    given = {}
    monkeypatch.setattr(job, "demo", lambda out, **options: given.update(options) or 1 / 0)
    run("--out", str(tmp_path))
    assert given["galaxies"] == job.GALAXIES
    assert given["seed"] == 1


def test_the_folder_must_be_given():
    found = run()
    assert found.exit_code == 2
    assert "--out" in found.output
