"""The isotonic calibration against a slow pooling of neighbours and scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from toomre.errors import ArgumentError
from toomre.evaluation.isotonic import apply_knots, fit_isotonic
from toomre.evaluation.metrics import expected_calibration_error, roc_auc

tables = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 20)), min_size=1, max_size=40)


def slow_steps(label, score):
    """Pool neighbours until their means rise; return (images, mean score, mean label)."""
    blocks = []
    for value in sorted(set(score)):
        mine = label[score == value]
        blocks.append([len(mine), len(mine) * value, float(mine.sum())])
        while len(blocks) > 1 and blocks[-2][2] / blocks[-2][0] >= blocks[-1][2] / blocks[-1][0]:
            last = blocks.pop()
            blocks[-1] = [a + b for a, b in zip(blocks[-1], last, strict=True)]
    return [(n, total / n, mergers / n) for n, total, mergers in blocks]


@settings(max_examples=80, deadline=None)
@given(rows=tables)
def test_knots_are_the_steps_of_a_slow_pooling(rows):
    label, score = np.array([row[0] for row in rows]), np.array([row[1] / 20 for row in rows])
    steps, knots = slow_steps(label, score), fit_isotonic(score, label)
    assert [x for x, _ in knots] == pytest.approx([x for _, x, _ in steps])
    for (_, y), (images, _, mean) in zip(knots, steps, strict=True):
        if 0 < mean < 1:
            assert y == pytest.approx(mean)
        else:
            assert 1 / (images + 2) - 1e-12 <= max(y, 1 - y) <= 1 - 0 / (images + 2)
            assert 0 < y < 1
    assert sorted(y for _, y in knots) == [y for _, y in knots]


def test_a_bent_score_becomes_calibrated_and_keeps_its_order(rng):
    p = rng.random(8000)
    label = (rng.random(8000) < p).astype(int)
    bent = 1 / (1 + np.exp(-np.sign(p - 0.5) * np.abs(8 * (p - 0.5)) ** 1.7))
    knots = fit_isotonic(bent[:4000], label[:4000])
    found = apply_knots(bent[4000:], knots)
    before = expected_calibration_error(label[4000:], bent[4000:])
    assert expected_calibration_error(label[4000:], found) < 0.04 < before
    assert roc_auc(label[4000:], found) > roc_auc_score(label[4000:], bent[4000:]) - 0.002


def test_no_score_is_ever_sure_and_one_class_has_one_knot():
    knots = fit_isotonic([0.1, 0.2, 0.8, 0.9], [0, 0, 1, 1])
    assert knots == (pytest.approx((0.15, 0.25)), pytest.approx((0.85, 0.75)))
    assert fit_isotonic([0.2, 0.4], [1, 1]) == (pytest.approx((0.3, 0.75)),)
    assert apply_knots([0.0, 1.0], fit_isotonic([0.2, 0.4], [1, 1])).tolist() == [0.75, 0.75]
    with pytest.raises(ArgumentError, match="at least one score"):
        fit_isotonic([], [])


def test_a_lone_nonmerger_at_the_bottom_lifts_nothing():
    score, label = np.linspace(0.1, 0.9, 60), np.r_[0, 1, np.zeros(38), np.ones(20)].astype(int)
    knots = fit_isotonic(score, label)
    assert knots[0][1] <= knots[1][1] == pytest.approx(1 / 39)
