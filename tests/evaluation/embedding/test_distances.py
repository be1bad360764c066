"""Distances between domains are judged by scikit-learn, by the loss and by a slow loop."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, silhouette_score

from toomre.errors import ArgumentError
from toomre.evaluation.embedding.distances import distances, domain_accuracy, mmd, silhouette
from toomre.losses.domain_batch import DomainBatch
from toomre.losses.mmd import MaximumMeanDiscrepancy


@pytest.fixture
def domains(rng):
    source = rng.normal(0, 1, (60, 3))
    target = rng.normal(0.7, 1.5, (80, 3))
    return source, target


def loss_of(source, target):
    a, b = (torch.from_numpy(each) for each in (source, target))
    labels = torch.zeros(len(a), dtype=torch.int64)
    return float(MaximumMeanDiscrepancy()(DomainBatch(a, a, labels, b, b)))


def test_mmd_is_that_of_the_loss(domains):
    source, target = domains
    assert mmd(source, target) == pytest.approx(loss_of(source, target), rel=1e-6)
    assert mmd(target, source) == pytest.approx(loss_of(target, source), rel=1e-6)
    assert mmd(source, target[:60]) == pytest.approx(loss_of(source, target[:60]), rel=1e-6)


def test_mmd_by_a_slow_loop(rng):
    source, target = rng.normal(0, 1, (5, 2)), rng.normal(1, 1, (4, 2))
    points = np.concatenate([source, target])
    squared = [float(((a - b) ** 2).sum()) for i, a in enumerate(points) for b in points[i + 1 :]]
    median = sorted(squared)[(len(squared) - 1) // 2]

    def kernel(a, b):
        scale = [median * factor for factor in (0.25, 0.5, 1, 2, 4)]
        return sum(math.exp(-float(((a - b) ** 2).sum()) / (2 * s)) for s in scale)

    own = np.mean(
        [kernel(a, b) for i, a in enumerate(source) for j, b in enumerate(source) if i != j]
    )
    other = np.mean(
        [kernel(a, b) for i, a in enumerate(target) for j, b in enumerate(target) if i != j]
    )
    between = np.mean(
        [kernel(a, b) for i, a in enumerate(source) for j, b in enumerate(target) if i != j]
    )
    assert mmd(source, target) == pytest.approx(own + other - 2 * between)


def test_mmd_has_no_bias_and_no_size(rng):
    found = [mmd(*rng.normal(0, 1, (2, 40, 3))) for _ in range(60)]
    assert abs(np.mean(found)) < 3 * np.std(found) / np.sqrt(60)
    source, target = rng.normal(0, 1, (40, 3)), rng.normal(1, 1, (40, 3))
    assert mmd(1000 * source, 1000 * target) == pytest.approx(mmd(source, target))
    assert mmd(np.ones((5, 2)), np.ones((5, 2))) == pytest.approx(0, abs=1e-12)


def test_the_classifier_is_at_chance_where_the_domains_are_the_same(rng):
    source, target = rng.normal(0, 1, (2, 400, 5))
    found = domain_accuracy(source, target, range(400), range(400, 800), rng=rng)
    assert found.lower < 0.5 < found.upper
    assert found.upper - found.lower < 0.1


def test_the_classifier_against_the_best_one_there_is(rng):
    """Two normal distributions two sigma apart: nothing guesses better than Phi(1)."""
    source, target = rng.normal(0, 1, (600, 2)), rng.normal((2, 0), 1, (900, 2))
    found = domain_accuracy(source, target, range(600), range(600, 1500), rng=rng)
    assert found.value == pytest.approx(0.8413, abs=0.02)
    assert found.lower < 0.8413 < found.upper
    both, domain = np.concatenate([source, target]), np.r_[np.zeros(600), np.ones(900)]
    fitted = LogisticRegression(class_weight="balanced").fit(both, domain).predict(both)
    assert found.value == pytest.approx(balanced_accuracy_score(domain, fitted), abs=0.01)


def test_a_galaxy_that_is_known_by_heart_does_not_count(rng):
    """Each galaxy has its own place and one domain: split by images, it would be recognised."""
    place = np.repeat(rng.normal(0, 1, (40, 60)), 10, axis=0)
    features = place + rng.normal(0, 0.01, place.shape)
    galaxy = np.repeat(np.arange(40), 10)
    found = domain_accuracy(features[:200], features[200:], galaxy[:200], galaxy[200:], rng=rng)
    assert found.value < 0.75
    alone = domain_accuracy(features[:200], features[200:], range(200), range(200, 400), rng=rng)
    assert alone.value > 0.95


def test_silhouette_is_that_of_scikit_learn(rng):
    values, label = rng.normal(0, 1, (50, 4)), rng.integers(0, 2, 50).astype(float)
    label[7] = np.nan
    known = ~np.isnan(label)
    wanted = silhouette_score(values[known], label[known], metric="cosine")
    assert silhouette(values, label) == pytest.approx(wanted)
    assert np.isnan(silhouette(values, np.ones(50)))
    assert np.isnan(silhouette(values[:2], [0, 1]))


def test_all_of_them_together(domains, rng):
    source, target = domains
    labels = rng.integers(0, 2, 60), np.full(80, np.nan)
    found = distances(source, target, labels, (range(60), range(100, 180)), rng=rng)
    accuracy, proxy = found.domain_accuracy, found.proxy_a_distance
    assert proxy.value == pytest.approx(2 * (1 - 2 * (1 - accuracy.value)))
    assert proxy.lower < proxy.value < proxy.upper
    assert found.mmd == pytest.approx(mmd(source, target))
    assert np.isnan(found.silhouette_class_target)
    assert found.silhouette_class == pytest.approx(found.silhouette_class_source)
    assert found.silhouette_domain > 0


def test_what_is_refused(rng):
    some = rng.normal(0, 1, (8, 2))
    with pytest.raises(ArgumentError, match="5 or more in each domain"):
        domain_accuracy(some, some, [1] * 8, range(8), rng=rng)
    with pytest.raises(ArgumentError, match="8 and 8 ids"):
        domain_accuracy(some, some, range(7), range(8), rng=rng)
    with pytest.raises(ArgumentError, match="of two images or more"):
        mmd(some[:1], some)
    with pytest.raises(ArgumentError, match=r"finite numbers of shape \(image, feature\)"):
        mmd(np.full((3, 2), np.nan), some)
