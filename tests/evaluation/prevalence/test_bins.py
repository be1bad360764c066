from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from toomre.errors import ArgumentError
from toomre.evaluation.prevalence.bins import binned_fractions, estimate_table
from toomre.evaluation.prevalence.estimates import Estimator


def test_each_bin_is_an_estimate_of_its_own_galaxies(rng):
    score, value = rng.random(500), rng.normal(10, 1, 500)
    value[:5], score[5:9] = np.nan, np.nan
    estimator = Estimator(0.5, rng=rng)
    table = binned_fractions(estimator, score, value, [8, 10, 12])
    counted = table[table["method"] == "count"]
    edges = [-np.inf, 8, 10, 12, np.inf]
    known = pd.DataFrame({"score": score, "value": value}).dropna()
    parts = known.groupby(pd.cut(known["value"], edges, right=False), observed=False)["score"]
    assert counted["galaxies"].tolist() == parts.count().iloc[1:3].tolist()
    wanted = parts.apply(lambda scores: (scores >= 0.5).mean()).iloc[1:3]
    np.testing.assert_allclose(counted["fraction"], wanted)


def test_by_default_five_bins_of_equal_numbers_with_every_galaxy_in_one(rng):
    value = rng.random(1000)
    table = binned_fractions(Estimator(0.5, rng=rng), rng.random(1000), value)
    counted = table[table["method"] == "count"]
    assert counted["galaxies"].tolist() == [200] * 5
    assert counted["from"].iloc[0] == value.min()
    assert counted["to"].iloc[-1] == value.max()


def test_an_empty_bin_has_no_fraction(rng):
    table = binned_fractions(Estimator(0.5, rng=rng), [0.2, 0.9], [0.5, 0.6], [0, 1, 2])
    empty = table[(table["method"] == "count") & (table["from"] == 1)]
    assert empty["galaxies"].tolist() == [0]
    assert empty[["fraction", "lower", "upper"]].isna().all(axis=None)
    assert estimate_table([], 0).empty


def test_edges_that_do_not_rise_are_refused(rng):
    estimator = Estimator(0.5, rng=rng)
    for edges in ([1], [1, 1], [2, 1], [0, np.nan]):
        with pytest.raises(ArgumentError, match="two numbers or more that rise"):
            binned_fractions(estimator, [0.2], [0.5], edges)
    with pytest.raises(ArgumentError, match=r"`value` to be of shape \(1,\)"):
        binned_fractions(estimator, [0.2], [0.5, 0.6])
    with pytest.raises(ArgumentError, match="No galaxy has both"):
        binned_fractions(estimator, [0.2], [np.nan])
