"""Sure and doubtful answers: scikit-learn counts the kinds, a plain loop the margins."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix

from toomre.errors import ArgumentError
from toomre.evaluation.confidence import CONFIDENCES, answer_groups, choose_answers
from toomre.evaluation.gallery import KINDS


@pytest.fixture
def scored(rng):
    label = rng.integers(0, 2, 400)
    return label, np.clip(0.35 + 0.3 * label + rng.normal(0, 0.3, 400), 0, 1)


def test_kinds_are_those_of_scikit_learn(scored):
    label, score = scored
    found = answer_groups(label, score, 0.4)["kind"].value_counts()
    (tn, fp), (fn, tp) = confusion_matrix(label, score >= 0.4)
    assert [found[kind] for kind in KINDS] == [tp, fp, tn, fn]


def test_margins(scored):
    label, score = scored
    margins = answer_groups(label, score, 0.4)["margin"]
    for value, margin in zip(score, margins, strict=True):
        wanted = (value - 0.4) / 0.6 if value >= 0.4 else (0.4 - value) / 0.4
        assert margin == pytest.approx(wanted)


def test_sure_and_near_at_a_threshold_of_a_half():
    score = [0.79, 0.81, 0.19, 0.21, 0.57, 0.55, 0.45, 0.43]
    margin = answer_groups(np.ones(8), score)["margin"]
    assert margin.between(*CONFIDENCES["sure"]).tolist() == [False, True, True] + 5 * [False]
    near = margin.between(*CONFIDENCES["near"]).tolist()
    assert near == 5 * [False] + [True, True, False]


def test_choices_are_sure_in_both_and_of_different_galaxies(scored, rng):
    label, score = scored
    other = np.clip(score + rng.normal(0, 0.2, 400), 0, 1)
    groups = [answer_groups(label, each) for each in (score, other)]
    galaxies = np.arange(400) // 4
    for kind, rows in choose_answers(groups, "sure", 3, galaxies).items():
        assert len(rows) == len(set(galaxies[rows])) == 3
        for table in groups:
            assert (table["kind"].iloc[rows] == kind).all()
            assert (table["margin"].iloc[rows] >= 0.6).all()
        margins = groups[0]["margin"].iloc[rows].to_numpy()
        assert (np.diff(margins) <= 0).all()


def test_near_ones_are_near_in_the_first(scored):
    label, score = scored
    groups = [answer_groups(label, score), answer_groups(label, 1 - score)]
    for rows in choose_answers(groups, "near", 3).values():
        assert len(rows)
        assert (np.abs(score[rows] - 0.5) <= 0.06 + 1e-9).all()


def test_nobody_is_sure():
    chosen = choose_answers([answer_groups([0, 1], [0.5, np.nan])], "sure")
    assert {kind: len(rows) for kind, rows in chosen.items()} == dict.fromkeys(KINDS, 0)


def test_a_threshold_at_the_end():
    assert answer_groups([1, 0], [1.0, 0.3], 1.0)["margin"].round(3).tolist() == [0, 0.7]


def test_what_is_refused():
    groups = [answer_groups([0, 1], [0.1, 0.9])]
    with pytest.raises(ArgumentError, match="Expected `confidence` to be one of 'near', 'sure'"):
        choose_answers(groups, "certain")
    with pytest.raises(ArgumentError, match="Expected `count` to be an integer of 1 or more"):
        choose_answers(groups, "sure", 0)
