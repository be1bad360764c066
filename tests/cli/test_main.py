"""The whole main job by command line, and what a user sees when something is wrong."""

from __future__ import annotations

import json
import sys
import warnings

import pytest
from typer import Typer
from typer.testing import CliRunner

import toomre
from toomre import cli
from toomre.cli.commands import register
from toomre.jobs.run import Run


@pytest.fixture
def toomre_command():
    app = Typer()
    register(app)

    def run(*words: object) -> str:
        result = CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.stdout

    return run


def test_train_resume_evaluate_export_and_crossvalidate(
    toomre_command, tiny_set, tiny_recipe, tmp_path
):
    recipe = tmp_path / "tiny.toml"
    tiny_recipe.replaced(training__epochs=1).write(recipe)
    run = tmp_path / "run"
    common = ("--data", tiny_set, "--device", "cpu")
    printed = toomre_command("train", recipe, *common, "--out", run, "--epochs", 2, "--seed", 5)
    assert "epoch 2: train_loss" in printed
    assert "Trained tiny@" in printed
    opened = Run.open(run)
    assert (opened.recipe.seed, len(opened.history)) == (5, 2)
    printed = toomre_command(
        "train", recipe, *common, "--out", run, "--epochs", 2, "--seed", 5, "--resume"
    )
    assert opened.card.model_id in printed

    table = toomre_command("evaluate", run, "--device", "cpu")
    assert "ROC-AUC" in table
    assert "majority" in table
    found = json.loads(toomre_command("evaluate", run, "--device", "cpu", "--json"))
    assert found["model_id"] == opened.card.model_id
    assert set(found["metrics"]["accuracy"]) == {"value", "lower", "upper"}
    rates = found["confusion_rates"]
    assert rates[1][1]["value"] == found["metrics"]["completeness"]["value"]
    assert rates[0][0]["value"] + rates[0][1]["value"] == pytest.approx(1)
    assert rates[0][1]["lower"] <= rates[0][1]["value"] <= rates[0][1]["upper"]

    printed = toomre_command(
        "crossvalidate", recipe, *common, "--out", tmp_path / "cv", "--folds", 2, "--seeds", 2
    )
    assert "cross-validated part: 120 images" in printed
    assert "over 2 seeds" in printed
    printed = toomre_command("export", run, "--out", tmp_path / "model")
    assert (tmp_path / "model" / "model.json").exists()


def run_main(monkeypatch, *words: object) -> int:
    monkeypatch.setattr(cli, "app", Typer())
    monkeypatch.setattr(sys, "argv", ["toomre", *(str(word) for word in words)])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    return caught.value.code


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("train", "none.toml", "--data", "x", "--out", "y"), "no recipe at none.toml"),
        (("evaluate", "[bold]nowhere"), "[bold]nowhere is no run"),
        (("prepare", "x", "--out", "y", "--size", "4"), "`size`: Input should be greater"),
        (("prepare", "x", "--out", "y", "--crop", "nan"), "`crop`"),
        (("prepare", "x", "--out", "y", "--pixel-scale", "-1"), "`native_pixel_scale`"),
        (("classify", "x", "--out", "y.parquet", "--model", "no"), "sdss-jpeg"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(monkeypatch, capsys, tmp_path, words, said):
    monkeypatch.chdir(tmp_path)
    assert run_main(monkeypatch, *words) == 2
    error = capsys.readouterr().err
    assert "Traceback" not in error
    lines = [line for line in error.splitlines() if line.startswith("Error:")]
    assert len(lines) == 1
    assert said in lines[0]


def test_a_warning_is_one_line_without_its_place_in_the_code(
    monkeypatch, capsys, published_files, tmp_path
):
    """The drawn files are not the published ones, and convert says so."""
    words = ("convert", "deepmerge1", published_files / "code", "--out", tmp_path, "--filters", "3")
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        before = warnings.showwarning
        assert run_main(monkeypatch, *words) == 0
        assert warnings.showwarning is before
    said = capsys.readouterr().err
    told = [line for line in said.splitlines() if "The file may be another version." in line]
    assert told
    assert all(line.startswith("Warning: ") for line in told)
    assert ".py" not in said
    assert "UserWarning" not in said


def test_other_warnings_keep_their_place(capsys):
    others = []
    cli._warn(lambda *given: others.append(given), RuntimeWarning("odd"), RuntimeWarning, "a.py", 3)
    assert [given[2:] for given in others] == [("a.py", 3)]
    cli._warn(lambda *given: others.append(given), UserWarning("so"), UserWarning, "a.py", 3)
    assert capsys.readouterr().err == "Warning: so\n"


def test_version(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["toomre", "--version"])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    assert caught.value.code == 0
    assert capsys.readouterr().out == f"toomre {toomre.__version__}\n"
