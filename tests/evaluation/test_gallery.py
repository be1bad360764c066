"""The gallery shows the right kinds of answers, from sure to doubtful."""

from __future__ import annotations

import numpy as np
import pytest

from toomre.errors import ArgumentError
from toomre.evaluation.gallery import KINDS, choose_examples


def test_every_kind_holds_what_its_name_says(rng):
    label, score = rng.integers(0, 2, 200), rng.uniform(size=200)
    label[:5], score[:5] = 1, np.nan
    chosen = choose_examples(label, score, 0.4, count=7)
    assert list(chosen) == list(KINDS)
    for kind, indices in chosen.items():
        truth = label[indices]
        called = score[indices] >= 0.4
        assert called.all() if "positive" in kind else not called.any()
        assert ((truth == 1) == called).all() == kind.startswith("true")
        distance = np.abs(score[indices] - 0.4)
        assert (np.diff(distance) <= 0).all()
        everyone = np.flatnonzero((label == truth[0]) & ((score >= 0.4) == called[0]))
        distances = np.abs(score[everyone] - 0.4)
        assert distance[0] == np.nanmax(distances)
        assert distance[-1] == np.nanmin(distances)
        assert len(set(indices)) == 7


def test_fewer_images_than_asked_for_are_all_shown_once():
    chosen = choose_examples([1, 1, 0], [0.9, 0.8, 0.1], 0.5)
    assert chosen["true positive"].tolist() == [0, 1]
    assert chosen["false positive"].tolist() == chosen["false negative"].tolist() == []


def test_count_must_be_positive():
    with pytest.raises(ArgumentError, match="Expected `count` to be an integer of 1 or more"):
        choose_examples([1], [0.5], 0.5, count=0)
