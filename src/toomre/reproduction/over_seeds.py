"""The mean of a number from 0 to 1 over the seeds of a training, with its interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from toomre.evaluation.bootstrap import Interval

__all__ = ["OverSeeds", "over_seeds"]


@dataclass(frozen=True)
class OverSeeds:
    """A number over several seeds; NaN where it is undefined.

    Attributes
    ----------
    mean, std
        Mean and standard deviation over the seeds.
    lower, upper
        95 % interval of the mean; with one seed, that over the galaxies of its test part.
    least, greatest
        The range over the seeds.
    seeds
        How many seeds have the number.
    """

    mean: float
    std: float
    lower: float
    upper: float
    least: float
    greatest: float
    seeds: int


def over_seeds(found: Sequence[Interval]) -> OverSeeds:
    """Return mean, scatter and the interval of the mean by Student's t distribution, in 0 to 1.

    Parameters
    ----------
    found
        The number of each seed; a seed for which it is undefined (NaN) does not count.

    Examples
    --------
    >>> one = over_seeds([Interval(0.4, 0, 1), Interval(0.5, 0, 1), Interval(0.6, 0, 1)])
    >>> round(one.mean, 3), round(one.std, 3), round(one.lower, 3), round(one.upper, 3)
    (0.5, 0.1, 0.252, 0.748)
    """
    known = [each for each in found if not np.isnan(each.value)]
    values = np.array([each.value for each in known])
    count = len(values)
    if count == 0:
        return OverSeeds(*(6 * (math.nan,)), seeds=0)
    mean, least, greatest = (float(f(values)) for f in (np.mean, np.min, np.max))
    if count == 1:
        return OverSeeds(mean, math.nan, known[0].lower, known[0].upper, least, greatest, 1)
    std = float(values.std(ddof=1))
    reach = float(stdtrit(count - 1, 0.975)) * std / count**0.5
    lower, upper = max(mean - reach, 0.0), min(mean + reach, 1.0)
    return OverSeeds(mean, std, lower, upper, least, greatest, count)
