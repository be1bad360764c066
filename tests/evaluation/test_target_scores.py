from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import entropy

from toomre.evaluation.target_scores import (
    TARGET_SCORES,
    DomainOutputs,
    deep_embedded_validation,
    density_ratio,
    infomax,
    mean_entropy,
    soft_neighbourhood_density,
)


def test_entropies_against_scipy(rng):
    p = rng.random(50)
    both = np.stack([p, 1 - p])
    assert mean_entropy(p) == pytest.approx(entropy(both).mean())
    assert infomax(p) == pytest.approx(entropy(both.mean(1)) - entropy(both).mean())


def test_density_of_neighbours_against_a_plain_loop(rng):
    p = rng.random(12)
    points = [np.array([1 - q, q]) / math.hypot(1 - q, q) for q in p]
    entropies = []
    for i in range(12):
        terms = [math.exp(points[i] @ points[j] / 0.05) for j in range(12) if j != i]
        entropies.append(entropy(terms))
    assert soft_neighbourhood_density(p) == pytest.approx(np.mean(entropies))


def test_dense_clusters_score_higher_than_a_smear(rng):
    clusters = np.repeat([0.01, 0.99], 50)
    assert soft_neighbourhood_density(clusters) > soft_neighbourhood_density(rng.random(100))
    assert soft_neighbourhood_density(np.full(100, 0.3)) == pytest.approx(np.log(99))


def test_density_ratio_of_two_normal_distributions(rng):
    """The judge is the analytic ratio of N(1/2, 1) over N(0, 1)."""
    source, target = rng.normal(size=(4000, 1)), rng.normal(0.5, 1, (4000, 1))
    found = np.log(density_ratio(source, target))
    np.testing.assert_allclose(found, 0.5 * source[:, 0] - 0.125, atol=0.3)


def test_density_ratio_knows_unequal_numbers(rng):
    found = density_ratio(rng.normal(size=(2000, 3)), rng.normal(size=(500, 3)))
    np.testing.assert_allclose(found, 1, atol=0.35)


def test_density_ratio_of_separate_domains_stays_finite(rng):
    found = density_ratio(rng.normal(size=(30, 40)), rng.normal(size=(30, 40)) + 100)
    assert (found >= 0).all()
    assert (found <= 100).all()
    assert np.isfinite(density_ratio(np.zeros((4, 3)), np.zeros((4, 3)))).all()


def test_the_weighted_loss_is_the_targets(rng):
    """The source's losses, weighted by the true ratio, give the target's mean loss."""
    x, y = rng.normal(size=20000), rng.normal(0.5, 1, 20000)
    weights = np.exp(0.5 * x - 0.125)
    found = deep_embedded_validation(x**2, weights)
    assert found == pytest.approx((y**2).mean(), rel=0.05)
    plain = (x**2 * weights).mean()
    assert abs(found - 1.25) < abs(plain - 1.25) + 0.02  # the control variate does no harm


def test_equal_weights_give_the_plain_mean():
    assert deep_embedded_validation([1.0, 3.0], [1.0, 1.0]) == 2.0


def test_every_score_by_name(rng):
    outputs = DomainOutputs(
        rng.normal(size=(40, 5)),
        rng.normal(size=(30, 5)),
        rng.random(40),
        rng.random(30),
        rng.integers(0, 2, 40),
    )
    found = {name: score(outputs) for name, score in TARGET_SCORES.items()}
    assert set(found) == {"target_entropy", "target_infomax", "target_snd", "target_dev"}
    assert np.isfinite(list(found.values())).all()
    right = np.where(outputs.labels_source == 1, outputs.p_source, 1 - outputs.p_source)
    # Without a difference of the domains it is about the source's cross-entropy.
    assert found["target_dev"] == pytest.approx(-np.log(right).mean(), rel=0.5)
