"""The weighted metrics agree with scikit-learn's `sample_weight`."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as judge

from toomre.errors import ArgumentError
from toomre.evaluation.weighted import WEIGHTED, Scored, calibration_bin, cumulative_counts


@pytest.fixture
def case(rng):
    """Labels, scores with many ties, and integer weights of 20 resamples, some of them 0."""
    label = rng.integers(0, 2, 400)
    score = np.clip(0.35 + 0.3 * label + rng.normal(0, 0.2, 400), 0, 1).round(2)
    return label, score, rng.poisson(1.0, (20, 400)).astype(float)


def slow_ece(label, score, weight, n_bins=15):
    total = 0.0
    for number in range(n_bins):
        lower, upper = number / n_bins, (number + 1) / n_bins
        inside = (score > lower) & (score <= upper) if number else score <= upper
        if weight[inside].sum():
            mean = np.average(score[inside], weights=weight[inside])
            fraction = np.average(label[inside], weights=weight[inside])
            total += weight[inside].sum() * abs(mean - fraction)
    return total / weight.sum()


def by_sklearn(name, label, score, weight):
    said, kept = score >= 0.5, {"sample_weight": weight}
    return {
        "accuracy": lambda: judge.accuracy_score(label, said, **kept),
        "balanced_accuracy": lambda: judge.balanced_accuracy_score(label, said, **kept),
        "purity": lambda: judge.precision_score(label, said, **kept),
        "completeness": lambda: judge.recall_score(label, said, **kept),
        "specificity": lambda: judge.recall_score(label, said, pos_label=0, **kept),
        "f1": lambda: judge.f1_score(label, said, **kept),
        "roc_auc": lambda: judge.roc_auc_score(label, score, **kept),
        "average_precision": lambda: judge.average_precision_score(label, score, **kept),
        "brier_score": lambda: judge.brier_score_loss(label, score, **kept),
        "expected_calibration_error": lambda: slow_ece(label, score, weight),
    }[name]()


@pytest.mark.parametrize("name", WEIGHTED)
def test_metric_agrees_with_sklearn(name, case):
    label, score, weight = case
    sample = Scored.of(label, score, 0.5)
    found = WEIGHTED[name](sample, weight[:, sample.order])
    expected = [by_sklearn(name, label, score, row) for row in weight]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", ["roc_auc", "average_precision"])
def test_metric_agrees_with_sklearn_without_ties(name, case, rng):
    label, _, weight = case
    score = rng.permutation(400) / 400
    sample = Scored.of(label, score)
    assert len(sample.start) == 400
    found = WEIGHTED[name](sample, weight[:, sample.order])
    expected = [by_sklearn(name, label, score, row) for row in weight]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", WEIGHTED)
def test_no_image_at_all_gives_nan(name):
    sample = Scored.of([], [])
    assert np.isnan(WEIGHTED[name](sample, np.ones((3, 0)))).tolist() == [True] * 3


def test_cumulative_counts_are_the_points_of_the_roc_curve(case):
    label, score, weight = case
    sample = Scored.of(label, score)
    weight += 1  # scikit-learn drops the images of weight 0
    tp, fp = cumulative_counts(sample, weight[:1, sample.order])
    fpr, tpr, _ = judge.roc_curve(label, score, sample_weight=weight[0], drop_intermediate=False)
    np.testing.assert_allclose(fp[0] / fp[0, -1], fpr[1:], atol=1e-12)
    np.testing.assert_allclose(tp[0] / tp[0, -1], tpr[1:], atol=1e-12)


def test_bins_are_closed_above():
    edges = np.linspace(0, 1, 16)
    assert calibration_bin(edges).tolist() == [0, *range(15)]


@pytest.mark.parametrize(
    ("label", "score", "threshold", "text"),
    [
        ([0, 2], [0.1, 0.2], 0.5, "`label` to be 0 (nonmerger) or 1 (merger), but got 2.0"),
        ([0, np.nan], [0.1, 0.2], 0.5, "`label` to be 0 (nonmerger) or 1 (merger), but got nan"),
        ([0, 1], [0.1, 1.2], 0.5, "`score` to be a probability from 0 to 1, but got 1.2"),
        ([0, 1], [0.1, -np.inf], 0.5, "`score` to be a probability from 0 to 1, but got -inf"),
        ([0, 1], [0.1], 0.5, "`score` to be an array of shape (2,), as `label`, but got (1,)"),
        ([[0, 1]], [[0.1, 0.2]], 0.5, "`label` to be an array of shape (n,), but got (1, 2)"),
        ([0, 1], [0.1, 0.2], 1.5, "`threshold` to be a number from 0 to 1, but got 1.5"),
        (["a", "b"], [0.1, 0.2], 0.5, "`label` to be an array of numbers, but got ['a', 'b']"),
    ],
)
def test_wrong_values_are_refused(label, score, threshold, text):
    with pytest.raises(ArgumentError) as caught:
        Scored.of(label, score, threshold)
    assert text in str(caught.value)
