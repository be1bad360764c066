"""The learning rate as a factor between 0 and 1, a function of the progress alone."""

from __future__ import annotations

import math
from collections.abc import Callable

__all__ = ["SCHEDULES", "constant", "one_cycle"]


def constant(progress: float, warmup: float, start_factor: float, end_factor: float) -> float:
    """Return 1, whatever the progress.

    Examples
    --------
    >>> constant(0.3, 0.25, 0.04, 1e-4)
    1.0
    """
    del progress, warmup, start_factor, end_factor
    return 1.0


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


#: Name -> factor(progress, warmup, start_factor, end_factor).
SCHEDULES: dict[str, Callable[[float, float, float, float], float]] = {
    "constant": constant,
    "one_cycle": one_cycle,
}
