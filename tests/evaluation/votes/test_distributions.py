"""Histograms and the comparison of parts, against numpy, scipy and plain loops."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ks_2samp

from toomre.errors import ArgumentError
from toomre.evaluation.votes.distributions import compare_parts, histograms
from toomre.surveys.vote_tree import ANSWERS


def test_histograms_hold_every_galaxy_once(rng):
    votes = rng.beta(0.3, 1, (83, 37))
    votes[:2, 5] = 0, 1
    density, edges = histograms(votes)
    assert density.shape == (37, 25)
    np.testing.assert_allclose(edges, np.arange(26) / 25)
    np.testing.assert_allclose(density.sum(axis=1) * 0.04, 1)
    for column in (0, 5, 36):
        places = [min(int(value * 25), 24) for value in votes[:, column]]
        wanted = np.bincount(places, minlength=25) / 83 / 0.04
        np.testing.assert_allclose(density[column], wanted)


def test_rounding_errors_are_not_lost():
    assert histograms(np.full((3, 37), 1 + 1e-9))[0][0, -1] == pytest.approx(25)


def test_distance_is_that_of_scipy_and_of_a_loop(rng):
    train, valid = rng.beta(0.3, 1, (90, 37)).round(2), rng.beta(0.4, 1, (40, 37)).round(2)
    table = compare_parts(train, valid)
    assert table["answer"].tolist() == list(ANSWERS)
    for number in (0, 23):
        a, b = train[:, number], valid[:, number]
        wanted = max(abs((a <= x).mean() - (b <= x).mean()) for x in np.r_[a, b])
        assert table.loc[number, "distance"] == pytest.approx(wanted)
        judge = ks_2samp(a, b, method="asymp")
        assert table.loc[number, "distance"] == judge.statistic
        assert table.loc[number, "p_value"] == judge.pvalue
        assert table.loc[number, "train_mean"] == pytest.approx(a.mean())
        assert table.loc[number, "valid_mean"] == pytest.approx(b.mean())


def test_equal_parts_do_not_differ(rng):
    votes = rng.random((20, 37))
    table = compare_parts(votes, votes[::-1])
    assert (table["distance"] == 0).all()
    assert (table["p_value"] == 1).all()


def test_errors():
    votes = np.zeros((3, 37))
    with pytest.raises(ArgumentError, match="`valid` to be vote fractions"):
        compare_parts(votes, votes[:0])
    with pytest.raises(ArgumentError, match="`bins` to be 1 or more, but got 0"):
        histograms(votes, 0)
