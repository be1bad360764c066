"""Prototypes and random mergers, against plain loops."""

from __future__ import annotations

import numpy as np
import pytest

from toomre.errors import ArgumentError
from toomre.evaluation.votes.prototypes import SHOWN, prototypes, random_above, top
from toomre.surveys.vote_tree import ANSWERS


@pytest.mark.parametrize("answer", SHOWN)
def test_top_is_what_a_sort_gives(rng, answer):
    votes = rng.random((50, 37)).round(1)  # with many ties
    column = votes[:, ANSWERS.index(answer)].tolist()
    wanted = sorted(range(50), key=lambda row: (-column[row], row))[:5]
    assert top(votes, answer).tolist() == wanted


def test_top_leaves_out_who_has_no_vote():
    votes = np.zeros((4, 37))
    assert top(votes, "Class8.2").tolist() == []
    votes[3, 19] = 0.01
    assert top(votes, "Class8.2", 9).tolist() == [3]
    with pytest.raises(ArgumentError, match="`n` to be 1 or more"):
        top(votes, "Class8.2", 0)


def test_prototypes_are_the_first_of_the_top(rng):
    votes = rng.random((50, 37)).round(1)
    votes[:, 30] = 0
    found = prototypes(votes)
    for number, answer in enumerate(ANSWERS):
        first = top(votes, answer, 1).tolist()
        assert [found[number]] == (first or [-1])
    assert found[30] == -1


def test_random_rows_reach_the_threshold_and_follow_from_the_seed(rng):
    p = np.r_[0.3, 0.29999, rng.random(100)]
    found = random_above(p, 0.3, 9, rng=np.random.default_rng(1))
    assert len(set(found.tolist())) == 9
    assert (p[found] >= 0.3).all()
    np.testing.assert_array_equal(found, random_above(p, rng=np.random.default_rng(1)))
    assert found.tolist() != random_above(p, rng=np.random.default_rng(2)).tolist()


def test_each_row_that_reaches_it_is_as_likely():
    p = np.array([0.1, 0.3, 0.9, 0.5])
    draw = np.random.default_rng(0)
    drawn = np.concatenate([random_above(p, n=1, rng=draw) for _ in range(3000)])
    count = np.bincount(drawn, minlength=4)
    assert count[0] == 0
    assert abs(count[1:] - 1000).max() < 5 * np.sqrt(3000 * 2 / 9)


def test_few_and_none_and_nan():
    rng = np.random.default_rng(0)
    assert random_above([0.1, 0.8, np.nan, 0.5], rng=rng).tolist() == [1, 3]
    assert random_above([0.1], rng=rng).tolist() == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (([[0.5]],), "`p` to be one fraction a galaxy"),
        (([0.5], 30), "`threshold` to be a number from 0 to 1, but got 30"),
        (([0.5], 0.3, 0), "`n` to be 1 or more"),
    ],
)
def test_errors(rng, arguments, said):
    with pytest.raises(ArgumentError, match=said):
        random_above(*arguments, rng=rng)
