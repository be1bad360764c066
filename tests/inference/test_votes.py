from __future__ import annotations

import numpy as np
import pytest
import torch

from toomre.errors import ArgumentError
from toomre.inference.predictor import Predictor
from toomre.inference.store import open_model
from toomre.inference.votes import vote_rows
from toomre.networks.network import merger_logit
from toomre.preparation.prepared import PreparedSet


def test_fractions_are_those_of_a_plain_loop(vote_run, vote_set):
    model, prepared = open_model(vote_run), PreparedSet.open(vote_set)
    found = vote_rows(model, prepared, np.array([4, 2, 9]), "cpu")
    card = model.card
    for row, image in zip(found, prepared.images[[4, 2, 9], :, 2:19, 2:19], strict=True):
        normal = (image - np.reshape(card.input.mean, (3, 1, 1))) / np.reshape(
            card.input.std, (3, 1, 1)
        )
        views = []
        for turns in range(4):
            for view in (normal, normal[..., ::-1]):
                turned = np.rot90(view, turns, (1, 2)).copy().astype(np.float32)
                with torch.no_grad():
                    views.append(model.network(torch.from_numpy(turned)[None])[1][0].numpy())
        np.testing.assert_allclose(row, np.mean(views, axis=0), atol=1e-5)


def test_a_model_is_asked_for_what_it_knows(vote_run, make_model):
    votes, mergers = Predictor(open_model(vote_run)), Predictor(open_model(make_model()))
    with pytest.raises(ArgumentError, match="37 vote fractions and no probability of a merger"):
        votes.logits(np.zeros((1, 3, 17, 17), np.float32))
    with pytest.raises(ArgumentError, match="predicts no vote fractions"):
        mergers.votes(np.zeros((1, 3, 32, 32), np.float32))


def test_votes_have_no_merger_logit():
    with pytest.raises(ArgumentError, match=r"of shape \(n, 1\) or \(n, 2\), but got \(4, 37\)"):
        merger_logit(torch.zeros(4, 37))
