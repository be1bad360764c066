"""Tables of vote fractions: what is accepted, and what their 37 columns are called."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from toomre.errors import ArgumentError
from toomre.surveys.vote_tree import ANSWERS, QUESTIONS

__all__ = ["SLICES", "TITLES", "answer_index", "as_votes", "vote_pair"]

#: Question (see `QUESTIONS`) -> where its answers stand among the 37.
SLICES = {
    question.name: slice(stop - len(question.answers), stop)
    for question, stop in zip(
        QUESTIONS, np.cumsum([len(q.answers) for q in QUESTIONS]).tolist(), strict=True
    )
}

#: Number and question of each answer, and on a second line the answer.
TITLES = tuple(
    f"{number}.{k} {question.name}\n{answer}"
    for number, question in enumerate(QUESTIONS, start=1)
    for k, answer in enumerate(question.answers, start=1)
)


def as_votes(values: ArrayLike, name: str = "values") -> NDArray[np.float64]:
    """Return vote fractions as an array of shape (galaxy, 37), double.

    Raises
    ------
    ArgumentError
        If the shape differs, there is no galaxy, or a fraction is not a number from 0 to 1.

    Examples
    --------
    >>> as_votes(np.full((2, 37), 0.5)).shape
    (2, 37)
    >>> as_votes([[0.5, 0.5]])
    Traceback (most recent call last):
    toomre.errors.ArgumentError: Expected `values` to be vote fractions of shape (galaxy, 37),
    at least one galaxy, but got (1, 2).
    """
    votes = np.asarray(values, dtype=np.float64)
    if votes.ndim != 2 or votes.shape[1] != len(ANSWERS) or not len(votes):
        allowed = f"vote fractions of shape (galaxy, {len(ANSWERS)}), at least one galaxy"
        raise ArgumentError.expected(name, allowed, votes.shape)
    # A hair of rounding is no error.
    wrong = ~((votes >= -1e-6) & (votes <= 1 + 1e-6))
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        raise ArgumentError.expected(
            name,
            "vote fractions from 0 to 1",
            float(votes[row, column]),
            f"It is {ANSWERS[column]} of row {row}; leave out galaxies without all 37.",
        )
    return votes


def vote_pair(
    truth: ArrayLike, predicted: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return true and predicted vote fractions of the same galaxies, as `as_votes` does.

    Raises
    ------
    ArgumentError
        If `as_votes` refuses one of them, or the shapes differ.

    Examples
    --------
    >>> vote_pair(np.full((2, 37), 0.5), np.full((3, 37), 0.5))
    Traceback (most recent call last):
    toomre.errors.ArgumentError: Expected `predicted` to be of the shape (2, 37), but got (3, 37).
    """
    true, guess = as_votes(truth, "truth"), as_votes(predicted, "predicted")
    if true.shape != guess.shape:
        raise ArgumentError.expected("predicted", f"of the shape {true.shape}", guess.shape)
    return true, guess


def answer_index(answer: str) -> int:
    """Return where an answer stands among the 37.

    Raises
    ------
    ArgumentError
        If there is no such answer.

    Examples
    --------
    >>> answer_index("Class8.6")
    23
    """
    if answer not in ANSWERS:
        allowed = f"one of {ANSWERS[0]} to {ANSWERS[-1]}"
        raise ArgumentError.expected("answer", allowed, answer)
    return ANSWERS.index(answer)
