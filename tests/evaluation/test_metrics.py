"""The metrics agree with scikit-learn, and are NaN where they are undefined."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as judge

from toomre.errors import ArgumentError
from toomre.evaluation.metrics import (
    METRICS,
    confusion_matrix,
    expected_calibration_error,
    normalise_rows,
)

JUDGES = {
    "accuracy": lambda y, p, s: judge.accuracy_score(y, s),
    "balanced_accuracy": lambda y, p, s: judge.balanced_accuracy_score(y, s),
    "purity": lambda y, p, s: judge.precision_score(y, s, zero_division=np.nan),
    "completeness": lambda y, p, s: judge.recall_score(y, s, zero_division=np.nan),
    "specificity": lambda y, p, s: judge.recall_score(y, s, pos_label=0, zero_division=np.nan),
    "f1": lambda y, p, s: judge.f1_score(y, s, zero_division=np.nan),
    "roc_auc": lambda y, p, s: judge.roc_auc_score(y, p),
    "average_precision": lambda y, p, s: judge.average_precision_score(y, p),
    "brier_score": lambda y, p, s: judge.brier_score_loss(y, p),
}

# Few distinct scores, so that ties are the rule, and scores on the threshold are common.
tables = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 10)), min_size=2, max_size=40).filter(
    lambda rows: len({label for label, _ in rows}) == 2
)


@settings(max_examples=60, deadline=None)
@given(rows=tables, threshold=st.sampled_from([0.0, 0.3, 0.5, 1.0]))
def test_all_metrics_agree_with_sklearn(rows, threshold):
    label, score = np.array([row[0] for row in rows]), np.array([row[1] / 10 for row in rows])
    said = (score >= threshold).astype(int)
    for name, function in JUDGES.items():
        found = METRICS[name](label, score, threshold)
        np.testing.assert_allclose(found, function(label, score, said), atol=1e-12, err_msg=name)
    np.testing.assert_array_equal(
        confusion_matrix(label, score, threshold),
        judge.confusion_matrix(label, said, labels=[0, 1]),
    )


def test_table_holds_every_metric():
    assert set(METRICS) == {*JUDGES, "expected_calibration_error"}


def test_expected_calibration_error_by_hand():
    # bin (0, 0.5]: scores 0.2 0.4, one merger -> |0.3 - 0.5|; bin (0.5, 1]: |0.9 - 1|
    found = expected_calibration_error([0, 1, 1, 1], [0.2, 0.4, 0.9, 0.9], n_bins=2)
    assert found == pytest.approx((2 * 0.2 + 2 * 0.1) / 4)


def test_calibrated_scores_have_a_small_error_and_overconfident_ones_a_large(rng):
    true = rng.uniform(size=20000)
    label = (rng.uniform(size=20000) < true).astype(int)
    assert expected_calibration_error(label, true) < 0.015
    # The mean of |p - (p > 0.5)| for uniform p is 1/4.
    assert expected_calibration_error(label, (true > 0.5).astype(float)) == pytest.approx(
        0.25, abs=0.01
    )


@pytest.mark.parametrize("n_bins", [0, -3])
def test_number_of_bins_must_be_positive(n_bins):
    with pytest.raises(ArgumentError, match="Expected `n_bins` to be an integer of 1 or more"):
        expected_calibration_error([0, 1], [0.1, 0.2], n_bins=n_bins)


UNDEFINED = {
    1: {"specificity", "balanced_accuracy", "roc_auc"},
    0: {"completeness", "balanced_accuracy", "roc_auc", "average_precision"},
}


@pytest.mark.parametrize("only", [0, 1])
def test_with_one_class_the_undefined_metrics_are_nan(only):
    found = {name: METRICS[name]([only] * 3, [0.2, 0.6, 0.8], 0.5) for name in METRICS}
    assert {name for name, value in found.items() if np.isnan(value)} == UNDEFINED[only]


def test_purity_is_undefined_where_nothing_is_called_a_merger():
    assert np.isnan(METRICS["purity"]([0, 1], [0.1, 0.2], 0.5))


def test_no_image_gives_nan_and_an_empty_matrix():
    assert all(np.isnan(function([], [], 0.5)) for function in METRICS.values())
    assert confusion_matrix([], []).tolist() == [[0, 0], [0, 0]]


def test_images_without_score_are_left_out(rng):
    label, score = rng.integers(0, 2, 50), rng.uniform(size=50)
    holes = np.insert(score, [0, 20, 50], np.nan)
    labels = np.insert(label, [0, 20, 50], 1)
    for function in METRICS.values():
        assert function(labels, holes, 0.5) == function(label, score, 0.5)


def test_rows_are_normalised_by_the_true_class():
    found = normalise_rows([[6, 2], [0, 0]])
    np.testing.assert_array_equal(found, [[0.75, 0.25], [np.nan, np.nan]])
