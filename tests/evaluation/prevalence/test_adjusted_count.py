from __future__ import annotations

import numpy as np
import pytest

from toomre.evaluation.prevalence.adjusted_count import (
    adjusted_count,
    drawn_adjusted_counts,
    drawn_rates,
)
from toomre.evaluation.validation_scores import ValidationScores


def test_it_undoes_what_known_rates_do():
    for truth in (0.0, 0.02, 0.5, 1.0):
        raw = truth * 0.85 + (1 - truth) * 0.15
        assert adjusted_count(raw, 0.85, 0.15) == pytest.approx(truth, abs=1e-12)


def test_it_is_kept_between_0_and_1_and_undefined_without_information():
    found = adjusted_count([0.05, 0.95, 0.5], [0.9, 0.9, 0.3], [0.1, 0.1, 0.3])
    np.testing.assert_array_equal(found, [0, 1, np.nan])
    assert np.isnan(adjusted_count(0.5, 0.2, 0.6))  # worse than chance


def test_spread_of_the_draws_is_that_of_error_propagation(rng):
    label = np.arange(2000) % 2
    score = np.where(rng.random(2000) < 0.85, label, 1 - label).astype(float)
    validation = ValidationScores.of(label, score)
    tpr, fpr = validation.rates(0.5)
    drawn = drawn_adjusted_counts(
        900, 3000, drawn_rates(validation, 0.5, draws=8000, rng=rng), rng=rng
    )
    raw, span = 0.3, tpr - fpr
    truth = (raw - fpr) / span
    variance = raw * (1 - raw) / 3000
    variance += (1 - truth) ** 2 * fpr * (1 - fpr) / 1000 + truth**2 * tpr * (1 - tpr) / 1000
    assert drawn.std() == pytest.approx(np.sqrt(variance) / span, rel=0.04)
    assert drawn.mean() == pytest.approx(truth, abs=0.002)
