from __future__ import annotations

from itertools import pairwise

import pytest
import torch

from toomre.errors import ArgumentError
from toomre.recipe import Schedule
from toomre.training.schedule import SCHEDULES, Moment, momentum, one_cycle, set_momentum, triangle

STEPS, EPOCHS = 20, 10
TOTAL = STEPS * EPOCHS


def moments():
    return [Moment(step / (TOTAL - 1), STEPS, EPOCHS) for step in range(TOTAL)]


def rates_of_torch(scheduler, **options):
    """Return the learning rate and momentum that a scheduler of torch gives at each step."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0, momentum=0.5)
    judge = scheduler(optimizer, **options)
    found = []
    for step in range(TOTAL):
        group = optimizer.param_groups[0]
        found.append((group["lr"], group["momentum"]))
        optimizer.step()
        if step < TOTAL - 1:
            judge.step()
    return found


def test_the_step_follows_from_the_progress():
    assert [moment.step for moment in moments()] == list(range(TOTAL))
    assert Moment(0.0, 1, 1).step == 0


def test_one_cycle_is_that_of_torch():
    # torch counts the rise up to step 49 of 0..199, so that both have the same progress there.
    wanted = rates_of_torch(
        torch.optim.lr_scheduler.OneCycleLR,
        max_lr=1.0,
        total_steps=TOTAL,
        pct_start=0.25,
        div_factor=25,
        final_div_factor=400,
        base_momentum=0.85,
        max_momentum=0.95,
    )
    warmup = (0.25 * TOTAL - 1) / (TOTAL - 1)
    plan = Schedule(name="one_cycle", warmup=warmup, momentum=(0.85, 0.95))
    for moment, (rate, inertia) in zip(moments(), wanted, strict=True):
        assert one_cycle(moment.progress, warmup, 0.04, 1e-4) == pytest.approx(rate, rel=1e-9)
        assert SCHEDULES["one_cycle"](plan, moment) == pytest.approx(rate, rel=1e-9)
        assert momentum(plan, moment) == pytest.approx(inertia, rel=1e-9)


def test_triangle_is_the_cyclic_rate_of_torch():
    """The published period is 0.9 cycle lengths: 72 steps of 20 an epoch and 4 epochs a cycle."""
    wanted = rates_of_torch(
        torch.optim.lr_scheduler.CyclicLR,
        base_lr=0.1,
        max_lr=1.0,
        step_size_up=36,
        base_momentum=0.7,
        max_momentum=0.9,
    )
    plan = Schedule(name="triangle", cycle_length=4, momentum=(0.7, 0.9))
    for moment, (rate, inertia) in zip(moments(), wanted, strict=True):
        assert SCHEDULES["triangle"](plan, moment) == pytest.approx(rate, rel=1e-9)
        assert momentum(plan, moment) == pytest.approx(inertia, rel=1e-9)


def test_annihilation_is_what_is_left_after_the_last_triangle():
    published = Schedule(name="triangle", cycle_length=4)
    plan = published.model_copy(update={"annihilation": True, "momentum": (0.7, 0.9)})
    found = [SCHEDULES["triangle"](plan, moment) for moment in moments()]
    before = [SCHEDULES["triangle"](published, moment) for moment in moments()]
    assert found[:144] == before[:144]  # two periods of 72 steps
    falling = found[144:]
    assert falling[0] == pytest.approx(0.1)
    assert falling[-1] == pytest.approx(0.001)
    differences = [a - b for a, b in pairwise(falling)]
    assert differences == pytest.approx([0.099 / 55] * 55)
    assert momentum(plan, moments()[-1]) == pytest.approx(0.9)


def test_annihilation_of_no_or_all_steps():
    short = [triangle(step, 10, 0.1, last=12) for step in range(13)]
    assert short == [triangle(step, 10, 0.1) for step in range(13)]
    whole = [triangle(step, 5, 0.1, last=20) for step in range(21)]
    assert whole == [triangle(step, 5, 0.1) for step in range(21)]


def test_inverse_decay_changes_once_an_epoch():
    plan = Schedule(name="inverse_decay")
    for moment in moments():
        first = moment.step - moment.step % STEPS
        found = SCHEDULES["inverse_decay"](plan, moment)
        assert found == pytest.approx(1 / (1 + 0.001 * first) ** 0.75, rel=1e-12)


def test_constant():
    for name in ("constant", "plateau"):
        assert {SCHEDULES[name](Schedule(name=name), moment) for moment in moments()} == {1.0}


def test_momentum_needs_a_cycle():
    with pytest.raises(ArgumentError, match="one_cycle.*triangle"):
        momentum(Schedule(momentum=(0.8, 0.9)), Moment(0.0, 5, 5))


def test_both_kinds_of_optimiser_take_the_momentum():
    parameter = torch.nn.Parameter(torch.zeros(1))
    adam = torch.optim.Adam([parameter], betas=(0.7, 0.8)).param_groups[0]
    sgd = torch.optim.SGD([parameter], momentum=0.5).param_groups[0]
    set_momentum(adam, 0.9)
    set_momentum(sgd, 0.9)
    assert adam["betas"] == (0.9, 0.8)
    assert sgd["momentum"] == 0.9
    assert "momentum" not in adam
