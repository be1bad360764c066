from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from toomre.evaluation.prevalence.recalibration import bend, fit_log_odds
from toomre.evaluation.validation_scores import ValidationScores


def test_fits_are_those_of_scikit_learn_with_platts_softened_truth(rng):
    x = np.sort(rng.normal(0, 2, 40))
    counts = rng.gamma(1 + np.exp(np.c_[x, -x].T[:, None, :] / 2), size=(2, 5, 40))
    slope, offset = fit_log_odds(x, *counts)
    for draw, (mergers, nonmergers) in enumerate(counts.transpose(1, 0, 2)):
        high, low = (part.sum() for part in (mergers, nonmergers))
        high, low = (high + 1) / (high + 2), 1 / (low + 2)
        model = LogisticRegression(C=np.inf, tol=1e-12, max_iter=1000)
        weight = np.r_[mergers * high + nonmergers * low]
        rest = mergers + nonmergers - weight
        model.fit(np.r_[x, x][:, None], np.repeat([1, 0], 40), np.r_[weight, rest])
        np.testing.assert_allclose(slope[draw], model.coef_[0, 0], rtol=1e-5)
        np.testing.assert_allclose(offset[draw], model.intercept_[0], rtol=1e-5, atol=1e-6)


def test_separated_classes_and_equal_scores_have_a_finite_fit():
    slope, offset = fit_log_odds(
        np.array([-3.0, 3.0]), np.array([[0, 50.0]]), np.array([[50.0, 0]])
    )
    assert 0.5 < slope[0] < 5
    assert abs(offset[0]) < 1e-6
    # Nothing can be learnt but the fraction: (10 * 11/12 + 30 * 1/32) / 40.
    slope, offset = fit_log_odds(np.array([0.0]), np.array([[10.0]]), np.array([[30.0]]))
    p = 1 / (1 + np.exp(-offset[0]))
    np.testing.assert_allclose(p, (10 * 11 / 12 + 30 / 32) / 40, rtol=1e-5)


def test_a_straight_line_is_called_bent_as_often_as_the_p_value_says(rng):
    found = []
    for _ in range(200):
        score = rng.random(400)
        found.append(bend(ValidationScores.of(rng.random(400) < score, score)))
    assert np.mean(np.array(found) < 0.2) == pytest.approx(0.2, abs=0.09)


def test_unequal_widths_are_a_bend(rng):
    label = np.arange(1000) % 2
    odds = rng.normal(3 * (label - 0.5), np.where(label == 1, 2.0, 1.0))
    assert bend(ValidationScores.of(label, 1 / (1 + np.exp(-odds)))) < 1e-4
