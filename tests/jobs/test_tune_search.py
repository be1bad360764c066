"""What a search is of: opened as a whole, and known again by its folder."""

from __future__ import annotations

import pytest

from toomre.errors import ArgumentError, OutputExistsError
from toomre.jobs.tune_search import Search
from toomre.storage import read_json, write_json


@pytest.mark.parametrize(
    ("objective", "metrics"), [("roc_auc", ["roc_auc"] * 2), ("total_loss", ["accuracy", "loss"])]
)
def test_a_metric_chooses_the_epoch_of_every_stage(tiny_set, tiny_recipe, objective, metrics):
    stages = [
        {"name": "head", "epochs": 1, "selection": {"metric": "accuracy"}},
        {"name": "whole", "epochs": 1},
    ]
    recipe = tiny_recipe.replaced(stage=stages)
    search = Search.make(recipe, tiny_set, objective, device="cpu")
    assert [stage.selection.metric for stage in search.recipe.stages()] == metrics


def test_a_folder_is_known_again(tiny_set, tiny_recipe, tmp_path):
    search = Search.make(tiny_recipe, tiny_set, "roc_auc", device="cpu")
    search.claim(tmp_path)
    search.claim(tmp_path)
    with pytest.raises(OutputExistsError, match="another recipe"):
        Search.make(tiny_recipe.replaced(seed=9), tiny_set, "roc_auc", device="cpu").claim(tmp_path)


def test_a_record_of_values_with_another_sign_is_refused(tiny_set, tiny_recipe, tmp_path):
    search = Search.make(tiny_recipe, tiny_set, "roc_auc", device="cpu")
    search.claim(tmp_path)
    record = read_json(tmp_path / "tune.json")
    assert record.pop("larger_is_better") is True
    write_json(tmp_path / "tune.json", record)
    with pytest.raises(OutputExistsError, match="another larger_is_better"):
        search.claim(tmp_path)


def test_a_folder_of_something_else_is_left_alone(tiny_set, tiny_recipe, tmp_path):
    (tmp_path / "thesis.tex").touch()
    search = Search.make(tiny_recipe, tiny_set, "loss", device="cpu")
    with pytest.raises(ArgumentError, match="no search"):
        search.claim(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]
