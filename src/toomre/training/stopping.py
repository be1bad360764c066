"""How long a training without progress goes on: what each epoch adds to a count."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["STOPPING", "count_patience", "count_softly"]

# Excess over the lowest loss -> what it adds, the largest first.
_STEPS = ((0.4, 1.0), (0.3, 0.5), (0.2, 0.25), (0.1, 0.1))


def count_patience(count: float, excess: float, min_delta: float) -> float:
    """Return the epochs since the last improvement by more than `min_delta`.

    Parameters
    ----------
    count
        The count before this epoch.
    excess
        This epoch's value less the best one before it; smaller is better.
    min_delta
        The least change that counts as an improvement.

    Examples
    --------
    >>> count_patience(3, -0.2, 0.1), count_patience(3, -0.05, 0.1)
    (0.0, 4.0)
    """
    return 0.0 if excess < -min_delta else count + 1.0


def count_softly(count: float, excess: float, min_delta: float) -> float:
    """Return the count of the published DeepMerge II code, which never starts again.

    An epoch whose loss exceeds the lowest one by 0.1, 0.2, 0.3 or 0.4 adds 0.1, 0.25, 0.5 or 1;
    by less, nothing. The published code takes the cross-entropy of one random batch of 64
    source images; here it is that of the whole validation part, so that a recipe stops when the
    network is overfit and not when a batch is unlucky. `min_delta` plays no part.

    Examples
    --------
    >>> [round(count_softly(1.0, excess, 0.0), 2) for excess in (-1, 0.05, 0.1, 0.25, 0.3, 5)]
    [1.0, 1.0, 1.1, 1.25, 1.5, 2.0]
    """
    del min_delta
    return count + next((step for least, step in _STEPS if excess >= least), 0.0)


#: Name -> count(count, excess, min_delta).
STOPPING: dict[str, Callable[[float, float, float], float]] = {
    "patience": count_patience,
    "soft_counter": count_softly,
}
