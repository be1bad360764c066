from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, log_loss, roc_auc_score
from torch import nn

from toomre.training.validation import Validation


class Sum(nn.Module):
    def forward(self, images):
        total = images.sum((1, 2, 3))
        return images.flatten(1), torch.stack([-total, total], 1) / 2


def test_scikit_learn_agrees():
    generator = torch.Generator().manual_seed(2)
    images = torch.randn(90, 1, 2, 2, generator=generator)
    labels = ((images.sum((1, 2, 3)) + torch.randn(90, generator=generator)) > 0).long().numpy()
    validate = Validation([images[:50], images[50:]], labels, torch.device("cpu"))
    found = validate(Sum())
    p = torch.sigmoid(images.sum((1, 2, 3))).double().numpy()
    assert found["loss"] == pytest.approx(log_loss(labels, p), rel=1e-5)
    assert found["accuracy"] == accuracy_score(labels, p >= 0.5)
    assert found["roc_auc"] == pytest.approx(roc_auc_score(labels, p), rel=1e-12)


def test_one_class_gives_nan_for_roc_auc():
    validate = Validation([torch.zeros(3, 1, 2, 2)], np.ones(3), torch.device("cpu"))
    assert np.isnan(validate(Sum())["roc_auc"])
