from __future__ import annotations

import json

import pandas as pd
import pytest
from typer.testing import CliRunner

from toomre.cli.zoo import zoo
from toomre.errors import ArgumentError
from toomre.recipes.shipped import shipped_recipes


def run(*words: object) -> str:
    result = CliRunner().invoke(zoo, [str(word) for word in words], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_evaluate_and_classify(vote_run, vote_set, tmp_path):
    common = ("--device", "cpu", "--no-figures", "--out", tmp_path / "out")
    printed = run("evaluate", vote_run, *common)
    assert "RMSE below the mean-label model's by" in printed
    assert "Class8.6    odd feature: merger" in printed
    found = json.loads(run("evaluate", vote_run, *common, "--json"))
    assert found["images"] == 14
    out, submit = tmp_path / "votes.csv", tmp_path / "submission.csv"
    common = ("--model", vote_run, "--out", out, "--submit", submit, "--device", "cpu")
    printed = run("classify", vote_set, *common)
    assert "60 images" in printed
    assert "bad 2" in printed
    assert len(pd.read_csv(submit)) == 60
    assert CliRunner().invoke(zoo, ["classify", *map(str, (vote_set, *common))]).exit_code == 1


def test_train_leads_to_the_command_that_there_is():
    words = ["train", "gz2-custom-cnn", "--data", "set", "--out", "run"]
    with pytest.raises(ArgumentError, match="toomre train gz2-transfer --data SET") as caught:
        run(*words)
    recipe = str(caught.value).partition("`toomre train ")[2].split()[0]
    assert recipe in shipped_recipes()
    assert "  train" not in run("--help")


def test_crossvalidate(vote_set, vote_recipe, tmp_path):
    recipe = tmp_path / "votes.toml"
    vote_recipe.replaced(training__epochs=1).write(recipe)
    common = ("--data", vote_set, "--out", tmp_path / "cv", "--folds", 2, "--device", "cpu")
    assert "on the cross-validated (2 folds) part: 58 images" in run(
        "crossvalidate", recipe, *common
    )
