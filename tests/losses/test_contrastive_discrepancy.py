from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from toomre.errors import ArgumentError
from toomre.losses.contrastive_discrepancy import ContrastiveDiscrepancy

FIXED = [0.5, 3.0, 20.0]


def kernel(x, y):
    square = sum((a - b) ** 2 for a, b in zip(x, y, strict=True))
    return sum(math.exp(-square / (2 * s)) for s in FIXED) / len(FIXED)


def mean_of_others(points):
    pairs = [(i, j) for i in range(len(points)) for j in range(len(points)) if i != j]
    return sum(kernel(points[i], points[j]) for i, j in pairs) / len(pairs)


def slow(batch, confidence, minimum_count, between):
    source, target = {0: [], 1: []}, {0: [], 1: []}
    for point, label in zip(batch.features_source.tolist(), batch.labels_source, strict=True):
        source[int(label)].append(point)
    p = batch.logits_target.softmax(1).tolist()
    for point, probabilities in zip(batch.features_target.tolist(), p, strict=True):
        for k in (0, 1):
            if probabilities[k] >= confidence:
                target[k].append(point)
    classes = [k for k in (0, 1) if min(len(source[k]), len(target[k])) >= minimum_count]

    def discrepancy(a, b):
        cross = [kernel(x, y) for x in source[a] for y in target[b]]
        means = mean_of_others(source[a]) + mean_of_others(target[b])
        return means - 2 * sum(cross) / len(cross)

    same = [discrepancy(k, k) for k in classes]
    other = [discrepancy(a, b) for a in classes for b in classes if a != b]
    total = sum(same) / max(1, len(same))
    return total - between * sum(other) / max(1, len(other))


@pytest.mark.parametrize("confidence", [0.6, 0.9, 0.999])
@pytest.mark.parametrize("minimum_count", [2, 8])
@pytest.mark.parametrize("between", [0.0, 0.4, 1.0])
def test_slow_loop(domains, confidence, minimum_count, between):
    batch = domains(shift=0.5)
    loss = ContrastiveDiscrepancy(confidence, minimum_count, between, FIXED)
    wanted = slow(batch, confidence, minimum_count, between)
    assert float(loss(batch).detach()) == pytest.approx(wanted, rel=1e-5, abs=1e-12)


def test_one_class_alone_counts(domains):
    batch = domains(shift=0.5)
    sure = replace(batch, logits_target=torch.tensor([[-9.0, 9.0]]).double().expand(20, 2))
    loss = ContrastiveDiscrepancy(bandwidths=FIXED)
    assert float(loss(sure).detach()) == pytest.approx(slow(sure, 0.9, 3, 1.0), rel=1e-5)
    assert slow(sure, 0.9, 3, 1.0) > 0


@pytest.mark.parametrize("bandwidths", ["median", FIXED])
def test_no_class_left_gives_zero(domains, bandwidths):
    batch = domains(shift=0.5)
    unsure = replace(batch, logits_target=torch.zeros(20, 2, dtype=torch.float64))
    loss = ContrastiveDiscrepancy(bandwidths=bandwidths)
    value = loss(unsure)
    value.backward()
    assert float(value.detach()) == 0
    assert (batch.features_source.grad == 0).all()
    assert float(loss.monitors()["confident"]) == 0


def test_equal_distributions_and_a_shift(domains):
    loss = ContrastiveDiscrepancy(between=0.0)

    def value(shift):
        batch = domains(count=200)
        moved = batch.features_target + torch.tensor([0.0, *[shift] * 5]).double()
        return float(loss(replace(batch, features_target=moved)).detach())

    assert abs(value(0.0)) < 0.02
    assert value(0.5) > 2 * abs(value(0.0))
    assert value(1.0) > 0.05


def test_swapped_classes_cost_more(domains):
    batch = domains(count=40)
    swapped = replace(batch, logits_target=batch.logits_target.flip(1))
    loss = ContrastiveDiscrepancy()
    assert float(loss(swapped).detach()) > 0 > float(loss(batch).detach())


def test_gradient_by_finite_differences(domains, gradients_agree):
    loss = ContrastiveDiscrepancy(0.6, 2, 0.4, FIXED)
    assert gradients_agree(loss, domains(shift=0.3, count=10))


@pytest.mark.parametrize("scale", [1e-2, 1.0, 1e2])
def test_float32_gradient_as_in_float64(domains, float32_error, scale):
    """Guesses count from 0.6 on, and here none is near it."""
    batch = domains(shift=0.3, width=300)
    batch = replace(batch, logits_target=batch.logits_target / scale)
    loss = ContrastiveDiscrepancy(confidence=0.6)
    assert float32_error(loss, batch, scale) < 2e-6


def test_share_of_confident_images(domains):
    batch, loss = domains(), ContrastiveDiscrepancy(confidence=0.9)
    loss(batch)
    wanted = (batch.logits_target.softmax(1).max(1).values >= 0.9).double().mean()
    assert float(loss.monitors()["confident"]) == pytest.approx(float(wanted))
    assert 0 < float(wanted) < 1


@pytest.mark.parametrize(
    ("options", "allowed"),
    [
        ({"confidence": 0.5}, "above 0.5 and below 1"),
        ({"minimum_count": 1}, "at least 2"),
        ({"bandwidths": "wide"}, "'median', 'paper19'"),
    ],
)
def test_options_are_checked(options, allowed):
    with pytest.raises(ArgumentError, match=allowed):
        ContrastiveDiscrepancy(**options)
