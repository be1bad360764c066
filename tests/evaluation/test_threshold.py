"""The threshold agrees with a slow search over all candidates."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import balanced_accuracy_score, f1_score, precision_score, recall_score

from toomre.errors import ArgumentError
from toomre.evaluation.threshold import best_threshold, candidate_thresholds

tables = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 20)), min_size=2, max_size=40).filter(
    lambda rows: len({label for label, _ in rows}) == 2
)


def slow_candidates(score):
    values = sorted(set(score), reverse=True)
    between = [(upper + lower) / 2 for upper, lower in pairwise(values)]
    above = [] if values[0] == 1 else [(1 + values[0]) / 2]
    return [*above, *between, 0.0]


def value_and_error(label, score, threshold, criterion):
    said = (score >= threshold).astype(int)
    if criterion == "balanced_accuracy":
        hit, kept = recall_score(label, said), recall_score(label, said, pos_label=0)
        variance = hit * (1 - hit) / label.sum() + kept * (1 - kept) / (1 - label).sum()
        return balanced_accuracy_score(label, said), np.sqrt(variance) / 2
    tp, wrong = (label & said).sum(), (label != said).sum()
    jaccard = tp / (tp + wrong)
    slope = 2 / (1 + jaccard) ** 2
    return f1_score(label, said), slope * np.sqrt(jaccard * (1 - jaccard) / (tp + wrong))


@settings(max_examples=60, deadline=None)
@given(rows=tables, criterion=st.sampled_from(["balanced_accuracy", "f1"]))
def test_threshold_is_the_middle_of_the_plateau(rows, criterion):
    label, score = np.array([row[0] for row in rows]), np.array([row[1] / 20 for row in rows])
    candidates = slow_candidates(score)
    table = [value_and_error(label, score, threshold, criterion) for threshold in candidates]
    best = int(np.argmax([round(value, 12) for value, _ in table]))
    least = table[best][0] - table[best][1] - 1e-9
    first = last = best
    while first > 0 and table[first - 1][0] >= least:
        first -= 1
    while last + 1 < len(table) and table[last + 1][0] >= least:
        last += 1
    found = best_threshold(label, score, criterion)
    plateau = candidates[first : last + 1]
    middle = (plateau[0] + plateau[-1]) / 2
    # Any of several equally good maxima may be taken: the value counts.
    assert min(abs(found - candidate) for candidate in candidates) < 1e-12
    assert value_and_error(label, score, found, criterion)[0] >= least
    if [round(value, 12) for value, _ in table].count(round(table[best][0], 12)) == 1:
        assert abs(found - middle) == pytest.approx(min(abs(c - middle) for c in plateau))


@settings(max_examples=60, deadline=None)
@given(rows=tables, target=st.sampled_from([0.3, 0.5, 0.8]))
def test_purity_is_reached_with_the_highest_completeness(rows, target):
    label, score = np.array([row[0] for row in rows]), np.array([row[1] / 20 for row in rows])
    candidates = slow_candidates(score)
    purity = [precision_score(label, score >= c, zero_division=0) for c in candidates]
    pure = [c for c, value in zip(candidates, purity, strict=True) if value >= target]
    if pure:
        found = best_threshold(label, score, f"purity:{target}")
        assert found == pytest.approx(min(pure))
    else:
        with pytest.raises(ArgumentError, match="the highest that these scores reach"):
            best_threshold(label, score, f"purity:{target}")


def test_threshold_hangs_less_on_single_galaxies_than_the_plain_best_cut(rng):
    # Two normal distributions of equal width: the true optimum is midway, at 0.5.
    found, plain = [], []
    for _ in range(200):
        label = np.arange(200) % 2
        score = np.clip(np.where(label == 1, 0.8, 0.2) + rng.normal(0, 0.2, 200), 0, 1)
        candidates = np.array(slow_candidates(score))
        said = score >= candidates[:, None]
        value = said[:, label == 1].mean(axis=1) - said[:, label == 0].mean(axis=1)
        plain.append(candidates[np.argmax(value)])
        found.append(best_threshold(label, score))
    assert np.mean(found) == pytest.approx(0.5, abs=0.03)
    assert np.mean(np.square(np.array(found) - 0.5)) < np.mean(np.square(np.array(plain) - 0.5))


@pytest.mark.parametrize(("label", "score"), [([1, 1], [0.2, 0.9]), ([], []), ([0], [0.3])])
def test_without_two_classes_it_is_one_half(label, score):
    assert best_threshold(label, score) == 0.5


def test_neighbouring_floating_point_numbers_are_separated():
    upper = 0.3
    lower = np.nextafter(upper, 0)
    threshold = best_threshold([1, 0], [upper, lower])
    assert lower < threshold <= upper


def test_candidates_separate_every_pair_of_scores():
    score = np.array([1.0, 0.7, 0.2])
    found = candidate_thresholds(score)
    assert [int((score >= threshold).sum()) for threshold in found[1:]] == [1, 2, 3]


@pytest.mark.parametrize(
    "criterion", ["accuracy", "purity", "purity:high", "purity:0", "purity:1.2"]
)
def test_unknown_criterion_is_refused(criterion):
    with pytest.raises(ArgumentError) as caught:
        best_threshold([0, 1], [0.2, 0.8], criterion)
    expected = "Expected `criterion` to be 'balanced_accuracy', 'f1' or 'purity:VALUE'"
    assert str(caught.value).startswith(expected)
    assert repr(criterion) in str(caught.value)


@settings(max_examples=60, deadline=None)
@given(rows=tables, fraction=st.sampled_from([0.05, 0.4]))
def test_purity_at_a_stated_fraction_is_that_of_a_weighted_sample(rows, fraction):
    label, score = np.array([row[0] for row in rows]), np.array([row[1] / 20 for row in rows])
    weight = np.where(label == 1, fraction / label.mean(), (1 - fraction) / (1 - label).mean())
    candidates = slow_candidates(score)
    purity = [
        precision_score(label, score >= c, sample_weight=weight, zero_division=0)
        for c in candidates
    ]
    pure = [c for c, value in zip(candidates, purity, strict=True) if value >= 0.6]
    criterion = f"purity:0.6@{fraction}"
    if pure:
        assert best_threshold(label, score, criterion) == pytest.approx(min(pure))
    else:
        with pytest.raises(ArgumentError, match=f"but got '{criterion}'"):
            best_threshold(label, score, criterion)


@pytest.mark.parametrize("criterion", ["purity:0.9@", "purity:0.9@0", "purity:0.9@1", "f1@0.1"])
def test_an_impossible_fraction_is_refused(criterion):
    with pytest.raises(ArgumentError, match="'purity:0.95@0.05' for a sample with 5 % mergers"):
        best_threshold([0, 1], [0.2, 0.8], criterion)
