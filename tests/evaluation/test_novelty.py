from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import mahalanobis

from toomre.errors import ArgumentError
from toomre.evaluation.novelty import Novelty


@pytest.fixture
def known(rng):
    mixing = rng.normal(size=(4, 4))
    return rng.normal(size=(4000, 4)) @ mixing + 5


def test_distance_is_that_of_scipy_but_for_the_shrinkage(known):
    novelty = Novelty.fit(known, known)
    covariance = np.cov(known, rowvar=False)
    covariance += np.eye(4) * 0.01 * np.diag(covariance).mean()
    inverse = np.linalg.inv(covariance)
    wanted = [mahalanobis(row, known.mean(axis=0), inverse) for row in known[:20]]
    np.testing.assert_allclose(novelty.distance(known[:20]), wanted, rtol=1e-8)


def test_the_stated_false_alarms_hold_on_new_images_of_the_same_kind(known, rng):
    novelty = Novelty.fit(known[:2000], known[:2000], false_alarms=0.05)
    alarms = novelty.is_new(known[2000:]).mean()
    low, high = stats.binom.interval(0.999, 2000, 0.05)
    assert low / 2000 < alarms < high / 2000


def test_another_distribution_is_found(known):
    assert Novelty.fit(known, known).is_new(known + 30).all()


def test_a_direction_without_variance_is_no_trap(known):
    flat = np.column_stack([known, np.zeros(len(known))])
    novelty = Novelty.fit(flat, flat)
    assert np.isfinite(novelty.limit)
    assert novelty.is_new(flat[:1] + np.array([0, 0, 0, 0, 100])).all()


def test_too_few_images():
    with pytest.raises(ArgumentError, match="50 images or more"):
        Novelty.fit(np.zeros((49, 2)), np.zeros((49, 2)))
