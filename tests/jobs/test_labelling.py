from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from toomre.errors import ArgumentError
from toomre.jobs.labelling import labels_of, training_labels
from toomre.preparation.prepared import PreparedSet
from toomre.surveys.vote_tree import ANSWERS


def rows(prepared, *parts):
    return {part: prepared.split.rows(part).to_numpy(np.intp) for part in parts}


def test_classes_or_fractions(tiny_set, vote_set):
    classes = PreparedSet.open(tiny_set)
    found = training_labels(classes, rows(classes, "train", "valid"), ())
    assert found["train"].dtype == np.int64
    assert set(found["valid"].tolist()) == {0, 1}
    votes = PreparedSet.open(vote_set)
    wanted = rows(votes, "valid")
    found = training_labels(votes, wanted, ANSWERS)["valid"]
    assert found.dtype == np.float32
    own = votes.catalog.iloc[wanted["valid"]][list(ANSWERS)].to_numpy()
    np.testing.assert_allclose(found, own, rtol=1e-6)


def test_what_is_missing_is_said(tiny_set, vote_set):
    classes, votes = PreparedSet.open(tiny_set), PreparedSet.open(vote_set)
    with pytest.raises(ArgumentError, match=r"has no Class1\.1: its table had no vote fractions"):
        labels_of(classes, np.arange(3), ANSWERS)
    with pytest.raises(ArgumentError, match="3 images without one"):
        labels_of(votes, np.arange(3), ())
    catalog = votes.catalog.assign(**{"Class8.6": np.nan})
    with pytest.raises(ArgumentError, match="4 rows without"):
        labels_of(replace(votes, catalog=catalog), np.arange(4), ANSWERS)
    with pytest.raises(ArgumentError, match="the test part"):
        training_labels(votes, {"test": np.arange(0)}, ANSWERS)


def test_a_part_without_a_class_is_refused(tiny_set):
    prepared = PreparedSet.open(tiny_set)
    mergers = np.flatnonzero(prepared.catalog["label"] == 1)
    with pytest.raises(ArgumentError, match="60 mergers and 0 nonmergers"):
        training_labels(prepared, {"valid": mergers}, ())
