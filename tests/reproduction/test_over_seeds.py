from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from toomre.evaluation.bootstrap import Interval
from toomre.reproduction.over_seeds import over_seeds


def intervals(values):
    return [Interval(value, value - 0.1, value + 0.1) for value in values]


def test_mean_and_interval_against_scipy(rng):
    values = rng.normal(0.6, 0.02, 10)
    found = over_seeds(intervals(values))
    wanted = stats.t.interval(0.95, 9, np.mean(values), stats.sem(values))
    assert (found.lower, found.upper) == pytest.approx(wanted)
    assert (found.mean, found.std) == pytest.approx((np.mean(values), np.std(values, ddof=1)))
    assert (found.least, found.greatest) == (values.min(), values.max())
    assert found.seeds == 10


def test_one_seed_has_the_interval_over_galaxies():
    found = over_seeds(intervals([0.5]))
    assert (found.mean, found.lower, found.upper, found.seeds) == (0.5, 0.4, 0.6, 1)
    assert math.isnan(found.std)


def test_undefined_seeds_do_not_count():
    found = over_seeds(intervals([0.5, math.nan, 0.7]))
    assert (found.mean, found.seeds) == (pytest.approx(0.6), 2)
    nothing = over_seeds(intervals([math.nan]))
    assert math.isnan(nothing.mean)
    assert nothing.seeds == 0


def test_ends_stay_in_the_range_of_a_metric():
    found = over_seeds(intervals([0.1, 0.9]))
    assert (found.lower, found.upper) == (0.0, 1.0)
