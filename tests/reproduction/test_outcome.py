from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics

from toomre.reproduction.outcome import measure


@pytest.fixture
def scores(rng):
    label = rng.integers(0, 2, 300)
    raw = np.clip(0.35 + 0.2 * label + rng.normal(0, 0.15, 300), 0, 1)
    galaxy = [f"g{number // 4}" for number in range(300)]
    # The calibrated score would give other answers.
    table = {"label": label, "p_merger_raw": raw, "p_merger": raw / 2, "galaxy_id": galaxy}
    return pd.DataFrame(table).assign(group=galaxy)


def test_the_uncalibrated_score_at_one_half(scores):
    found = measure(scores)
    truth, called = scores["label"], scores["p_merger_raw"] >= 0.5
    tn, fp, _, _ = metrics.confusion_matrix(truth, called).ravel()
    wanted = {
        "accuracy": metrics.accuracy_score(truth, called),
        "purity": metrics.precision_score(truth, called),
        "completeness": metrics.recall_score(truth, called),
        "f1": metrics.f1_score(truth, called),
        "roc_auc": metrics.roc_auc_score(truth, scores["p_merger_raw"]),
        "brier_score": metrics.brier_score_loss(truth, scores["p_merger_raw"]),
        "false_positive_rate": fp / (fp + tn),
    }
    for name, value in wanted.items():
        one = found.interval(name)
        assert one.value == pytest.approx(value), name
        assert one.lower < one.value < one.upper, name
    assert (found.images, found.galaxies, found.mergers) == (300, 75, int(truth.sum()))


def test_what_is_undefined_survives_json(scores):
    found = measure(scores.assign(p_merger_raw=0.1))
    again = type(found).model_validate_json(found.model_dump_json())
    assert again == found
    assert math.isnan(again.interval("purity").value)
    assert again.interval("completeness").value == 0
