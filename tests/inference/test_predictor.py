"""The scores against a plain loop, and what they must not depend on."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from toomre.errors import ArgumentError
from toomre.inference.predictor import Predictor, scores_of
from toomre.inference.store import open_model
from toomre.networks.card import Calibration
from toomre.networks.network import merger_logit


@pytest.fixture
def model(make_model):
    return open_model(make_model())


@pytest.fixture
def images(galaxies, rng):
    return galaxies(70, 32, rng)


def test_scores_are_those_of_a_plain_loop(model, images):
    card = model.card
    p = []
    for image in images[:9]:
        normalised = (image - np.reshape(card.input.mean, (3, 1, 1))) / np.reshape(
            card.input.std, (3, 1, 1)
        )
        views = []
        for flip in (False, True):
            for turns in range(4):
                view = np.rot90(normalised[..., ::-1] if flip else normalised, turns, (1, 2))
                with torch.no_grad():
                    _, logits = model.network(
                        torch.from_numpy(view.astype(np.float32).copy())[None]
                    )
                logit = float(merger_logit(logits)[0])
                calibrated = 1 / (1 + np.exp(-(logit + 0.2) / 1.7))
                views.append((calibrated, 1 / (1 + np.exp(-logit))))
        p.append((*np.mean(views, axis=0), np.std([view[0] for view in views])))
    scores = Predictor(model).scores(images[:9])
    np.testing.assert_allclose(np.c_[scores.p, scores.raw, scores.std], p, atol=2e-6)
    assert np.ptp(scores.p) > 0.1  # else the test could not fail
    assert scores.std.max() > 1e-4


def test_scores_do_not_depend_on_the_batch(model, images):
    expected = Predictor(model, batch_size=64).scores(images).p
    for batch_size in (1, 7, 16):
        found = Predictor(model, batch_size=batch_size).scores(images).p
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)


def test_neighbours_change_no_bit(model, images, rng):
    expected = Predictor(model).scores(images).p
    assert Predictor(model).scores(images[:3]).p.tolist() == expected[:3].tolist()
    assert Predictor(model).scores(images[5:27]).p.tolist() == expected[5:27].tolist()
    order = rng.permutation(len(images))
    shuffled = Predictor(model).scores(images[order]).p
    assert shuffled.tolist() == expected[order].tolist()


def test_flips_and_quarter_turns_change_nothing(model, images):
    predictor = Predictor(model)
    expected = predictor.scores(images)
    for turns in range(4):
        for flip in (False, True):
            turned = np.rot90(images[..., ::-1] if flip else images, turns, (2, 3))
            found = predictor.scores(turned)
            np.testing.assert_allclose(found.p, expected.p, rtol=0, atol=1e-5)
            np.testing.assert_allclose(found.std, expected.std, rtol=0, atol=1e-5)


def test_no_images_give_no_scores(model):
    predictor = Predictor(model)
    assert predictor.scores(np.empty((0, 3, 32, 32), np.float32)).p.shape == (0,)
    assert predictor.logits(np.empty((0, 3, 32, 32), np.float32)).shape == (0, 8)


def test_the_model_is_not_changed(model, images):
    before = {key: value.clone() for key, value in model.network.state_dict().items()}
    Predictor(model).scores(images[:2])
    after = model.network.state_dict()
    assert all(torch.equal(before[key], after[key]) for key in before)


@pytest.mark.parametrize("shape", [(2, 2, 32, 32), (2, 3, 31, 32), (3, 32, 32)])
def test_another_shape_is_refused(model, shape):
    with pytest.raises(ArgumentError, match=r"of shape \(n, 3, 32, 32\), but got"):
        Predictor(model).logits(np.zeros(shape, np.float32))


def test_a_batch_of_nothing_is_refused(model):
    with pytest.raises(ArgumentError, match="Expected `batch_size` to be a positive number"):
        Predictor(model, batch_size=0)


def test_raw_scores_are_not_calibrated():
    logits = np.array([[2.0, -1.0]])
    scores = scores_of(logits, Calibration(method="platt", temperature=2.0, bias=1.0))
    sigmoid = 1 / (1 + np.exp(-np.array([2.0, -1.0, 1.5, 0.0])))
    assert scores.raw == pytest.approx(sigmoid[:2].mean())
    assert scores.p == pytest.approx(sigmoid[2:].mean())
    assert scores.std == pytest.approx(sigmoid[2:].std())
