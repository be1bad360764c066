from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import precision_score, recall_score

from toomre.errors import ArgumentError
from toomre.evaluation.prevalence.selection import (
    expected_purity,
    purity_by_fraction,
    selection_by_threshold,
)
from toomre.evaluation.validation_scores import ValidationScores


def test_at_the_samples_own_fraction_it_is_scikit_learns_precision_and_recall(rng):
    label = (rng.random(400) < 0.3).astype(int)
    score = np.clip(rng.normal(0.3 + 0.4 * label, 0.2), 0, 1)
    own = float(label.mean())
    purity, completeness = selection_by_threshold(
        ValidationScores.of(label, score), own, rng=rng, points=11
    )
    for place, threshold in enumerate(purity.at[:-1]):
        said = score >= threshold
        if said.any():
            assert purity.value[place] == pytest.approx(precision_score(label, said))
        assert completeness.value[place] == pytest.approx(recall_score(label, said))
    for band in (purity, completeness):
        known = ~np.isnan(band.value)
        assert (band.lower[known] <= band.value[known]).all()
        assert (band.value[known] <= band.upper[known]).all()


def test_purity_falls_with_the_true_fraction_as_in_a_thinned_sample(rng):
    label = np.arange(4000) % 2
    score = np.clip(rng.normal(0.3 + 0.4 * label, 0.2), 0, 1)
    validation = ValidationScores.of(label, score)
    band = purity_by_fraction(validation, 0.5, [0.05, 0.5], rng=rng)
    kept = (label == 0) | (np.cumsum(label) % 19 == 0)
    assert label[kept].mean() == pytest.approx(0.05, abs=0.002)
    thinned = precision_score(label[kept], score[kept] >= 0.5)
    assert band.lower[0] < thinned < band.upper[0]
    assert band.value[1] == pytest.approx(precision_score(label, score >= 0.5))
    assert band.value[0] < band.value[1]


def test_the_ends():
    assert expected_purity(0.9, 0.1, [0.0, 1.0]).tolist() == [0, 1]
    assert np.isnan(expected_purity(0.0, 0.0, 0.5))
    validation = ValidationScores.of([0, 1], [0.2, 0.7])
    with pytest.raises(ArgumentError, match="`fraction` to be a number between 0 and 1"):
        selection_by_threshold(validation, 1.0, rng=np.random.default_rng(0))
