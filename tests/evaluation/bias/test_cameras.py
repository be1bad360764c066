from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from toomre.errors import ArgumentError
from toomre.evaluation.bias.cameras import camera_agreement
from toomre.evaluation.reliability import wilson_interval


def answers(rng, rate):
    """Return four answers of each galaxy, each with the rate of that galaxy."""
    galaxy = np.repeat(np.arange(len(rate)), 4)
    return pd.Series(rng.random(len(galaxy)) < rate[galaxy]), pd.Series(galaxy)


def test_independent_sides_are_as_expected(rng):
    found = camera_agreement(*answers(rng, np.full(4000, 0.7)))
    np.testing.assert_allclose(found.table["fraction"], found.table["expected"], atol=0.03)
    assert found.correlation == pytest.approx(0, abs=0.03)
    assert found.rate == pytest.approx(0.7, abs=0.02)
    assert found.table["galaxies"].sum() == 4000


def test_galaxies_that_differ_are_found_from_all_sides_or_none(rng):
    """Beta(a, b) rates have the correlation 1 / (a + b + 1)."""
    found = camera_agreement(*answers(rng, rng.beta(1.0, 1.0, 4000)))
    assert found.correlation == pytest.approx(1 / 3, abs=0.03)
    np.testing.assert_allclose(found.table["fraction"], 0.2, atol=0.03)
    assert found.table["expected"].iloc[2] > 0.3


def test_counts_by_a_slow_loop_in_any_order(rng):
    called, galaxy = answers(rng, np.full(30, 0.5))
    order = rng.permutation(120)
    found = camera_agreement(called[order], galaxy[order])
    counts = [0] * 5
    for one in range(30):
        counts[sum(called[galaxy == one])] += 1
    assert found.table["galaxies"].tolist() == counts
    np.testing.assert_allclose(found.table["expected"], binom.pmf(range(5), 4, found.rate))
    lower, upper = wilson_interval(np.array(counts) / 30, np.full(5, 30.0))
    np.testing.assert_allclose(found.table[["lower", "upper"]], np.stack([lower, upper], axis=1))


def test_the_ends():
    galaxy = pd.Series(["a", "a", "b", "b"])
    same = camera_agreement(pd.Series([True, True, False, False]), galaxy)
    assert same.correlation == 1
    against = camera_agreement(pd.Series([True, False, False, True]), galaxy)
    assert against.correlation == -1
    all_found = camera_agreement(pd.Series([True] * 4), galaxy)
    assert np.isnan(all_found.correlation)
    assert all_found.table["expected"].tolist() == [0, 0, 1]


def test_galaxies_with_a_missing_side_are_left_out():
    called, galaxy = pd.Series([True] * 7), pd.Series(list("aabbccd"))
    found = camera_agreement(called, galaxy)
    assert found.left_out == 1
    assert found.table["galaxies"].tolist() == [0, 0, 3]
    for count in (3, 0):
        with pytest.raises(ArgumentError, match="from two sides or more"):
            camera_agreement(called[:count], pd.Series(range(count)))
