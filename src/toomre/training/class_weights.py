"""Weights of the classes in a loss, from how often each is among the training labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from toomre.errors import ArgumentError
from toomre.recipe import LossTerm

__all__ = ["balanced_weights", "with_class_weights"]

_OPTION, _BALANCED = "class_weights", "balanced"


def balanced_weights(labels: NDArray[Any]) -> tuple[float, float]:
    """Return the weights of nonmergers and mergers with which both classes count the same.

    Each is n / (2 n_class), so that their mean over the images is 1.

    Parameters
    ----------
    labels
        Of the training part, (n,): 1 merger, 0 nonmerger; both are there.

    Raises
    ------
    ArgumentError
        If the labels are no classes.

    Examples
    --------
    >>> import numpy as np
    >>> balanced_weights(np.array([0, 0, 0, 1]))
    (0.6666666666666666, 2.0)
    """
    if labels.ndim != 1:
        name = f"{_OPTION} of a loss"
        raise ArgumentError.expected(name, f"no {_BALANCED!r} for vote fractions", _BALANCED)
    mergers = int((labels == 1).sum())
    return len(labels) / (2 * (len(labels) - mergers)), len(labels) / (2 * mergers)


def with_class_weights(
    terms: Sequence[LossTerm], labels: NDArray[Any]
) -> tuple[tuple[LossTerm, ...], dict[str, tuple[float, float]]]:
    """Return losses with numbers in the place of ``class_weights = "balanced"``, and these.

    Parameters
    ----------
    terms
        A recipe's losses.
    labels
        Of the training part alone.

    Returns
    -------
    tuple
        The losses, and the name of each that asked -> its weights.

    Examples
    --------
    >>> import numpy as np
    >>> term = LossTerm(name="cross_entropy", options={"class_weights": "balanced"})
    >>> with_class_weights([term], np.array([0, 1]))[1]
    {'cross_entropy': (1.0, 1.0)}
    """
    asked = [term.name for term in terms if term.options.get(_OPTION) == _BALANCED]
    found = {name: balanced_weights(labels) for name in asked}
    return tuple(_weighted(term, found) for term in terms), found


def _weighted(term: LossTerm, found: dict[str, tuple[float, float]]) -> LossTerm:
    if term.name not in found:
        return term
    return term.model_copy(update={"options": {**term.options, _OPTION: found[term.name]}})
