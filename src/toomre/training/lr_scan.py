"""Read a learning-rate range test: how the loss went while the rate rose (Smith 2017)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from toomre.errors import ArgumentError

__all__ = ["Ramp", "Suggestion", "diverges", "scan_table", "smooth", "suggest"]

# The loss has diverged when it stands this many times its whole fall above its minimum.
_DIVERGED = 3.0
# Share of the steps over which the loss is smoothed.
_SHARE = 0.1
# The slope is taken over this to both sides, half a decade in all, for single steps are noisy.
_REACH = 0.25 * np.log(10)


@dataclass(frozen=True)
class Ramp:
    """A learning rate that rises from `low` to `high` over the training.

    Attributes
    ----------
    low, high
        The rates at the first and at the last step.
    log
        Multiply by the same factor each step, instead of adding the same amount.
    epochs
        Passes through the training part that the rise takes.

    Examples
    --------
    >>> [round(Ramp(0.001, 0.1, log=True)(p), 4) for p in (0, 0.5, 1)]
    [0.001, 0.01, 0.1]
    >>> [round(Ramp(0.001, 0.1)(p), 4) for p in (0, 0.5, 1)]
    [0.001, 0.0505, 0.1]
    """

    low: float = 1e-6
    high: float = 0.1
    log: bool = False
    epochs: int = 5

    def __post_init__(self) -> None:
        if not 0 < self.low < self.high:
            raise ArgumentError.expected(
                "low and high", "rates with 0 < low < high", (self.low, self.high)
            )

    def __call__(self, progress: float) -> float:
        """Return the rate at a progress from 0 to 1."""
        if self.log:
            return self.low * float((self.high / self.low) ** progress)
        return self.low + (self.high - self.low) * progress


@dataclass(frozen=True)
class Suggestion:
    """What a scan suggests.

    Attributes
    ----------
    highest
        The rate at which the smoothed loss is lowest: the peak of a cycle (as in DeepMerge II).
    lowest
        A tenth of it: the base of the cycle.
    steepest
        The rate below `highest` at which the loss falls fastest with log(rate); a cautious peak.
    note
        What is wrong with the scan, or empty.
    """

    highest: float
    lowest: float
    steepest: float
    note: str = ""


def smooth(loss: ArrayLike) -> NDArray[np.float64]:
    """Return the running mean over 10 % of the steps, at least 3; it does not lag behind.

    At the start it reaches as far ahead as back, for the rates there differ by orders of
    magnitude; at the end it takes what is there.

    Examples
    --------
    >>> smooth([0, 3, 6, 0])
    array([0., 3., 3., 3.])
    """
    values = np.asarray(loss, dtype=np.float64)
    half = _half(len(values))
    step = np.arange(len(values))
    total = np.concatenate([[0.0], np.cumsum(values)])
    first = np.maximum(step - half, 0)
    after = np.minimum(step + np.minimum(half, step) + 1, len(values))
    mean: NDArray[np.float64] = (total[after] - total[first]) / (after - first)
    return mean


def _half(steps: int) -> int:
    return max(1, int(_SHARE * steps / 2))


def diverges(losses: Sequence[float], window: int) -> bool:
    """Whether the mean of the last `window` losses stands far above the lowest such mean.

    Far: 3 times the whole fall from the first mean to the lowest, or 3 times the lowest one.

    Examples
    --------
    >>> diverges([0.7, 0.6, 0.5, 0.6, 1.0], 1), diverges([0.7, 0.6, 0.5, 0.6, 2.1], 1)
    (False, True)
    """
    if len(losses) <= window:
        return False
    total = np.concatenate([[0.0], np.cumsum(np.asarray(losses, dtype=np.float64))])
    means = (total[window:] - total[:-window]) / window
    best = float(means.min())
    return bool(means[-1] > best + _DIVERGED * max(abs(best), float(means[0]) - best))


def scan_table(rates: Sequence[float], losses: Sequence[float]) -> pd.DataFrame:
    """Return a row a step: `step`, `learning_rate`, `loss` and `smoothed_loss`.

    Raises
    ------
    ArgumentError
        If there are fewer than 10 steps.

    Examples
    --------
    >>> list(scan_table([0.1] * 10, [1.0] * 10))
    ['step', 'learning_rate', 'loss', 'smoothed_loss']
    """
    if len(losses) < 10:
        raise ArgumentError.expected(
            "the scan",
            "at least 10 steps long",
            f"{len(losses)} steps",
            "Take more epochs or smaller batches, or a lower highest rate if the loss diverged.",
        )
    return pd.DataFrame(
        {
            "step": np.arange(1, len(losses) + 1),
            "learning_rate": rates,
            "loss": losses,
            "smoothed_loss": smooth(losses),
        }
    )


def suggest(table: pd.DataFrame) -> Suggestion:
    """Read a suggestion off a scan.

    Examples
    --------
    >>> rate = np.linspace(0.001, 0.1, 100)
    >>> found = suggest(scan_table(rate, (np.log(rate) - np.log(0.02)) ** 2))
    >>> round(found.highest, 3), round(found.lowest, 4), found.note
    (0.021, 0.0021, '')
    """
    rate = table["learning_rate"].to_numpy(np.float64)
    loss = table["smoothed_loss"].to_numpy(np.float64)
    whole = _half(len(loss))  # before it the mean is of a few steps only
    lowest = whole + int(loss[whole:].argmin())
    note = ""
    if lowest - whole < 0.05 * len(loss):
        note = "The loss never fell: begin with a lower rate, or look at the losses themselves."
    elif lowest > 0.95 * len(loss) - 1:
        note = "The loss was still falling at the end: go on to a higher rate."
    best = float(rate[lowest])
    return Suggestion(best, best / 10, _steepest(rate[: lowest + 1], loss[: lowest + 1]), note)


def _steepest(rate: NDArray[np.float64], loss: NDArray[np.float64]) -> float:
    """Return the rate at which the loss falls fastest with log(rate)."""
    x = np.log(rate)
    grid = np.linspace(x[0], x[-1], 400)
    change = np.interp(grid + _REACH, x, loss) - np.interp(grid - _REACH, x, loss)
    return float(np.exp(grid[change.argmin()]))
