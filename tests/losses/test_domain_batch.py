from __future__ import annotations

from dataclasses import FrozenInstanceError, fields

import pytest
import torch

from toomre.errors import TrainingError
from toomre.losses.domain_batch import DomainBatch, target_outputs


def test_target_labels_are_not_a_field():
    names = {field.name for field in fields(DomainBatch)}
    assert names == {
        "features_source",
        "logits_source",
        "labels_source",
        "features_target",
        "logits_target",
        "progress",
    }
    batch = DomainBatch(torch.zeros(1), torch.zeros(1), torch.zeros(1))
    with pytest.raises(FrozenInstanceError):
        batch.labels_target = torch.zeros(1)


def test_target_outputs(domains):
    batch = domains()
    features, logits = target_outputs(batch, "mmd")
    assert features is batch.features_target
    assert logits is batch.logits_target


def test_no_target_says_which_loss_and_what_to_do():
    batch = DomainBatch(torch.zeros(1, 1), torch.zeros(1, 1), torch.zeros(1))
    with pytest.raises(TrainingError, match=r"'coral' needs a target data set.*recipe"):
        target_outputs(batch, "coral")
