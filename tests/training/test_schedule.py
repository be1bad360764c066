from __future__ import annotations

import pytest
import torch

from toomre.training.schedule import constant, one_cycle


def test_one_cycle_is_that_of_torch():
    steps, peak = 200, 0.01
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([parameter], lr=peak)
    judge = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, peak, total_steps=steps, pct_start=0.25, div_factor=25, final_div_factor=400
    )
    # torch counts the rise up to step 49 of 0..199, so that both have the same progress there.
    for step in range(steps):
        wanted = optimizer.param_groups[0]["lr"]
        progress = step / (steps - 1)
        found = peak * one_cycle(progress, (0.25 * steps - 1) / (steps - 1), 1 / 25, 1e-4)
        assert found == pytest.approx(wanted, rel=1e-9)
        optimizer.step()
        if step < steps - 1:
            judge.step()


def test_constant():
    assert {constant(p / 10, 0.2, 0.1, 0.1) for p in range(11)} == {1.0}
