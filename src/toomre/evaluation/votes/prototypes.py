"""Which galaxies to show: the ones with the most votes for an answer, or some at random."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from toomre.errors import ArgumentError
from toomre.evaluation.votes.fractions import answer_index, as_votes

__all__ = ["SHOWN", "prototypes", "random_above", "top"]

#: The answers whose prototypes are shown row by row: smooth, star or artifact, edge-on, ring,
#: lens or arc, two arms, merger.
SHOWN = ("Class1.1", "Class1.3", "Class2.1", "Class8.1", "Class8.2", "Class11.2", "Class8.6")


def top(values: ArrayLike, answer: str, n: int = 5) -> NDArray[np.intp]:
    """Return the rows with the greatest fraction for an answer, the greatest first.

    Of equal ones the earlier row comes first; a row with no vote at all for it never comes.

    Parameters
    ----------
    values
        Vote fractions, true or predicted, (galaxy, 37).
    answer
        Such as ``"Class8.6"``.
    n
        At most so many.

    Raises
    ------
    ArgumentError
        If `values` are no vote fractions, or there is no such answer.

    Examples
    --------
    >>> votes = np.zeros((4, 37))
    >>> votes[:, 23] = [0.1, 0.7, 0.0, 0.7]
    >>> top(votes, "Class8.6", 5).tolist()
    [1, 3, 0]
    """
    if n < 1:
        raise ArgumentError.expected("n", "1 or more", n)
    column = as_votes(values)[:, answer_index(answer)]
    order = np.argsort(-column, kind="stable")[:n]
    return order[column[order] > 0]


def prototypes(values: ArrayLike) -> NDArray[np.intp]:
    """Return for each answer the row with the greatest fraction, (37,); -1: nobody gave it.

    Parameters
    ----------
    values
        Vote fractions, (galaxy, 37).

    Examples
    --------
    >>> votes = np.zeros((4, 37))
    >>> votes[2, 23] = 0.4
    >>> prototypes(votes)[22:25].tolist()
    [-1, 2, -1]
    """
    votes = as_votes(values)
    return np.where(votes.max(axis=0) > 0, votes.argmax(axis=0), -1)


def random_above(
    p: ArrayLike, threshold: float = 0.30, n: int = 9, *, rng: np.random.Generator
) -> NDArray[np.intp]:
    """Return some rows at random, in ascending order, whose fraction reaches a threshold.

    Parameters
    ----------
    p
        Fractions, (galaxy,), such as those of ``Class8.6``.
    threshold
        At least this; the published one for mergers is 0.30.
    n
        At most so many.
    rng
        Draws them.

    Raises
    ------
    ArgumentError
        If `p` is not one number a galaxy, the threshold not from 0 to 1, or `n` below 1.

    Examples
    --------
    >>> random_above([0.1, 0.3, 0.9], rng=np.random.default_rng(0)).tolist()
    [1, 2]
    """
    value = np.asarray(p, dtype=np.float64)
    if value.ndim != 1:
        raise ArgumentError.expected("p", "one fraction a galaxy", value.shape)
    if not 0 <= threshold <= 1:
        raise ArgumentError.expected("threshold", "a number from 0 to 1", threshold)
    if n < 1:
        raise ArgumentError.expected("n", "1 or more", n)
    rows = np.flatnonzero(value >= threshold)
    return np.sort(rng.choice(rows, min(n, len(rows)), replace=False))
