from __future__ import annotations

import numpy as np
import pytest

from toomre.evaluation.bias.density import density, enclosing_levels, spreads


def test_it_holds_all_and_does_not_fall_at_the_ends(rng):
    x, y, height = density(rng.normal(0, 1, 4000), rng.uniform(0, 1, 4000))
    assert height.shape == (80, 80)
    step = (x[1] - x[0]) * (y[1] - y[0])
    assert height.sum() * step == pytest.approx(1, abs=0.01)
    over_score = height.sum(axis=1) * (x[1] - x[0])
    np.testing.assert_allclose(over_score, 1, atol=0.15)


def test_a_normal_distribution_of_values(rng):
    x, y, height = density(rng.normal(3, 1, 5000), rng.uniform(0, 1, 5000))
    found = height.sum(axis=0) * (y[1] - y[0])
    width = 1 + 5000 ** (-1 / 3)  # Scott's kernel widens it: sigma^2 (1 + n^(-2/6))
    wanted = np.exp(-((x - 3) ** 2) / (2 * width)) / np.sqrt(2 * np.pi * width)
    np.testing.assert_allclose(found, wanted, atol=0.03)


def test_levels_enclose_their_shares(rng):
    height = rng.random((40, 40))
    for share, level in zip((0.9, 0.5), enclosing_levels(height, (0.5, 0.9)), strict=True):
        assert height[height >= level].sum() / height.sum() == pytest.approx(share, abs=0.002)
    assert enclosing_levels(np.ones((3, 3)), (0.2, 0.8)) == [1.0]


def test_points_on_a_line_have_no_density(rng):
    x = rng.normal(0, 1, 40)
    assert spreads(x, rng.uniform(0, 1, 40))
    for score in (0.3 - 0.01 * x, np.full(40, 0.5)):
        assert not spreads(x, score)
        assert not spreads(score, x)
    with pytest.raises(np.linalg.LinAlgError):
        density(x, 0.3 - 0.01 * x)
