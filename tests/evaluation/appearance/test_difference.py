from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from toomre.errors import ArgumentError
from toomre.evaluation.appearance.difference import difference_table, domain_auc


def drawn(rng, count: int, shift: float = 0.0) -> pd.DataFrame:
    return pd.DataFrame({"sky": rng.normal(shift, 1, count), "noise": rng.normal(0, 1, count)})


def test_distance_is_that_of_kolmogorov_and_smirnov(rng):
    a, b = drawn(rng, 500), drawn(rng, 400, 1.0)
    row = difference_table(a, b).set_index("feature").loc["sky"]
    grid = np.sort(np.r_[a["sky"], b["sky"]])
    steps = [np.searchsorted(np.sort(v["sky"]), grid, "right") / len(v) for v in (a, b)]
    assert row["distance"] == pytest.approx(np.abs(steps[0] - steps[1]).max())
    assert row["simulated"] == pytest.approx(a["sky"].median())
    assert row["real_low"] == pytest.approx(np.percentile(b["sky"], 16))


def test_missing_values_are_left_out():
    a, b = pd.DataFrame({"sky": [1.0, np.nan, 3.0]}), pd.DataFrame({"sky": [np.nan]})
    row = difference_table(a, b).iloc[0]
    assert row["simulated"] == 2.0
    assert np.isnan(row["real"])
    assert np.isnan(row["distance"])


def test_equal_sets_cannot_be_told_apart_and_shifted_ones_can(rng):
    same, _ = domain_auc(drawn(rng, 300), drawn(rng, 300))
    assert same == pytest.approx(0.5, abs=0.1)
    far, importance = domain_auc(drawn(rng, 300, 5.0), drawn(rng, 300))
    assert far > 0.99
    assert importance["sky"] > 0.8
    assert sum(importance.values()) == pytest.approx(1)


def test_views_of_one_galaxy_stay_in_one_fold(rng):
    """Each galaxy has a value of its own: known from its other views, the set would be known."""
    own = rng.normal(0, 1, 40)
    simulated = pd.DataFrame({"sky": np.repeat(own, 8), "noise": rng.normal(0, 1, 320)})
    real = drawn(rng, 320)
    grouped, _ = domain_auc(simulated, real, np.repeat(np.arange(40), 8))
    alone, _ = domain_auc(simulated, real)
    assert alone > grouped + 0.1


def test_few_pictures_are_refused(rng):
    with pytest.raises(ArgumentError, match="at least 5 galaxies in each set"):
        domain_auc(drawn(rng, 20), drawn(rng, 4))
