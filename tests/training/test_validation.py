from __future__ import annotations

from contextlib import contextmanager

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, log_loss, roc_auc_score
from torch import nn

from toomre.evaluation.target_scores import infomax, mean_entropy
from toomre.training.batch_norm import Concatenated
from toomre.training.validation import TwoDomainValidation, Validation


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
    assert tuple(found) == Validation.names
    assert found["loss"] == pytest.approx(log_loss(labels, p), rel=1e-5)
    assert found["accuracy"] == accuracy_score(labels, p >= 0.5)
    assert found["roc_auc"] == pytest.approx(roc_auc_score(labels, p), rel=1e-12)


def test_one_class_gives_nan_for_roc_auc():
    validate = Validation([torch.zeros(3, 1, 2, 2)], np.ones(3), torch.device("cpu"))
    assert np.isnan(validate(Sum())["roc_auc"])


class Watched(Concatenated):
    """Says which domain's statistics are in force."""

    def __init__(self):
        self.asked = []

    @contextmanager
    def on(self, network, domain):
        self.asked.append(domain)
        yield


def two_domains(scores):
    generator = torch.Generator().manual_seed(3)
    source, target = torch.randn(2, 60, 1, 2, 2, generator=generator)
    labels = (source.sum((1, 2, 3)) > 0).long().numpy()
    validation = Validation([source], labels, torch.device("cpu"))
    policy = Watched()
    return validation, target, policy, TwoDomainValidation(validation, [target], policy, scores)


def test_scores_of_the_target_beside_the_sources_metrics():
    validation, target, policy, both = two_domains(["target_entropy", "target_infomax"])
    found = both(Sum())
    alone = validation(Sum())
    assert {name: found[name] for name in alone} == alone
    p = torch.sigmoid(target.sum((1, 2, 3))).double().numpy()
    assert found["target_entropy"] == pytest.approx(mean_entropy(p), rel=1e-5)
    assert found["target_infomax"] == pytest.approx(infomax(p), rel=1e-5)
    assert found["target_mergers"] == (p >= 0.5).mean()
    assert policy.asked == ["source", "target"]


def test_without_a_score_the_target_is_not_looked_at():
    validation, _, policy, both = two_domains([])
    assert both(Sum()) == validation(Sum())
    assert policy.asked == ["source"]


def test_every_score_can_be_asked_for():
    names = ["target_snd", "target_dev"]
    *_, both = two_domains(names)
    found = both(Sum())
    assert np.isfinite([found[name] for name in names]).all()
