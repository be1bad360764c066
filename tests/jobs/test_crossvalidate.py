from __future__ import annotations

import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, roc_auc_score

from toomre.errors import ArgumentError, OutputExistsError
from toomre.jobs.crossvalidate import FoldOptions, crossvalidate
from toomre.jobs.run import Run
from toomre.jobs.train import TrainOptions
from toomre.preparation.prepared import PreparedSet

OPTIONS = TrainOptions(device="cpu", resume=True)


@pytest.fixture
def plan():
    return FoldOptions(folds=3, seeds=2)


def test_each_image_is_tested_once_a_seed_by_a_model_that_never_saw_its_galaxy(
    tiny_set, tiny_recipe, tmp_path, plan
):
    recipe = tiny_recipe.replaced(training__epochs=1)
    steps = []
    done = crossvalidate(
        recipe,
        tiny_set,
        tmp_path / "cv",
        plan=plan,
        options=OPTIONS,
        progress=lambda k, n: steps.append(k / n),
    )
    scores = pd.read_parquet(tmp_path / "cv" / "scores.parquet")
    catalog = PreparedSet.open(tiny_set).catalog
    for seed, own in scores.groupby("seed"):
        assert sorted(own["image_id"]) == sorted(catalog["image_id"])
        for fold, tested in own.groupby("fold"):
            run = Run.open(tmp_path / "cv" / f"seed-{seed}-fold-{fold}")
            seen = run.split.table["part"].isin(["train", "valid"])
            assert not set(catalog["galaxy_id"][seen]) & set(tested["galaxy_id"])
            assert set(run.split.table["image_id"][run.split.rows("test")]) == set(
                tested["image_id"]
            )
    one = scores[scores["seed"] == 3]
    metrics = done.evaluations[0].metrics
    assert metrics["roc_auc"].value == pytest.approx(roc_auc_score(one["label"], one["p_merger"]))
    wanted = accuracy_score(one["label"].astype(bool), one["is_merger"])
    assert metrics["accuracy"].value == pytest.approx(wanted)
    assert len(done.runs) == 6
    assert done.summary["accuracy"][1] >= 0
    assert steps == sorted(steps)
    assert steps[-1] == 1

    before = {p: p.stat().st_mtime_ns for p in tmp_path.rglob("model.safetensors")}
    again = crossvalidate(recipe, tiny_set, tmp_path / "cv", plan=plan, options=OPTIONS)
    assert again.evaluations[0].metrics == done.evaluations[0].metrics
    assert before == {p: p.stat().st_mtime_ns for p in tmp_path.rglob("model.safetensors")}


def test_another_recipe_in_the_same_folder_is_refused(tiny_set, tiny_recipe, tmp_path):
    recipe = tiny_recipe.replaced(training__epochs=1)
    options = {"plan": FoldOptions(folds=2), "options": OPTIONS}
    crossvalidate(recipe, tiny_set, tmp_path / "cv", **options)
    with pytest.raises(OutputExistsError, match="another recipe"):
        crossvalidate(recipe.replaced(seed=8), tiny_set, tmp_path / "cv", **options)


def test_too_many_folds_claim_no_folder(tiny_set, tiny_recipe, tmp_path):
    with pytest.raises(ArgumentError, match="folds"):
        crossvalidate(
            tiny_recipe, tiny_set, tmp_path / "cv", plan=FoldOptions(folds=999), options=OPTIONS
        )
    assert not (tmp_path / "cv").exists()
