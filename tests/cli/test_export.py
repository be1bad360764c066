"""``toomre export``: a run as a folder, or any model as ONNX."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
import typer
from typer.testing import CliRunner

from toomre.cli.export import export
from toomre.jobs import export as folder_job
from toomre.jobs import export_onnx as onnx_job

app = typer.Typer()
app.command()(export)


def run(*words: str):
    return CliRunner().invoke(app, words)


@pytest.fixture
def asked(monkeypatch):
    found = []
    card = SimpleNamespace(model_id="tiny@1", pixels=None)

    def folder(run, out, **options):
        found.append(("folder", str(run), str(out), options))
        return SimpleNamespace(card=card)

    def onnx(model, out):
        found.append(("onnx", model, str(out)))
        return SimpleNamespace(card=card, opset=18, largest_difference=3e-7)

    monkeypatch.setattr(folder_job, "export", folder)
    monkeypatch.setattr(onnx_job, "export_onnx", onnx)
    return found


def test_a_run_becomes_a_folder(asked):
    done = run("run", "--out", "model", "--known-failure", "stars")
    assert done.exit_code == 0, done.output
    options = {"crossvalidation": None, "known_failures": ["stars"], "data": None}
    assert asked == [("folder", "run", "model", options)]
    assert "Wrote tiny@1 to model. Use it: toomre classify ... --model model" in done.stdout


def test_a_card_without_the_trainings_pixels_says_how_to_get_them(asked):
    done = run("run", "--out", "model", "--data", "set")
    assert asked[0][3]["data"] == Path("set")
    assert "give the set of the training (--data)" in done.stdout


def test_a_run_may_be_called_onnx(asked):
    assert run("onnx", "--out", "model").exit_code == 0
    assert asked[0][:2] == ("folder", "onnx")


def test_a_model_becomes_a_file(asked):
    done = run("onnx", "sdss-jpeg", "--out", "a.onnx")
    assert asked == [("onnx", "sdss-jpeg", "a.onnx")]
    assert (
        "Wrote tiny@1 to a.onnx (operator set 18), and how to use it to a.onnx.json" in done.stdout
    )
    assert "3.0e-07" in done.stdout


def test_what_does_not_go_together_is_refused(asked):
    assert run("tflite", "sdss-jpeg", "--out", "a").exit_code == 2
    assert run("onnx", "sdss-jpeg", "--out", "a.onnx", "--known-failure", "stars").exit_code == 2
    assert run("onnx", "sdss-jpeg", "--out", "a.onnx", "--data", "set").exit_code == 2
    assert not asked
