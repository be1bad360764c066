"""How the vote fractions of each answer are spread, and whether two parts of the data agree."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from toomre.errors import ArgumentError
from toomre.evaluation.votes.fractions import as_votes
from toomre.surveys.vote_tree import ANSWERS

__all__ = ["BINS", "compare_parts", "histograms"]

#: As in the published figures.
BINS = 25


def histograms(
    values: ArrayLike, bins: int = BINS
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return a normalised histogram of each answer from 0 to 1.

    Parameters
    ----------
    values
        Vote fractions, (galaxy, 37).
    bins
        How many bins of equal width.

    Returns
    -------
    density
        Of shape (37, bin); each row times the width of a bin sums to 1.
    edges
        Of shape (bin + 1,).

    Raises
    ------
    ArgumentError
        If `values` are no vote fractions, or there is no bin.

    Examples
    --------
    >>> density, edges = histograms(np.zeros((4, 37)))
    >>> density.shape, float(density[0, 0]), float(edges[1])
    ((37, 25), 25.0, 0.04)
    """
    if bins < 1:
        raise ArgumentError.expected("bins", "1 or more", bins)
    votes = np.clip(as_votes(values), 0, 1)
    edges = np.linspace(0, 1, bins + 1)
    density = [np.histogram(column, edges, density=True)[0] for column in votes.T]
    return np.array(density), edges


def compare_parts(train: ArrayLike, valid: ArrayLike) -> pd.DataFrame:
    """Compare the training part's vote fractions with the validation part's.

    Parameters
    ----------
    train, valid
        Vote fractions, (galaxy, 37).

    Returns
    -------
    A row an answer: `answer`, `train_mean`, `valid_mean`, `distance` (that of Kolmogorov and
    Smirnov: the greatest difference of the cumulative distributions, 0 to 1) and `p_value`
    (asymptotic; of 37 answers about two are below 0.05 where nothing differs).

    Raises
    ------
    ArgumentError
        If these are no vote fractions.

    Examples
    --------
    >>> table = compare_parts(np.full((9, 37), 0.2), np.full((5, 37), 0.4))
    >>> float(table.loc[0, "distance"]), round(float(table.loc[0, "valid_mean"]), 3)
    (1.0, 0.4)
    """
    from scipy.stats import ks_2samp  # looks for torch when it is imported

    first, second = as_votes(train, "train"), as_votes(valid, "valid")
    tests = [ks_2samp(*both, method="asymp") for both in zip(first.T, second.T, strict=True)]
    return pd.DataFrame(
        {
            "answer": ANSWERS,
            "train_mean": first.mean(axis=0),
            "valid_mean": second.mean(axis=0),
            "distance": [float(test.statistic) for test in tests],
            "p_value": [float(test.pvalue) for test in tests],
        }
    )
