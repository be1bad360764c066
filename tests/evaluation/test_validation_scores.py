from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from toomre.errors import ArgumentError, CorruptFileError, MissingFileError
from toomre.evaluation.metrics import confusion_matrix
from toomre.evaluation.validation_scores import ValidationScores


def test_written_scores_come_back(tmp_path):
    scores = ValidationScores.of([0, 1, 1, 0], [0.1, 0.9, 0.4, 0.3], ["b", "a", "a", "c"])
    scores.write(tmp_path / "scores.parquet")
    again = ValidationScores.read(tmp_path / "scores.parquet")
    for name in ("label", "score", "group"):
        np.testing.assert_array_equal(getattr(again, name), getattr(scores, name))
    assert again.galaxies == 3


def test_the_table_of_an_evaluation_is_read_and_unlabelled_images_are_left_out(tmp_path):
    table = pd.DataFrame(
        {
            "image_id": list("abcd"),
            "galaxy_id": ["x", "x", "y", "z"],
            "label": pd.array([1, 1, 0, None], dtype="Int8"),
            "p_merger": [0.8, np.nan, 0.2, 0.5],
        }
    )
    table.to_parquet(tmp_path / "scores.parquet")
    scores = ValidationScores.read(tmp_path / "scores.parquet")
    assert scores.label.tolist() == [1, 0]
    assert scores.score.tolist() == [0.8, 0.2]
    assert scores.group.tolist() == [0, 1]


def test_rates_are_those_of_the_confusion_matrix(rng):
    label, score = rng.integers(0, 2, 200), rng.random(200)
    (tn, fp), (fn, tp) = confusion_matrix(label, score, 0.3)
    found = ValidationScores.of(label, score).rates(0.3)
    assert found == pytest.approx((tp / (tp + fn), fp / (fp + tn)))


def test_what_is_no_such_table_is_refused(tmp_path):
    with pytest.raises(MissingFileError, match="no scores at"):
        ValidationScores.read(tmp_path / "scores.parquet")
    pd.DataFrame({"label": [0, 1]}).to_parquet(tmp_path / "scores.parquet")
    with pytest.raises(CorruptFileError, match="columns label and p_merger"):
        ValidationScores.read(tmp_path / "scores.parquet")
    (tmp_path / "scores.parquet").write_bytes(b"no table")
    with pytest.raises(CorruptFileError, match="no scores with labels"):
        ValidationScores.read(tmp_path / "scores.parquet")
    with pytest.raises(ArgumentError, match="2 images with a score, of which 2 show mergers"):
        ValidationScores.of([1, 1], [0.2, 0.3])
    with pytest.raises(ArgumentError, match="`groups` to be 2 ids, but got 1"):
        ValidationScores.of([0, 1], [0.2, 0.3], ["a"])
