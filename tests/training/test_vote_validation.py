from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, mean_squared_error
from torch import nn

from toomre.training.vote_validation import VoteValidation


class Halves(nn.Module):
    def forward(self, images):
        values = images.flatten(1)
        return values, values / 2


def test_scikit_learn_agrees():
    torch.manual_seed(2)
    images = torch.rand(30, 1, 1, 5)
    truth = np.random.default_rng(2).random((30, 5)).astype(np.float32)
    validate = VoteValidation([images[:20], images[20:]], truth, torch.device("cpu"))
    found = validate(Halves())
    predicted = images.flatten(1).numpy() / 2
    assert tuple(found) == VoteValidation.names
    assert found["loss"] == pytest.approx(mean_squared_error(truth, predicted), rel=1e-6)
    assert found["rmse"] == pytest.approx(found["loss"] ** 0.5)
    assert found["accuracy"] == accuracy_score(truth.argmax(1), predicted.argmax(1))
