"""The report holds the numbers, their warnings, and prints and saves them."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import confusion_matrix, roc_auc_score

from toomre.errors import ArgumentError
from toomre.evaluation.bootstrap import bootstrap
from toomre.evaluation.metrics import METRICS
from toomre.evaluation.report import evaluate_scores


@pytest.fixture
def scores(rng):
    label = rng.integers(0, 2, 400)
    logit = 3 * (2 * label - 1) + rng.normal(0, 2.5, 400)
    return pd.DataFrame(
        {
            "image_id": [f"{number}.jpeg" for number in range(400)],
            "galaxy_id": np.arange(400) // 2,
            "group": np.arange(400) // 4,
            "label": pd.array(label, dtype="Int64"),
            "p_merger": 1 / (1 + np.exp(-logit)),
            "p_merger_raw": 1 / (1 + np.exp(-2 * logit)),
        }
    )


@pytest.fixture
def train():
    return pd.DataFrame({"galaxy_id": ["t1", "t2", "t3"], "label": [0, 0, 1]})


def run(scores, **changed):
    given = {"threshold": 0.4, "rng": np.random.default_rng(3), "resamples": 50} | changed
    return evaluate_scores(scores, **given)


def test_numbers_agree_with_sklearn_and_the_bootstrap(scores, train):
    found = run(scores, train=train, model_id="a@b", part="valid")
    label, score = scores["label"].to_numpy(dtype=int), scores["p_merger"].to_numpy()
    assert found.metrics["roc_auc"].value == pytest.approx(roc_auc_score(label, score))
    assert found.confusion == tuple(map(tuple, confusion_matrix(label, score >= 0.4).tolist()))
    expected = bootstrap(
        label, score, scores["group"], threshold=0.4, resamples=50, rng=np.random.default_rng(3)
    )
    assert {name: found.metrics[name] for name in METRICS} == expected
    raw = METRICS["brier_score"](label, scores["p_merger_raw"], 0.4)
    assert found.metrics["brier_score_raw"].value == pytest.approx(raw)
    assert (found.n_images, found.n_galaxies, found.n_mergers) == (400, 200, label.sum())
    assert (found.part, found.model_id, found.threshold) == ("valid", "a@b", 0.4)
    assert found.baselines["majority"]["accuracy"] == pytest.approx(1 - label.mean())
    assert found.baselines["lookup"]["seen"] == 0
    assert found.warnings == ()


def test_without_groups_galaxies_are_drawn(scores):
    found = run(scores.drop(columns=["group", "p_merger_raw"]))
    label, score = scores["label"].to_numpy(dtype=int), scores["p_merger"].to_numpy()
    expected = bootstrap(
        label, score, scores["galaxy_id"], threshold=0.4, resamples=50,
        rng=np.random.default_rng(3),
    )  # fmt: skip
    assert found.metrics == expected
    assert found.baselines == {}


def test_dict_is_json_with_null_for_nan(scores, train):
    mergers = scores[scores["label"] == 1]
    found = run(mergers, train=train).to_dict()
    again = json.loads(json.dumps(found, allow_nan=False))
    assert again == found
    assert found["metrics"]["roc_auc"] == {"value": None, "lower": None, "upper": None}
    assert found["baselines"]["majority"]["purity"] is None
    assert found["confusion"][0] == [0, 0]


def test_text_holds_every_number(scores, train):
    found = run(scores, train=train, model_id="sdss@0123")
    lines = str(found).splitlines()
    assert lines[0] == (
        f"sdss@0123 on the test part: 400 images of 200 galaxies, {found.n_mergers} images of "
        "mergers; threshold 0.400"
    )
    value, lower, upper = found.metrics["roc_auc"]
    (auc,) = [line for line in lines if line.startswith("ROC-AUC")]
    assert auc.split() == ["ROC-AUC", f"{value:.3f}", f"{lower:.3f}", "to", f"{upper:.3f}"]
    (lookup,) = [line for line in lines if line.startswith("lookup")]
    assert lookup.split()[-1] == "0.000"
    (row,) = [line for line in lines if line.startswith("merger ")]
    cells = zip(found.confusion[1], found.confusion_rates[1], strict=True)
    assert row.split() == " ".join(["merger", *(f"{n}: {rate}" for n, rate in cells)]).split()
    assert max(map(len, lines)) <= 100


def test_undefined_numbers_print_as_a_dash(scores):
    lines = str(run(scores[scores["label"] == 1])).splitlines()
    assert ["ROC-AUC", "-", "-", "to", "-"] in [line.split() for line in lines]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"p_merger": lambda t: t["p_merger"].mask(t.index < 3)}, "3 images have no score"),
        ({"label": lambda t: t["label"].mask(t.index < 2)}, "2 images have no label"),
        ({"label": lambda t: 0}, "There are no mergers: metrics that need both classes"),
        ({"label": lambda t: (t.index < 8).astype(int)}, "There are only 4 mergers"),
        (
            {"p_merger": lambda t: 0.5 * t["p_merger"]},
            "poorly calibrated: the expected",
        ),
        (
            {"galaxy_id": lambda t: t["galaxy_id"].astype(str).mask(t.index < 40, "t1")},
            "leak: 10.0% of the images show a galaxy that the model was trained on",
        ),
        ({"p_merger": lambda t: 0.0}, "The accuracy does not exceed"),
    ],
)
def test_what_a_reader_should_know_is_a_warning(change, text, scores, train):
    found = run(scores.assign(**change), train=train)
    assert [warning for warning in found.warnings if text in warning]
    assert text in str(found)


def test_missing_column_is_named(scores):
    with pytest.raises(ArgumentError) as caught:
        run(scores[["galaxy_id", "label"]])
    assert str(caught.value) == (
        "Expected `scores` to be a table with the columns galaxy_id, label, p_merger, "
        "but got ['galaxy_id', 'label']."
    )
    with pytest.raises(ArgumentError, match="Expected `train` to be a table with the columns"):
        run(scores, train=scores[["label"]])
