"""An ensemble is the plain mean of its models."""

from __future__ import annotations

import json

import numpy as np
import pytest
from safetensors.torch import load_file

from toomre.errors import ArgumentError
from toomre.inference.ensemble import Ensemble, ensemble_card
from toomre.inference.predictor import Predictor
from toomre.inference.store import open_model
from toomre.training.checkpoint import write_weights


@pytest.fixture
def two(make_model):
    """Two models of one recipe with other weights, calibrations and thresholds."""
    first, second = make_model("one"), make_model("two")
    weights = load_file(second / "model.safetensors")
    (last, *_) = [name for name in sorted(weights, reverse=True) if name.endswith("weight")]
    weights[last] = weights[last] * 0.7
    card = json.loads((second / "model.json").read_text())
    card["weights_sha256"] = write_weights(second / "model.safetensors", weights)
    card |= {"threshold": 0.6, "calibration": {"method": "temperature", "temperature": 2.0}}
    (second / "model.json").write_text(json.dumps(card))
    return open_model(first), open_model(second)


def test_scores_are_the_mean_over_the_models_and_the_spread_their_scatter(two, galaxies, rng):
    images = galaxies(20, 32, rng)
    each = [Predictor(model).scores(images) for model in two]
    found = Ensemble(two).scores(images)
    np.testing.assert_allclose(found.p, (each[0].p + each[1].p) / 2, atol=1e-12)
    np.testing.assert_allclose(found.raw, (each[0].raw + each[1].raw) / 2, atol=1e-12)
    np.testing.assert_allclose(found.spread, np.abs(each[0].p - each[1].p) / 2, atol=1e-12)
    assert found.spread.max() > 0.01  # else the test could not fail
    assert each[0].spread is None


def test_the_card_says_what_it_is(two):
    card = ensemble_card([model.card for model in two])
    assert card.name == "one+two-ensemble-of-2"
    assert card.threshold == pytest.approx(0.5)
    assert two[1].card.model_id in card.summary
    assert card.weights_sha256 not in {model.card.weights_sha256 for model in two}
    assert card.input == two[0].card.input
    sharp = two[0].card.input.model_copy(update={"psf_fwhm": (1.0, 1.1, 1.2)})
    cards = [two[0].card.model_copy(update={"input": sharp}), two[1].card]
    assert ensemble_card(cards).input.psf_fwhm == ()  # the other's is not known


def test_what_cannot_be_one_is_refused(two, make_model):
    with pytest.raises(ArgumentError, match="`models` to be two or more, but got 1"):
        Ensemble(two[:1])
    with pytest.raises(ArgumentError, match="named twice"):
        Ensemble([two[0], two[0]])
    other = open_model(make_model("other", bands=("g", "r", "z")))
    with pytest.raises(ArgumentError, match="differ in `bands`"):
        Ensemble([two[0], other])
    votes = two[1].card.model_copy(
        update={"architecture": two[1].card.architecture.model_copy(update={"head": "votes"})}
    )
    with pytest.raises(ArgumentError, match="predicts 37 vote fractions"):
        ensemble_card([two[0].card, votes])
