from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist
from sklearn.metrics.pairwise import rbf_kernel

from toomre.errors import ArgumentError
from toomre.losses.gaussian_kernel import (
    BANDWIDTHS,
    bandwidth_rule,
    joined,
    kernel_sum,
    squared_distances,
)


@pytest.fixture
def points():
    generator = torch.Generator().manual_seed(2)
    return torch.randn(12, 5, generator=generator, dtype=torch.float64)


@pytest.fixture
def pairs():
    generator = torch.Generator().manual_seed(3)
    weights = torch.randn(12, 12, generator=generator, dtype=torch.float64)
    return weights + weights.T


def test_distances_as_scipy(points):
    wanted = cdist(points, points, "sqeuclidean")
    np.testing.assert_allclose(squared_distances(points), wanted, rtol=1e-12, atol=1e-14)


def test_equal_points_are_at_distance_zero_in_float32(points):
    points = 100 + points.float()
    points[7] = points[2]
    distances = squared_distances(points)
    assert distances[7, 2] == 0
    assert (distances.diagonal() == 0).all()
    assert (distances > 0).sum() == 12 * 11 - 2


def test_joined_keeps_distances(points):
    moved = joined(points[:5] + 1e3, points[5:] + 1e3)
    torch.testing.assert_close(squared_distances(moved), squared_distances(points))


def test_sum_as_scikit_learn(points, pairs):
    bandwidths = torch.tensor([0.3, 2.0, 9.0], dtype=torch.float64)
    wanted = sum(
        (pairs.numpy() * rbf_kernel(points, gamma=0.5 / float(s))).sum() for s in bandwidths
    )
    got = kernel_sum(points, squared_distances(points), pairs, bandwidths)
    assert float(got) == pytest.approx(wanted, rel=1e-12)


def test_gradient_by_finite_differences(points, pairs):
    bandwidths = torch.tensor([0.3, 2.0, 9.0], dtype=torch.float64)
    points[7] = points[2]

    def value(x):
        return kernel_sum(x, squared_distances(x), pairs, bandwidths)

    assert torch.autograd.gradcheck(value, points.requires_grad_())


def test_median_follows_the_scale(points):
    distances = squared_distances(points)
    rule = bandwidth_rule("median")
    torch.testing.assert_close(rule(4 * distances), 4 * rule(distances))
    off_diagonal = np.sort(distances.numpy()[np.triu_indices(12, 1)])
    assert float(rule(distances)[2]) == off_diagonal[(len(off_diagonal) - 1) // 2]


def test_points_that_are_all_the_same_stay_finite(pairs):
    points = torch.ones(12, 5, requires_grad=True)
    distances = squared_distances(points)
    value = kernel_sum(points, distances, pairs.float(), bandwidth_rule("median")(distances))
    value.backward()
    assert float(value.detach()) == pytest.approx(5 * float(pairs.sum()), rel=1e-5)
    assert (points.grad == 0).all()


def test_paper19():
    values = BANDWIDTHS["paper19"](torch.zeros(1, 1, dtype=torch.float64))
    assert len(values) == 19
    assert (values.diff() > 0).all()
    assert values[[0, 6, 13, 18]].tolist() == [1e-6, 1.0, 35.0, 1e6]


@pytest.mark.parametrize("bandwidths", [[], [1.0, 0.0], [-1.0]])
def test_bandwidths_must_be_positive(bandwidths):
    with pytest.raises(ArgumentError, match="list of positive numbers"):
        bandwidth_rule(bandwidths)


def test_unknown_name_lists_the_names():
    with pytest.raises(ArgumentError, match="'median', 'paper19'.*Did you mean 'median'"):
        bandwidth_rule("meadian")
