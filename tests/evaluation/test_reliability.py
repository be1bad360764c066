"""The points of the reliability diagram agree with scikit-learn and scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.calibration import calibration_curve

from toomre.errors import ArgumentError
from toomre.evaluation.metrics import expected_calibration_error
from toomre.evaluation.reliability import reliability, wilson_interval


@pytest.fixture
def scores(rng):
    score = rng.beta(0.5, 0.5, 500).round(3)
    return (rng.uniform(size=500) < score).astype(int), score


def test_points_agree_with_sklearn(scores):
    label, score = scores
    curve = reliability(label, score, n_bins=12)
    fraction, mean = calibration_curve(label, score, n_bins=12)
    full = curve.images > 0
    np.testing.assert_allclose(curve.fraction[full], fraction)
    np.testing.assert_allclose(curve.score[full], mean)
    assert curve.images.sum() == 500


def test_points_give_the_expected_calibration_error(scores):
    curve = reliability(*scores)
    gap = np.abs(curve.score - curve.fraction)
    found = np.nansum(curve.images * gap) / curve.images.sum()
    assert found == pytest.approx(expected_calibration_error(*scores))


def test_intervals_agree_with_scipy(scores):
    curve = reliability(*scores)
    for number in range(15):
        mergers = round(curve.fraction[number] * curve.images[number])
        judge = binomtest(mergers, int(curve.images[number])).proportion_ci(method="wilson")
        assert (curve.lower[number], curve.upper[number]) == pytest.approx(tuple(judge))


def test_intervals_count_galaxies_not_images(scores):
    label, score = scores
    once = reliability(label, score, np.arange(500))
    copied = reliability(np.tile(label, 8), np.tile(score, 8), np.tile(np.arange(500), 8))
    np.testing.assert_array_equal(copied.images, 8 * once.images)
    np.testing.assert_array_equal(copied.galaxies, once.galaxies)
    np.testing.assert_allclose(copied.lower, once.lower)


def test_empty_bins_are_nan_and_bins_of_one_class_keep_an_interval():
    curve = reliability([1, 1, 0], [0.9, 0.95, np.nan], n_bins=2)
    assert curve.images.tolist() == [0, 2]
    assert np.isnan([curve.fraction[0], curve.lower[0], curve.upper[0], curve.score[0]]).all()
    assert curve.fraction[1] == curve.upper[1] == 1
    assert 0 < curve.lower[1] < 0.5


def test_no_trial_says_nothing():
    lower, upper = wilson_interval(np.array([0.5]), np.array([0.0]))
    assert (lower[0], upper[0]) == pytest.approx((0, 1))


def test_wrong_arguments_are_refused():
    with pytest.raises(ArgumentError, match="Expected `n_bins` to be an integer of 1 or more"):
        reliability([0, 1], [0.1, 0.9], n_bins=0)
    with pytest.raises(ArgumentError, match="Expected `groups` to be 2 ids, but got 1"):
        reliability([0, 1], [0.1, 0.9], groups=["a"])
