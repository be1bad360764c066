"""The baselines agree with scikit-learn's dummy and with a slow look-up."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score

from toomre.errors import ArgumentError
from toomre.evaluation.baselines import lookup_baseline, majority_baseline


@pytest.mark.parametrize("train", [[0, 0, 1], [1, 1, 0]])
def test_majority_agrees_with_the_dummy_classifier(train, rng):
    test = rng.integers(0, 2, 200)
    dummy = DummyClassifier(strategy="most_frequent").fit(np.zeros((len(train), 1)), train)
    answer = dummy.predict(np.zeros((200, 1)))
    found = majority_baseline(train, test)
    assert found["accuracy"] == pytest.approx(accuracy_score(test, answer))
    assert found["balanced_accuracy"] == pytest.approx(0.5)
    assert found["f1"] == pytest.approx(f1_score(test, answer, zero_division=0))


def test_lookup_agrees_with_a_plain_loop(rng):
    truth = rng.integers(0, 2, 80)
    train_id, test_id = rng.integers(0, 50, 100), rng.integers(30, 80, 100)
    flipped = rng.uniform(size=100) < 0.2  # some galaxies have contradicting labels
    train_label, test_label = truth[train_id] ^ flipped, truth[test_id]
    majority = int(train_label.mean() > 0.5)
    answers = []
    for galaxy in test_id:
        mine = train_label[train_id == galaxy]
        mergers, nonmergers = (mine == 1).sum(), (mine == 0).sum()
        answers.append(majority if mergers == nonmergers else int(mergers > nonmergers))
    found = lookup_baseline(train_id, train_label, test_id.astype(str), test_label)
    assert found["accuracy"] == pytest.approx(accuracy_score(test_label, answers))
    assert found["balanced_accuracy"] == pytest.approx(balanced_accuracy_score(test_label, answers))
    assert found["seen"] == pytest.approx(np.isin(test_id, train_id).mean())


def test_a_leaking_split_is_seen_and_a_clean_one_is_not(rng):
    label = rng.integers(0, 2, 300)
    leaking = lookup_baseline(np.arange(300), label, np.arange(300), label)
    assert leaking["accuracy"] == leaking["seen"] == 1.0
    clean = lookup_baseline(np.arange(150), label[:150], np.arange(150, 300), label[150:])
    assert clean == majority_baseline(label[:150], label[150:]) | {"seen": 0.0}


def test_large_ids_stay_exact():
    train = np.array([587722981741363306], dtype=np.int64)
    found = lookup_baseline(train, [1], train + 1, [1])
    assert found["seen"] == 0.0


def test_empty_test_part_gives_nan():
    found = lookup_baseline(["a"], [1], [], [])
    assert all(np.isnan(value) for value in found.values())


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (
            lambda: majority_baseline([], [1]),
            "`train_label` to be the labels of at least one image",
        ),
        (lambda: majority_baseline([0], [2]), "`test_label` to be an array of 0 (nonmerger) and 1"),
        (
            lambda: lookup_baseline(["a"], [0, 1], ["b"], [1]),
            "`train_galaxy_id` to be one id for each of the 2 labels, but got 1",
        ),
    ],
)
def test_wrong_arguments_are_refused(call, text):
    with pytest.raises(ArgumentError) as caught:
        call()
    assert text in str(caught.value)
