"""Merger fractions in bins of a property, such as mass or redshift."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from toomre.errors import ArgumentError
from toomre.evaluation.prevalence.estimates import Estimate, Estimator

__all__ = ["binned_fractions", "check_edges", "estimate_table"]

_BINS = 5


def check_edges(edges: Sequence[float]) -> tuple[float, ...]:
    """Return the edges of bins as numbers.

    Raises
    ------
    ArgumentError
        If there are fewer than two, or they do not rise.

    Examples
    --------
    >>> check_edges([9, 10, 11])
    (9.0, 10.0, 11.0)
    """
    found = np.asarray(edges, dtype=np.float64)
    if found.ndim != 1 or len(found) < 2 or not (np.diff(found) > 0).all():
        allowed = "two numbers or more that rise, such as 9,10,11"
        raise ArgumentError.expected("edges", allowed, list(edges))
    return tuple(float(edge) for edge in found)


def binned_fractions(
    estimator: Estimator,
    score: ArrayLike,
    value: ArrayLike,
    edges: Sequence[float] | None = None,
) -> pd.DataFrame:
    """Return the estimates in each bin of a property.

    The rates and the calibration are those of the whole validation set in every bin, so that the
    bins' intervals are not independent of each other.

    Parameters
    ----------
    estimator
        Estimates the fraction of a sample.
    score
        Calibrated probabilities of the catalogue, (n,); NaN is left out.
    value
        The property of each galaxy, (n,); NaN is left out.
    edges
        Edges of the bins: each holds its lower one, the last also its upper one. None: five bins
        with equal numbers of galaxies.

    Returns
    -------
    pandas.DataFrame
        One row a bin and method: `from`, `to`, `middle` (median of the property), then the
        columns of `estimate_table`.

    Raises
    ------
    ArgumentError
        If there is not one value a score, or the edges do not rise.

    Examples
    --------
    >>> estimator = Estimator(0.5, rng=np.random.default_rng(3))
    >>> table = binned_fractions(estimator, [0.1, 0.9, 0.8], [9.2, 9.8, 10.5], [9, 10, 11])
    >>> table.loc[table["method"] == "count", ["from", "galaxies", "fraction"]].values.tolist()
    [[9.0, 2.0, 0.5], [10.0, 1.0, 1.0]]
    """
    scores, values = np.asarray(score, np.float64), np.asarray(value, np.float64)
    if scores.shape != values.shape:
        raise ArgumentError.expected("value", f"of shape {scores.shape}, as `score`", values.shape)
    known = np.isfinite(scores) & np.isfinite(values)
    scores, values = scores[known], values[known]
    limits = check_edges(_equal_numbers(values) if edges is None else edges)
    place = np.searchsorted(limits, values, side="right") - 1
    place[values == limits[-1]] = len(limits) - 2
    parts = []
    for number, (low, high) in enumerate(pairwise(limits)):
        mine = place == number
        table = estimate_table(estimator(scores[mine]), int(mine.sum()))
        middle = float(np.median(values[mine])) if mine.any() else (low + high) / 2
        table.insert(0, "from", low)
        table.insert(1, "to", high)
        table.insert(2, "middle", middle)
        parts.append(table)
    return pd.concat(parts, ignore_index=True)


def estimate_table(estimates: Sequence[Estimate], galaxies: int) -> pd.DataFrame:
    """Return a row an estimate: `method`, `fraction`, `lower`, `upper`, `galaxies`.

    Examples
    --------
    >>> estimator = Estimator(0.5, rng=np.random.default_rng(3))
    >>> estimate_table(estimator([0.1, 0.9]), 2)["fraction"].tolist()
    [0.5, 0.5]
    """
    return pd.DataFrame(
        {
            "method": [estimate.method for estimate in estimates],
            "fraction": [estimate.fraction.value for estimate in estimates],
            "lower": [estimate.fraction.lower for estimate in estimates],
            "upper": [estimate.fraction.upper for estimate in estimates],
            "galaxies": galaxies,
        }
    )


def _equal_numbers(values: np.ndarray) -> list[float]:
    if not len(values):
        raise ArgumentError("No galaxy has both a score and a value, so that there are no bins.")
    edges = np.unique(np.quantile(values, np.linspace(0, 1, _BINS + 1)))
    return [float(edge) for edge in edges]
