"""The learning rate as a factor of the recipe's, a function of the training's progress alone."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from toomre.errors import ArgumentError
from toomre.recipe import Schedule

__all__ = [
    "SCHEDULES",
    "Moment",
    "inverse_decay",
    "momentum",
    "one_cycle",
    "set_momentum",
    "triangle",
]

# The last rate of an annihilation as a fraction of the first (Smith 2018: orders of magnitude).
_ANNIHILATED = 0.01


@dataclass(frozen=True)
class Moment:
    """How far a training is.

    Attributes
    ----------
    progress
        Fraction of all steps that is done: 0 at the first step, 1 at the last.
    steps
        Steps in an epoch.
    epochs
        Epochs of the whole training.

    Examples
    --------
    >>> Moment(0.5, steps=5, epochs=3).step
    7
    """

    progress: float
    steps: int
    epochs: int

    @property
    def step(self) -> int:
        """Number of this step, from 0."""
        return round(self.progress * (self.steps * self.epochs - 1))


def one_cycle(progress: float, warmup: float, start_factor: float, end_factor: float) -> float:
    """Return a half-cosine rise to 1, then a half-cosine fall (Smith & Topin 2019).

    Parameters
    ----------
    progress
        Fraction of all steps that is done, 0 to 1.
    warmup
        Fraction of the steps that rise.
    start_factor, end_factor
        The factors at the first and at the last step.

    Examples
    --------
    >>> [round(one_cycle(p, 0.25, 0.04, 0.0), 3) for p in (0, 0.25, 0.625, 1)]
    [0.04, 1.0, 0.5, 0.0]
    """
    if progress < warmup:
        first, last, fraction = start_factor, 1.0, progress / warmup
    else:
        first, last, fraction = 1.0, end_factor, (progress - warmup) / (1 - warmup)
    return last + (first - last) * (1 + math.cos(math.pi * fraction)) / 2


def triangle(step: int, half: int, base_factor: float, last: int | None = None) -> float:
    """Return a triangle that repeats: straight up to 1 and down again (Smith 2017).

    This is the "one-cycle" of the published DeepMerge II code, which repeats it with a period
    of 0.9 cycle lengths and a base of 1/10.

    Parameters
    ----------
    step
        Number of the step, from 0.
    half
        Steps from the base to the peak.
    base_factor
        The factor at the base.
    last
        If given, the steps from the last whole triangle to this, the last step, fall straight
        from the base to a hundredth of it (the annihilation of Smith 2018, which the published
        code names but never reaches). A training shorter than a triangle has none.

    Examples
    --------
    >>> [round(triangle(step, 2, 0.1), 2) for step in range(6)]
    [0.1, 0.55, 1.0, 0.55, 0.1, 0.55]
    >>> [round(triangle(step, 2, 0.1, last=6), 4) for step in (4, 5, 6)]
    [0.1, 0.0505, 0.001]
    """
    start = 0 if last is None else last // (2 * half) * 2 * half
    if last is not None and 0 < start <= step and start < last:
        return base_factor * (1 - (1 - _ANNIHILATED) * (step - start) / (last - start))
    position = step % (2 * half)
    return base_factor + (1 - base_factor) * min(position, 2 * half - position) / half


def inverse_decay(step: int, steps: int, gamma: float, power: float) -> float:
    """Return (1 + gamma i)^-power, where i is the first step of this epoch (Ganin+ 2016).

    The published DeepMerge II code falls back to it, with gamma 0.001 and power 0.75, and
    changes the rate once an epoch.

    Examples
    --------
    >>> [round(inverse_decay(step, 100, 0.001, 0.75), 3) for step in (0, 99, 100, 17000)]
    [1.0, 1.0, 0.931, 0.114]
    """
    return float((1 + gamma * (step // steps * steps)) ** -power)


def momentum(plan: Schedule, moment: Moment) -> float:
    """Return the momentum opposite to the rate: high where it is low (Smith 2018).

    Parameters
    ----------
    plan
        With `momentum` (low, high); the low one is reached at the peak of the rate.
    moment
        Where the training is.

    Raises
    ------
    ArgumentError
        If the schedule has no cycle.

    Examples
    --------
    >>> plan = Schedule(name="one_cycle", warmup=0.5, momentum=(0.85, 0.95))
    >>> [round(momentum(plan, Moment(p, 101, 1)), 2) for p in (0, 0.25, 0.5, 1)]
    [0.95, 0.9, 0.85, 0.95]
    """
    if plan.name not in _CYCLES:
        raise ArgumentError.expected(
            "schedule.momentum", f"absent unless schedule.name is {_CYCLES}", plan.momentum
        )
    low, high = plan.momentum
    bases = dict.fromkeys(("start_factor", "end_factor", "base_factor"), 0.0)
    height = SCHEDULES[plan.name](plan.model_copy(update=bases), moment)
    return high - (high - low) * height


def set_momentum(group: dict[str, Any], value: float) -> None:
    """Set Adam's first beta, or SGD's momentum, of an optimiser's parameter group.

    Examples
    --------
    >>> group = {"betas": (0.9, 0.999)}
    >>> set_momentum(group, 0.85)
    >>> group
    {'betas': (0.85, 0.999)}
    """
    if "betas" in group:
        group["betas"] = (value, group["betas"][1])
    else:
        group["momentum"] = value


def _constant(plan: Schedule, moment: Moment) -> float:
    del plan, moment
    return 1.0


def _one_cycle(plan: Schedule, moment: Moment) -> float:
    return one_cycle(moment.progress, plan.warmup, plan.start_factor, plan.end_factor)


def _triangle(plan: Schedule, moment: Moment) -> float:
    half = max(1, int(0.9 * plan.cycle_length * moment.steps / 2))
    last = moment.steps * moment.epochs - 1 if plan.annihilation else None
    return triangle(moment.step, half, plan.base_factor, last)


def _inverse_decay(plan: Schedule, moment: Moment) -> float:
    return inverse_decay(moment.step, moment.steps, plan.gamma, plan.power)


_CYCLES = ("one_cycle", "triangle")

#: Name -> factor(plan, moment). What a plateau does depends on the validation: see `Plateau`.
SCHEDULES: dict[str, Callable[[Schedule, Moment], float]] = {
    "constant": _constant,
    "one_cycle": _one_cycle,
    "triangle": _triangle,
    "inverse_decay": _inverse_decay,
    "plateau": _constant,
}
