"""Batches of one size, the score of a class, and a network that is left as it was."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from toomre.interpretation.passes import at_rest, batches, class_score, scaled
from toomre.networks.network import merger_logit


def test_batches_hold_every_image_once(rng):
    images = rng.normal(size=(7, 2, 4, 4)).astype(np.float32)
    found = np.zeros_like(images)
    for rows, batch in batches(nn.Identity(), images, 3):
        assert batch.shape == (3, 2, 4, 4)
        assert batch.is_contiguous(memory_format=torch.channels_last)
        assert not batch[rows.stop - rows.start :].any()
        found[rows] = batch[: rows.stop - rows.start].numpy()
    np.testing.assert_array_equal(found, images)


def test_scores_of_both_answers_fit_the_merger_logit():
    two, one = torch.randn(5, 2), torch.randn(5, 1)
    difference = class_score(two, "merger") - class_score(two, "nonmerger")
    assert torch.equal(difference, merger_logit(two))
    assert torch.equal(class_score(one, "merger"), merger_logit(one))
    assert torch.equal(class_score(one, "nonmerger"), -merger_logit(one))


def test_the_network_comes_back_after_an_error():
    network = nn.Sequential(nn.Linear(2, 2), nn.Dropout(), nn.Linear(2, 2).requires_grad_(False))
    network[1].eval()
    with pytest.raises(RuntimeError, match="stop"), at_rest(network):
        assert not network.training
        raise RuntimeError("stop")
    assert network.training
    assert network[0].training
    assert not network[1].training
    wanted = [True, True, False, False]
    assert [weight.requires_grad for weight in network.parameters()] == wanted


def test_scaling():
    maps = np.array([[[0.0, 2.0]], [[0.0, 0.0]]], np.float32)
    np.testing.assert_array_equal(scaled(maps, "unit"), [[[0, 1]], [[0, 0]]])
    assert scaled(maps, "raw") is maps
