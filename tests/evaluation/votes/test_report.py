from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from toomre.evaluation.votes.metrics import mean_labels, rmse
from toomre.evaluation.votes.report import evaluate_votes
from toomre.surveys.vote_tree import MERGER


@pytest.fixture
def report(rng):
    truth = rng.random((40, 37))
    truth[:, 3] = 0
    predicted = np.clip(truth + rng.normal(0, 0.1, truth.shape), 0, 1)
    groups = np.repeat(np.arange(20), 2)
    mergers = {"votes": truth[:, MERGER] >= 0.3, "label": np.zeros(40, dtype=bool)}
    baseline = mean_labels(truth, 40)
    made = evaluate_votes(
        truth, predicted, baseline, groups, is_merger=mergers, rng=rng, model_id="net"
    )
    return made, truth, predicted, baseline


def test_numbers(report):
    made, truth, predicted, baseline = report
    assert made.metrics["rmse"].value == pytest.approx(rmse(truth, predicted))
    assert made.metrics["baseline_rmse"].value == pytest.approx(rmse(truth, baseline))
    assert (made.images, made.galaxies) == (40, 20)
    row = made.answers.set_index("answer").loc["Class8.6"]
    assert (row["question"], row["name"]) == ("odd feature", "merger")
    wanted = rmse(truth[:, [MERGER]], predicted[:, [MERGER]])
    assert row["rmse"] == pytest.approx(wanted)
    assert row["gain"] == pytest.approx(1 - wanted / rmse(truth[:, [23]], baseline[:, [23]]))


def test_a_truth_without_mergers_is_left_out(report):
    made, truth, predicted, _ = report
    assert list(made.mergers) == ["votes"]
    count, interval = made.mergers["votes"]
    is_merger = truth[:, MERGER] >= 0.3
    assert count == is_merger.sum()
    assert interval.value == pytest.approx(roc_auc_score(is_merger, predicted[:, MERGER]))


def test_json_has_no_nan_and_the_text_has_every_answer(report):
    made, *_ = report
    found = json.loads(json.dumps(made.to_dict(), allow_nan=False))
    assert found["answers"][3]["gain"] is None  # the mean of what does not vary is right
    text = str(made)
    assert text.startswith("net on the test part: 40 images of 20 galaxies")
    assert "RMSE below the mean-label model's by" in text
    assert "odd feature: merger" in text
