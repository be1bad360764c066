"""Right and wrong answers by how sure they are: far from the threshold, or near it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from toomre.errors import ArgumentError
from toomre.evaluation.gallery import KINDS
from toomre.evaluation.weighted import Scored
from toomre.lookup import lookup

__all__ = ["CONFIDENCES", "answer_groups", "choose_answers"]

#: How sure an answer is -> its least and its largest margin.
CONFIDENCES = {"sure": (0.6, 1.0), "near": (0.0, 0.12)}


def answer_groups(label: ArrayLike, score: ArrayLike, threshold: float = 0.5) -> pd.DataFrame:
    """Say of each image what kind of answer it got, and how far its score is from the threshold.

    Parameters
    ----------
    label, score
        Arrays of shape (image,), such as the columns `label` and `p_merger` of a table of scores.
    threshold
        A score of at least this means merger.

    Returns
    -------
    A row an image, in order: `kind` (a key of `toomre.evaluation.gallery.KINDS`; missing without
    a score) and `margin`, 0 at the threshold and 1 at the end of the scores (0 or 1). With a
    threshold of 0.5, `CONFIDENCES` are scores below 0.2 or above 0.8, and from 0.44 to 0.56, much
    as in Ćiprijanović et al. (2020).

    Raises
    ------
    ArgumentError
        If the shapes differ or a value is not allowed.

    Examples
    --------
    >>> answer_groups([1, 0, 1], [0.95, 0.52, 0.1]).round(2)
                 kind  margin
    0   true positive    0.90
    1  false positive    0.04
    2  false negative    0.80
    """
    sample = Scored.of(label, score, threshold)
    called = sample.score >= threshold
    room = np.where(called, 1 - threshold, threshold)
    margin = np.abs(sample.score - threshold) / np.where(room > 0, room, 1)
    names = {answer: kind for kind, answer in KINDS.items()}
    pairs = zip(sample.label.astype(int).tolist(), called.tolist(), strict=True)
    kinds = pd.Series([names[pair] for pair in pairs], index=sample.order, dtype="str")
    table = pd.DataFrame({"kind": kinds, "margin": pd.Series(margin, index=sample.order)})
    return table.reindex(range(np.size(label)))


def choose_answers(
    groups: Sequence[pd.DataFrame],
    confidence: str,
    count: int = 3,
    galaxies: ArrayLike | None = None,
) -> dict[str, NDArray[np.intp]]:
    """Choose up to `count` images of each kind of answer, evenly over their margins' ranks.

    Parameters
    ----------
    groups
        From `answer_groups`, one for each way in which the same images were scored, such as
        clean and noisy. Sure ones are sure and of one kind in all of them; those near the
        threshold are so in the first.
    confidence
        A key of `CONFIDENCES`.
    count
        The most images of one kind.
    galaxies
        An id for each image: of each galaxy one image at most is chosen. None: no matter.

    Returns
    -------
    Kind -> row numbers, from the surest to the one nearest to the threshold.

    Raises
    ------
    ArgumentError
        If `confidence` is unknown, or `count` is below 1.

    Examples
    --------
    >>> groups = answer_groups([1, 1, 1, 0], [0.9, 0.95, 0.51, 0.3])
    >>> choose_answers([groups], "sure", 2)["true positive"]
    array([1, 0])
    """
    low, high = lookup(CONFIDENCES, confidence, "confidence")
    if count < 1:
        raise ArgumentError.expected("count", "an integer of 1 or more", count)
    first = groups[0]
    fits = first["margin"].between(low, high)
    if confidence == "sure":
        for other in groups[1:]:
            fits &= other["margin"].between(low, high) & (other["kind"] == first["kind"])
    ids = np.arange(len(first)) if galaxies is None else np.asarray(galaxies)
    table = first.assign(galaxy=ids, row=np.arange(len(first)))[fits]
    table = table.sort_values("margin", ascending=False, kind="stable")
    chosen = {}
    for kind in KINDS:
        own = table[table["kind"] == kind].drop_duplicates("galaxy")
        steps = np.linspace(0, len(own) - 1, min(count, len(own))).round().astype(np.intp)
        chosen[kind] = own["row"].to_numpy(np.intp)[steps]
    return chosen
