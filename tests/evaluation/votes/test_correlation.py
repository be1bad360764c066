"""Correlations, against numpy's and against the published formula in a plain loop."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from toomre.errors import ArgumentError
from toomre.evaluation.votes.correlation import by_question, correlation


def test_equals_numpy(rng):
    votes = rng.beta(0.3, 1, (200, 37))
    np.testing.assert_allclose(correlation(votes), np.corrcoef(votes.T), atol=1e-12)


def test_equals_the_published_formula(rng):
    votes = rng.random((30, 37))
    found = correlation(votes)
    for i in (0, 13, 23):
        for j in (3, 23, 36):
            a, b = votes[:, i], votes[:, j]
            sigma = [np.sqrt(np.mean(x**2) - np.mean(x) ** 2) for x in (a, b)]
            wanted = (np.mean(a * b) - np.mean(a) * np.mean(b)) / (sigma[0] * sigma[1])
            assert found[i, j] == pytest.approx(wanted, abs=1e-10)


@pytest.mark.parametrize("value", [0.0, 0.1, 1 / 3])
def test_a_constant_answer_has_none_and_spoils_no_other(rng, value):
    votes = rng.random((70, 37))
    votes[:, 9] = value
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = correlation(votes)
    assert np.isnan(found[9]).all()
    assert np.isnan(found[:, 9]).all()
    others = np.delete(np.arange(37), 9)
    wanted = np.corrcoef(votes[:, others].T)
    np.testing.assert_allclose(found[np.ix_(others, others)], wanted, atol=1e-12)


def test_one_galaxy_has_no_correlation():
    assert np.isnan(correlation(np.full((1, 37), 0.2))).all()


def test_answers_that_exclude_each_other(rng):
    votes = rng.random((50, 37))
    votes[:, 14] = 1 - votes[:, 13]
    reach = rng.random(50)
    votes[:, 3], votes[:, 4] = reach * 0.3, reach * 0.7
    found = correlation(votes)
    assert found[13, 14] == pytest.approx(-1)
    assert found[3, 4] == pytest.approx(1)  # both rise with the share that reaches the question


def test_questions_cut_their_own_blocks():
    matrix = np.arange(37.0)[:, None] * 100 + np.arange(37)
    parts = by_question(matrix)
    assert [len(part) for part in parts.values()] == [3, 2, 2, 2, 4, 2, 3, 7, 3, 3, 6]
    for name, first in (("shape", 0), ("odd feature", 18), ("number of arms", 31)):
        assert parts[name][0, 0] == 101 * first
        assert parts[name][0, 1] == 101 * first + 1
    with pytest.raises(ArgumentError, match=r"shape \(37, 37\), but got \(36, 37\)"):
        by_question(matrix[1:])
