from __future__ import annotations

from pathlib import Path

import pandas as pd
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

    def fake(out: Path, **options: object) -> job.DemoResult:
        given.update(options, out=out)
        answers = pd.DataFrame(
            {
                "image_id": list("abcd"),
                "label": [1, 1, 0, 0],
                "is_merger": pd.array([True, True, True, None], dtype="boolean"),
            }
        )
        return job.DemoResult(out, answers, "sdss", "sdss@0123", 0.4, 7)

    monkeypatch.setattr(job, "demo", fake)
    found = run("--out", str(tmp_path), "--seed", "7", "--model", "sdss")
    assert found.exit_code == 0, found.output
    assert given.pop("progress")
    assert given == {"out": tmp_path, "seed": 7, "model": "sdss"}
    text = found.stdout
    assert "2 of the 2 drawn mergers and 1 of the 2 drawn nonmergers" in text
    assert "drawings" in text
    assert str(tmp_path / "catalog.parquet") in text
    assert str(tmp_path / "gallery.png") in text
    assert "toomre classify FOLDER --catalog TABLE --model sdss --out mergers.parquet" in text


def test_the_folder_must_be_given():
    found = run()
    assert found.exit_code == 2
    assert "--out" in found.output
