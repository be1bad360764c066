"""What is taken as vote fractions, and what their columns are called."""

from __future__ import annotations

import numpy as np
import pytest

from toomre.errors import ArgumentError
from toomre.evaluation.votes.fractions import SLICES, TITLES, answer_index, as_votes
from toomre.surveys.vote_tree import ANSWERS, MERGER


def test_slices_are_the_published_ones():
    found = [(place.start, place.stop) for place in SLICES.values()]
    assert found == [
        (0, 3), (3, 5), (5, 7), (7, 9), (9, 13), (13, 15),
        (15, 18), (18, 25), (25, 28), (28, 31), (31, 37),
    ]  # fmt: skip


def test_titles_follow_the_columns():
    assert [f"Class{title.split()[0]}" for title in TITLES] == list(ANSWERS)
    assert TITLES[MERGER] == "8.6 odd feature\nmerger"
    assert answer_index("Class8.6") == MERGER == 23


def test_rounding_is_no_error():
    votes = np.full((1, 37), 1 + 1e-9)
    np.testing.assert_array_equal(as_votes(votes), votes)
    assert as_votes(votes.astype(np.float32)).dtype == np.float64


@pytest.mark.parametrize("wrong", [np.nan, -0.1, 1.1, np.inf])
def test_values_that_are_no_fractions(wrong):
    votes = np.full((3, 37), 0.5)
    votes[2, MERGER] = wrong
    with pytest.raises(ArgumentError, match=r"`truth`.*Class8.6 of row 2; leave out galaxies"):
        as_votes(votes, "truth")


@pytest.mark.parametrize("shape", [(0, 37), (5, 36), (37,)])
def test_wrong_shapes(shape):
    with pytest.raises(ArgumentError, match="at least one galaxy"):
        as_votes(np.zeros(shape))


def test_unknown_answer():
    with pytest.raises(ArgumentError, match="one of Class1.1 to Class11.6, but got 'merger'"):
        answer_index("merger")
