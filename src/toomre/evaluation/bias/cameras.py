"""One galaxy seen from several sides: from how many of them it is called a merger."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import comb

from toomre.errors import ArgumentError
from toomre.evaluation.reliability import wilson_interval

__all__ = ["Agreement", "camera_agreement"]


@dataclass(frozen=True, eq=False)
class Agreement:
    """From how many sides the galaxies of one class are called mergers.

    Attributes
    ----------
    table
        A row a number of sides from 0 to all: `sides`, `galaxies`, `fraction` with Wilson's 95 %
        interval `lower` and `upper`, and the fraction `expected` if the sides were independent.
    rate
        The share of images that are called mergers.
    correlation
        Of the answers from two sides of one galaxy: 0 if independent, 1 if always the same; NaN
        where all answers are the same.
    left_out
        Galaxies that are seen from another number of sides.
    """

    table: pd.DataFrame
    rate: float
    correlation: float
    left_out: int


def camera_agreement(called: pd.Series, galaxies: pd.Series) -> Agreement:
    """Count from how many sides each galaxy is called a merger.

    The expectation is binomial, with the mean rate for every image. Galaxies differ in how hard
    they are, so that more of them than expected are found from all sides or from none.

    Parameters
    ----------
    called
        Whether each image is called a merger, of images of one class.
    galaxies
        Galaxy ids.

    Raises
    ------
    ArgumentError
        If no galaxy is seen from two sides or more.

    References
    ----------
    Fleiss & Cuzick (1979): the correlation within groups of yes and no.

    Examples
    --------
    >>> called = pd.Series([True, True, True, False, False, False])
    >>> found = camera_agreement(called, pd.Series(["a", "a", "b", "b", "c", "c"]))
    >>> found.table["galaxies"].tolist(), found.rate
    ([1, 1, 1], 0.5)
    """
    answers = called.astype(np.float64).groupby(galaxies.to_numpy())
    sides, found = answers.size(), answers.sum()
    number = int(sides.mode().max()) if len(sides) else 0
    if number < 2:
        allowed = "of galaxies that are seen from two sides or more"
        raise ArgumentError.expected("called", allowed, f"{number} image(s) a galaxy")
    times = found[sides == number].to_numpy().astype(np.int64)
    counts = np.bincount(times, minlength=number + 1)
    rate = float(times.sum() / (number * len(times)))
    fraction = counts / len(times)
    lower, upper = wilson_interval(fraction, np.full(number + 1, float(len(times))))
    table = pd.DataFrame(
        {
            "sides": np.arange(number + 1),
            "galaxies": counts,
            "fraction": fraction,
            "lower": lower,
            "upper": upper,
            "expected": _binomial(number, rate),
        }
    )
    return Agreement(table, rate, _correlation(times, number), int((sides != number).sum()))


def _binomial(number: int, rate: float) -> NDArray[np.float64]:
    yes = np.arange(number + 1)
    return np.asarray(comb(number, yes) * rate**yes * (1 - rate) ** (number - yes))


def _correlation(times: NDArray[np.int64], number: int) -> float:
    """Return the correlation of two answers within a galaxy (Fleiss & Cuzick 1979)."""
    rate = float(times.mean()) / number
    if not 0 < rate < 1:
        return float("nan")
    disagreement = float((times * (number - times)).mean())
    return 1 - disagreement / (number * (number - 1) * rate * (1 - rate))
