from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from scipy.special import logsumexp

from toomre.errors import ArgumentError
from toomre.losses.domain_batch import DomainBatch
from toomre.losses.sinkhorn import Sinkhorn


def slow_transport(x, y, epsilon):
    """Return OT of two equally weighted samples: cost of the plan plus its relative entropy."""
    cost = cdist(x, y, "sqeuclidean") / (2 * x.shape[1])
    log_a, log_b = -np.log(len(x)), -np.log(len(y))
    f, g = np.zeros(len(x)), np.zeros(len(y))
    for _ in range(300):
        f = -epsilon * logsumexp(log_b + (g - cost) / epsilon, axis=1)
        g = -epsilon * logsumexp(log_a + (f[:, None] - cost) / epsilon, axis=0)
    log_plan = log_a + log_b + (f[:, None] + g - cost) / epsilon
    plan = np.exp(log_plan)
    return (plan * cost).sum() + epsilon * (plan * (log_plan - log_a - log_b)).sum()


def slow(batch, blur):
    x, y = batch.features_source.detach().numpy(), batch.features_target.detach().numpy()
    epsilon = blur * cdist(x, y, "sqeuclidean").mean() / (2 * x.shape[1])
    both = slow_transport(x, x, epsilon) + slow_transport(y, y, epsilon)
    return slow_transport(x, y, epsilon) - both / 2


def of(source, target):
    zeros = torch.zeros(1, 2)
    return DomainBatch(source, zeros, torch.zeros(1), target, zeros)


@pytest.mark.parametrize(("blur", "tolerance"), [(0.05, 1e-3), (0.1, 1e-4), (1.0, 1e-9)])
def test_plan_and_entropy_by_a_slow_loop(domains, blur, tolerance):
    batch = domains(shift=0.5, count=12)
    fewer = of(batch.features_source, batch.features_target[:7])
    for drawn in (batch, fewer):
        got = float(Sinkhorn(blur)(drawn).detach())
        assert got == pytest.approx(slow(drawn, blur), rel=tolerance)


def test_float32_as_float64(domains):
    batch = domains(shift=0.5, width=500)
    single = of(batch.features_source.float(), batch.features_target.float())
    got = float(Sinkhorn()(single).detach())
    assert got == pytest.approx(float(Sinkhorn()(batch).detach()), rel=1e-4)


def test_little_blur_is_the_best_assignment(domains):
    batch = domains(shift=2.0)
    x, y = batch.features_source.detach().numpy(), batch.features_target.detach().numpy()
    cost = cdist(x, y, "sqeuclidean") / (2 * x.shape[1])
    wanted = cost[linear_sum_assignment(cost)].mean()
    got = float(Sinkhorn(1e-3, iterations=1000)(batch).detach())
    assert got == pytest.approx(wanted, rel=0.01)


def test_much_blur_is_the_distance_of_the_means(domains):
    batch = domains(shift=0.5)
    means = batch.features_source.mean(0) - batch.features_target.mean(0)
    wanted = float(means.square().mean().detach()) / 2
    assert float(Sinkhorn(1e4)(batch).detach()) == pytest.approx(wanted, rel=1e-3)


def test_equal_samples_and_a_shift(domains):
    x = domains().features_source.detach()
    assert float(Sinkhorn()(of(x, x.flip(0)))) == pytest.approx(0, abs=1e-12)
    values = [float(Sinkhorn()(domains(shift=shift)).detach()) for shift in (0.0, 0.5, 1.0)]
    assert values == sorted(values)
    # A pure shift is moved as a whole, whatever the blur.
    assert float(Sinkhorn()(of(x, x + 2))) == pytest.approx(2.0, rel=0.02)


def test_gradient_is_that_of_the_converged_value(domains):
    """The blur is set so that epsilon, which has no gradient, stays the same."""
    batch = domains(shift=0.5, count=6)
    x, y = batch.features_source, batch.features_target
    loss = Sinkhorn(1.0, iterations=500)
    (got,) = torch.autograd.grad(loss(of(x, y)), [x])

    def mean_cost(z):
        return float((z[:, None] - y).square().sum(2).mean().detach())

    at, step = mean_cost(x), 1e-5
    for place in ((0, 0), (3, 4)):
        values = []
        for sign in (1, -1):
            z = x.detach().clone()
            z[place] += sign * step
            values.append(float(Sinkhorn(at / mean_cost(z), 500)(of(z, y)).detach()))
        slope = (values[0] - values[1]) / (2 * step)
        assert float(got[place]) == pytest.approx(slope, rel=1e-5)


@pytest.mark.parametrize("scale", [1e-2, 1.0, 1e2])
@pytest.mark.parametrize("blur", [0.05, 1.0])
def test_float32_gradient_as_in_float64(domains, float32_error, blur, scale):
    assert float32_error(Sinkhorn(blur), domains(shift=0.5, width=300), scale) < 2e-6


def test_points_that_are_all_the_same_stay_finite():
    x = torch.ones(5, 3, requires_grad=True)
    value = Sinkhorn()(of(x, x))
    value.backward()
    assert float(value.detach()) == pytest.approx(0, abs=1e-6)
    assert torch.isfinite(x.grad).all()


@pytest.mark.parametrize(
    ("options", "allowed"), [({"blur": 0.0}, "above 0"), ({"iterations": 0}, "at least 1")]
)
def test_options_are_checked(options, allowed):
    with pytest.raises(ArgumentError, match=allowed):
        Sinkhorn(**options)
