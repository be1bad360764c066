from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import uniform_filter1d

from toomre.errors import ArgumentError
from toomre.training.lr_scan import Ramp, diverges, scan_table, smooth, suggest


def test_the_ramp_is_that_of_numpy():
    steps = np.linspace(0, 1, 31)
    linear = [Ramp(1e-6, 0.1)(p) for p in steps]
    np.testing.assert_allclose(linear, np.linspace(1e-6, 0.1, 31), rtol=1e-9)
    log = [Ramp(1e-6, 0.1, log=True)(p) for p in steps]
    np.testing.assert_allclose(log, np.geomspace(1e-6, 0.1, 31), rtol=1e-9)


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (0.1, 0.1), (1.0, 0.1)])
def test_a_ramp_rises(low, high):
    with pytest.raises(ArgumentError, match="0 < low < high"):
        Ramp(low, high)


def test_smoothing_is_that_of_scipy_inside(rng):
    loss = rng.normal(0, 1, 400)
    np.testing.assert_allclose(smooth(loss)[20:-20], uniform_filter1d(loss, 41)[20:-20], atol=1e-12)
    np.testing.assert_allclose(smooth(np.ones(50)), 1.0)


def test_the_minimum_is_found_in_noise(rng):
    """A step down at 1e-4, where the descent is steepest, then a valley and a steep rise."""
    rate = np.geomspace(1e-6, 1, 600)
    x = np.log10(rate)
    loss = 0.7 - 0.5 / (1 + np.exp(-4 * (x + 4))) + 0.1 * np.abs(x + 2) ** 3
    loss[x < -2] -= 0.1 * np.abs(x[x < -2] + 2) ** 3 - 0.02 * np.abs(x[x < -2] + 2)
    found = suggest(scan_table(rate, loss + rng.normal(0, 0.003, 600)))
    assert np.log10(found.highest) == pytest.approx(x[loss.argmin()], abs=0.25)
    assert found.lowest == pytest.approx(found.highest / 10)
    assert np.log10(found.steepest) == pytest.approx(-4, abs=0.25)
    assert found.note == ""


def test_what_is_wrong_with_a_scan_is_said():
    rate = np.geomspace(1e-6, 1, 100)
    assert "never fell" in suggest(scan_table(rate, np.linspace(1, 2, 100))).note
    assert "still falling" in suggest(scan_table(rate, np.linspace(2, 1, 100))).note
    with pytest.raises(ArgumentError, match="10 steps.*more epochs"):
        scan_table([0.1] * 9, [1.0] * 9)


def slowly(losses, window):
    means = [sum(losses[i : i + window]) / window for i in range(len(losses) - window + 1)]
    return means[-1] > min(means) + 3 * max(abs(min(means)), means[0] - min(means))


def test_divergence_is_that_of_a_plain_loop(rng):
    losses = list(np.concatenate([np.linspace(0.7, 0.3, 50), np.geomspace(0.3, 30, 50)]))
    when = [k for k in range(6, 101) if diverges(losses[:k], 5)]
    assert when == [k for k in range(6, 101) if slowly(losses[:k], 5)]
    assert 60 < when[0] < 90
    noise = list(0.7 + 0.1 * rng.standard_normal(200))
    assert not any(diverges(noise[:k], 5) for k in range(1, 200))


def test_a_loss_below_zero_diverges_too():
    losses = [-0.1, -0.5, -1.0, -0.5, 1.9]
    assert not diverges(losses, 1)
    assert diverges([*losses, 2.8], 1)
