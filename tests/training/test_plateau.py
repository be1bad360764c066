from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest
import torch

from toomre.errors import ArgumentError
from toomre.training.plateau import Plateau


@pytest.mark.parametrize(("metric", "mode"), [("loss", "min"), ("accuracy", "max")])
def test_it_is_that_of_torch(metric, mode, rng):
    """torch waits for one epoch more than Keras, after which this is made."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    judge = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer, mode, 0.5, patience=2, threshold=0.01, threshold_mode="abs", min_lr=0.03
    )
    plateau = Plateau(metric, 0.5, patience=3, min_delta=0.01, min_scale=0.03)
    seen = set()
    for value in rng.normal(0, 1, 60):
        judge.step(value)
        plateau.update({"loss": 9.0, "accuracy": 9.0, metric: float(value)})
        assert plateau.scale == pytest.approx(optimizer.param_groups[0]["lr"], rel=1e-12)
        seen.add(plateau.scale)
    assert len(seen) == 7  # down to the least rate


def test_its_state_is_a_few_numbers():
    plateau = Plateau("loss", patience=2)
    plateau.update({"loss": 1.0})
    plateau.update({"loss": 1.0})
    again = Plateau(**asdict(plateau))
    for one in (plateau, again):
        one.update({"loss": 1.0})
    assert again == plateau
    assert again.scale == 0.5


def test_nan_is_no_improvement():
    plateau = Plateau("loss", patience=2)
    for value in (1.0, np.nan, np.nan):
        plateau.update({"loss": value})
    assert plateau.scale == 0.5


def test_a_metric_that_is_not_there():
    with pytest.raises(ArgumentError, match=r"schedule\.plateau\.metric.*needs? a target"):
        Plateau("target_snd").update({"loss": 1.0})
