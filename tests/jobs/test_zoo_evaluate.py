from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import mean_squared_error

from toomre.errors import ArgumentError
from toomre.jobs.evaluate import evaluate
from toomre.jobs.run import Run
from toomre.jobs.train import TrainOptions, train
from toomre.jobs.zoo_crossvalidate import zoo_crossvalidate
from toomre.jobs.zoo_evaluate import histories, zoo_evaluate
from toomre.preparation.prepared import PreparedSet
from toomre.preparation.split import Split
from toomre.surveys.vote_tree import ANSWERS

TRUE = [f"true_{name}" for name in ANSWERS]
MEAN = [f"mean_{name}" for name in ANSWERS]


def test_bad_images_are_in_no_part(vote_set):
    prepared = PreparedSet.open(vote_set)
    parts = prepared.split.table["part"].value_counts()
    assert parts.to_dict() == {"train": 35, "test": 14, "valid": 9, "": 2}
    assert prepared.summary()["unlabelled"] == 60


def test_a_training_on_votes(vote_run):
    run = Run.open(vote_run)
    history = run.history
    assert history["train_loss"].iloc[-1] < history["train_loss"].iloc[0]
    np.testing.assert_allclose(history["valid_rmse"] ** 2, history["valid_loss"], rtol=1e-6)
    assert history["mean_squared_error_accuracy"].between(0, 1).all()
    assert run.card.training.epoch == history["epoch"][history["valid_rmse"].idxmin()]
    assert set(run.card.metrics["validation"]) == {"rmse", "argmax_accuracy"}
    assert (run.card.threshold, run.card.calibration.method) == (0.3, "none")


def test_it_is_the_same_bit_for_bit(vote_run, vote_set, vote_recipe, tmp_path):
    again = train(vote_recipe, vote_set, tmp_path / "again", options=TrainOptions(device="cpu"))
    assert again.card.weights_sha256 == Run.open(vote_run).card.weights_sha256


@pytest.fixture(scope="module")
def done(vote_run, tmp_path_factory):
    return zoo_evaluate(vote_run, out=tmp_path_factory.mktemp("out"), device="cpu", figures=False)


def test_numbers_are_those_of_the_test_part(done, vote_run, vote_set):
    prepared, run = PreparedSet.open(vote_set), Run.open(vote_run)
    table = done.predictions
    truth = prepared.catalog.iloc[run.split.rows("test")]
    assert table["image_id"].tolist() == truth["image_id"].tolist()
    np.testing.assert_allclose(table[TRUE], truth[list(ANSWERS)], rtol=1e-6)
    trained = prepared.catalog.iloc[run.split.rows("train")][list(ANSWERS)].mean()
    np.testing.assert_allclose(table[MEAN].iloc[0], trained, rtol=1e-6)
    error = mean_squared_error(table[TRUE], table[list(ANSWERS)])
    assert done.report.metrics["mse"].value == pytest.approx(error)
    assert done.report.metrics["gain"].value > 0.1
    count, area = done.report.mergers["votes of 0.3 or more"]
    assert 0 < count < len(table)
    assert area.value > 0.9


def test_files(done):
    found = json.loads((done.folder / "metrics.json").read_text())
    assert found["metrics"]["rmse"]["value"] == done.report.metrics["rmse"].value
    assert pd.read_csv(done.folder / "answers.csv")["answer"].tolist() == list(ANSWERS)
    pd.testing.assert_frame_equal(
        pd.read_parquet(done.folder / "predictions.parquet"), done.predictions
    )


def test_figures_and_a_comparison(vote_run, tmp_path):
    zoo_evaluate(vote_run, part="valid", against=[vote_run], out=tmp_path, device="cpu")
    assert {"scatter.png", "prototypes.png", "history.png"} <= {
        path.name for path in (tmp_path / "figures").iterdir()
    }
    table = pd.read_csv(tmp_path / "comparison.csv")
    wanted = ["run", "epoch", "train_loss", "valid_loss", "train_accuracy", "valid_accuracy"]
    assert table.columns.tolist() == wanted


def test_runs_of_one_recipe_are_told_apart(vote_run, vote_set, vote_recipe, tmp_path):
    short = vote_recipe.replaced(training__epochs=1)
    other = train(short, vote_set, tmp_path / "other", options=TrainOptions(device="cpu"))
    assert list(histories([vote_run, other])) == ["votes (run)", "votes (other)"]


