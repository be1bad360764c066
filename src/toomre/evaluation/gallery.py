"""Which images to show: right and wrong answers, from the surest to the most doubtful."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from toomre.errors import ArgumentError
from toomre.evaluation.weighted import Scored

__all__ = ["KINDS", "choose_examples"]

#: Kind of answer -> (label, whether it is called a merger), in the order of a gallery.
KINDS: dict[str, tuple[int, bool]] = {
    "true positive": (1, True),
    "false positive": (0, True),
    "true negative": (0, False),
    "false negative": (1, False),
}


def choose_examples(
    label: ArrayLike, score: ArrayLike, threshold: float, count: int = 6
) -> dict[str, NDArray[np.intp]]:
    """Choose up to `count` images of each kind of answer, evenly over their ranks.

    They go from the surest to the one nearest to the threshold, both included, so that the
    choice is neither the best nor the worst of them, and the same every time.

    Parameters
    ----------
    label, score
        Arrays of shape (image,); images whose score is NaN are left out.
    threshold
        A score of at least this means merger.
    count
        The most images of one kind.

    Returns
    -------
    Kind -> indices into the arrays.

    Raises
    ------
    ArgumentError
        If the shapes differ or a value is not allowed.

    Examples
    --------
    >>> choose_examples([1, 1, 1, 0], [0.9, 0.6, 0.7, 0.8], 0.5, count=2)["true positive"]
    array([0, 1])
    """
    if count < 1:
        raise ArgumentError.expected("count", "an integer of 1 or more", count)
    sample = Scored.of(label, score, threshold)
    called = sample.score >= threshold
    chosen = {}
    for kind, (truth, answer) in KINDS.items():
        rows = np.flatnonzero((sample.label == truth) & (called == answer))
        rows = rows if answer else rows[::-1]  # the sample falls: the surest comes first
        steps = np.linspace(0, len(rows) - 1, min(count, len(rows))).round().astype(np.intp)
        chosen[kind] = sample.order[rows[steps]]
    return chosen
