"""How the 37 vote fractions go together over galaxies."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from toomre.errors import ArgumentError
from toomre.evaluation.votes.fractions import SLICES, as_votes
from toomre.surveys.vote_tree import ANSWERS

__all__ = ["by_question", "correlation"]


def correlation(values: ArrayLike) -> NDArray[np.float64]:
    """Return Pearson's correlation of each pair of answers, (37, 37).

    It is (<ij> - <i><j>) / (sigma_i sigma_j) over galaxies. Answers that exclude each other
    correlate negatively: the two of a question that everybody is asked at exactly -1, those of
    a question further down less, for both rise with the share of votes that reach it.

    Parameters
    ----------
    values
        Vote fractions, (galaxy, 37).

    Returns
    -------
    NDArray
        NaN in the row and column of an answer whose fraction is the same for every galaxy.

    Raises
    ------
    ArgumentError
        If `values` are no vote fractions.

    Examples
    --------
    >>> votes = np.zeros((3, 37))
    >>> votes[:, 13], votes[:, 14] = [0.1, 0.5, 0.3], [0.9, 0.5, 0.7]
    >>> correlation(votes)[13:16, 13].round(6).tolist()
    [1.0, -1.0, nan]
    """
    votes = as_votes(values)
    # Equal numbers have a mean that differs by rounding, so their scatter is not quite 0.
    varies = np.ptp(votes, axis=0) > 0
    residual = votes - votes.mean(axis=0)
    sigma = np.where(varies, np.sqrt((residual**2).sum(axis=0)), np.nan)
    residual /= sigma
    matrix: NDArray[np.float64] = np.clip(residual.T @ residual, -1, 1)
    matrix[np.diag_indices_from(matrix)] = np.where(varies, 1.0, np.nan)
    return matrix


def by_question(matrix: ArrayLike) -> dict[str, NDArray[np.float64]]:
    """Return the part of a (37, 37) matrix that belongs to each question's own answers.

    Returns
    -------
    Name of the question -> matrix (answer, answer), in the order of the questions.

    Raises
    ------
    ArgumentError
        If the matrix is of another shape.

    Examples
    --------
    >>> {name: part.shape for name, part in by_question(np.eye(37)).items()}["odd feature"]
    (7, 7)
    """
    whole = np.asarray(matrix, dtype=np.float64)
    if whole.shape != (len(ANSWERS), len(ANSWERS)):
        allowed = f"a matrix of shape ({len(ANSWERS)}, {len(ANSWERS)})"
        raise ArgumentError.expected("matrix", allowed, whole.shape)
    return {name: whole[place, place] for name, place in SLICES.items()}