def test_every_galaxy_is_predicted_once_by_a_model_without_it(vote_set, vote_recipe, tmp_path):
    short = vote_recipe.replaced(training__epochs=2)
    options = TrainOptions(device="cpu", resume=True)
    done = zoo_crossvalidate(short, vote_set, tmp_path / "cv", folds=2, options=options)
    table = done.predictions
    assert len(table) == table["image_id"].nunique() == 58
    for fold, own in table.groupby("fold"):
        parts = Run.open(tmp_path / "cv" / f"fold-{fold}").split.table
        trained = set(parts.loc[parts["part"].isin(["train", "valid"]), "group"])
        assert not trained & set(own["galaxy_id"])
    again = zoo_crossvalidate(short, vote_set, tmp_path / "cv", folds=2, options=options)
    assert again.report.to_dict() == done.report.to_dict()
    with pytest.raises(ArgumentError, match="from 2 to the 58 groups"):
        zoo_crossvalidate(short, vote_set, tmp_path / "many", folds=59)


def test_labelled_images_without_votes_are_left_out_and_counted(vote_set, vote_recipe, tmp_path):
    """The same weights come about as where the split itself has them in no part."""
    whole, short = PreparedSet.open(vote_set), vote_recipe.replaced(training__epochs=2)
    first = {part: whole.split.rows(part)[0] for part in ("train", "valid", "test")}
    catalog = whole.catalog.assign(label=pd.array([0, 1] * 30, dtype="Int8"))
    catalog.loc[list(first.values()), "Class8.6"] = np.nan
    holed = replace(whole, catalog=catalog)
    assert holed.summary()["without_votes"] == 3
    table = whole.split.table.copy()
    table.loc[list(first.values()), "part"] = ""
    options = TrainOptions(device="cpu")
    with pytest.warns(UserWarning, match="lack vote fractions and are left out") as told:
        run = train(short, holed, tmp_path / "holed", options=options)
    assert [str(w.message).partition(" part ")[0] for w in told] == [
        "1 of the 35 images of the train",
        "1 of the 9 images of the valid",
    ]
    other = train(short, whole, tmp_path / "split", split=Split(table), options=options)
    assert run.card.weights_sha256 == other.card.weights_sha256
    assert run.card.training.images == 34
    with pytest.warns(UserWarning, match="1 of the .* part of"):
        found = zoo_evaluate(
            run, holed, out=tmp_path / "out", device="cpu", figures=False
        ).predictions
    assert (
        found["image_id"].tolist() == catalog.loc[whole.split.rows("test")[1:], "image_id"].tolist()
    )
    known = catalog.loc[whole.split.rows("train")[1:], list(ANSWERS)].mean()
    np.testing.assert_allclose(found[MEAN].iloc[0], known, rtol=1e-6)
    with pytest.warns(UserWarning, match="lack vote fractions"):
        folds = zoo_crossvalidate(short, holed, tmp_path / "cv", folds=2, options=options)
    assert folds.report.images == 58 - 3


def test_an_empty_test_part_says_which_part_to_judge(vote_set, vote_recipe, tmp_path):
    whole = PreparedSet.open(vote_set)
    split = Split(whole.split.table.assign(part=whole.split.table["part"].replace("test", "")))
    short, prepared = vote_recipe.replaced(training__epochs=1), replace(whole, split=split)
    run = train(short, prepared, tmp_path / "run", options=TrainOptions(device="cpu"))
    with pytest.raises(ArgumentError, match=r"is empty.*\(--part valid or --part train\)"):
        zoo_evaluate(run, prepared)


def test_what_does_not_fit_is_refused(vote_run, vote_set, vote_recipe, tmp_path, tiny_set):
    with pytest.raises(ArgumentError, match="train, valid or test"):
        zoo_evaluate(vote_run, part="all")
    with pytest.raises(ArgumentError, match="toomre zoo evaluate"):
        evaluate(vote_run, device="cpu", figures=False)
    with pytest.raises(ArgumentError, match="has no merger logit"):
        train(vote_recipe, vote_set, tmp_path / "adapted", target=vote_set)
    with pytest.raises(ArgumentError, match=r"has no Class1\.1"):
        train(vote_recipe, tiny_set, tmp_path / "run")
