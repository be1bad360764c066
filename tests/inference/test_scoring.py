"""Calibration by each method, on logits whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from toomre.evaluation.metrics import expected_calibration_error
from toomre.inference.predictor import scores_of
from toomre.inference.scoring import calibrated
from toomre.inference.store import open_model
from toomre.networks.card import Calibration, ModelCard
from toomre.recipe import Calibrate


@pytest.fixture
def card(make_model) -> ModelCard:
    card = open_model(make_model()).card
    return card.model_copy(update={"calibration": Calibration()})


def draw(count, rng):
    """Logits, (n, 2 views), that are three times too sure and shifted."""
    truth = rng.normal(0, 2, count)
    label = (rng.random(count) < 1 / (1 + np.exp(-truth))).astype(np.int64)
    return np.stack([3 * truth + 1] * 2, axis=1), label, np.arange(count).astype(str)


@pytest.mark.parametrize(("method", "most"), [("platt", 0.02), ("isotonic", 0.035)])
def test_each_method_makes_the_probabilities_right(card, rng, method, most):
    found = calibrated(card, *draw(4000, rng), Calibrate(method=method))
    logits, label, _ = draw(4000, rng)
    before = expected_calibration_error(label, scores_of(logits, Calibration()).p)
    assert expected_calibration_error(label, scores_of(logits, found.calibration).p) < most < before
    assert found.calibration.method == method
    assert ModelCard.model_validate_json(found.model_dump_json()) == found


def test_isotonic_is_fitted_to_the_mean_over_the_views():
    calibration = Calibration(method="isotonic", knots=((0.0, 0.1), (0.5, 0.2), (1.0, 0.9)))
    scores = scores_of(np.array([[-40.0, 40.0], [0.0, 0.0]]), calibration)
    np.testing.assert_allclose(scores.p, [0.2, 0.2], atol=1e-12)
    np.testing.assert_allclose(scores.std, [0.4, 0], atol=1e-12)


def test_knots_belong_to_isotonic_and_rise():
    for wrong in (
        {"method": "platt", "knots": ((0.1, 0.2),)},
        {"method": "isotonic"},
        {"method": "isotonic", "knots": ((0.5, 0.2), (0.4, 0.3))},
        {"method": "isotonic", "knots": ((0.4, 0.3), (0.5, 0.2))},
    ):
        with pytest.raises(ValidationError, match="knots"):
            Calibration.model_validate(wrong)


def test_a_purity_at_a_stated_fraction_is_a_threshold_of_the_recipe(card, rng):
    drawn = draw(4000, rng)
    plain = calibrated(card, *drawn, Calibrate(threshold="purity:0.8"))
    rare = calibrated(card, *drawn, Calibrate(threshold="purity:0.8@0.1"))
    assert rare.threshold > plain.threshold
    with pytest.raises(ValidationError, match="string_pattern_mismatch"):
        Calibrate(threshold="purity:0.8@0")
