"""The threshold from which on a score means merger, chosen on the validation part only."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from toomre.errors import ArgumentError
from toomre.evaluation.weighted import Scored, cumulative_counts, ratio

__all__ = ["best_threshold", "candidate_thresholds"]

Floats = NDArray[np.float64]


def best_threshold(
    label: ArrayLike, score: ArrayLike, criterion: str = "balanced_accuracy"
) -> float:
    """Return a threshold that is good for the criterion and does not hang on single galaxies.

    The candidates lie midway between neighbouring scores. For ``"balanced_accuracy"`` and
    ``"f1"``, the plateau is the unbroken run of candidates around the best one whose value is
    at most one standard error of the best value below it; the answer is the candidate nearest
    to the plateau's middle. For ``"purity:0.95"`` it is the lowest candidate, so the most
    complete one, with at least that purity; for ``"purity:0.95@0.05"`` with that purity where 5 %
    of the galaxies are mergers, whatever their fraction here.

    Parameters
    ----------
    label
        Array of shape (image,), 1 for a merger and 0 for a nonmerger.
    score
        Array of shape (image,), 0 to 1; images with NaN are left out.
    criterion
        ``"balanced_accuracy"``, ``"f1"`` or ``"purity:VALUE"`` with a VALUE above 0, up to 1, and
        ``"@FRACTION"`` behind it with a true fraction of mergers between 0 and 1.

    Returns
    -------
    The threshold; 0.5 where the images do not have two classes.

    Raises
    ------
    ArgumentError
        If the criterion is not known, or no threshold has the purity that was asked for.

    Examples
    --------
    >>> best_threshold([0, 0, 1, 1], [0.1, 0.2, 0.6, 0.8])
    0.4
    >>> best_threshold([0, 1, 0, 1, 1], [0.1, 0.2, 0.3, 0.6, 0.8], "purity:0.7")
    0.15...
    """
    target, fraction = _purity_target(criterion)
    sample = Scored.of(label, score)
    if not 0 < sample.label.sum() < len(sample.label):
        return 0.5
    candidates, tp, fp = _table(sample)
    if target is not None:
        if fraction is not None:
            tp, fp = tp / tp[-1] * fraction, fp / fp[-1] * (1 - fraction)
        return _lowest_pure(candidates, tp, fp, criterion, target)
    mergers, nonmergers = tp[-1], fp[-1]
    if criterion == "f1":
        # F1 = 2 J / (1 + J), where J is the fraction tp / (tp + fp + fn).
        whole = mergers + fp
        jaccard = tp / whole
        value = 2 * jaccard / (1 + jaccard)
        error = 2 / (1 + jaccard) ** 2 * np.sqrt(jaccard * (1 - jaccard) / whole)
    else:
        hit, rejected = tp / mergers, 1 - fp / nonmergers
        value = (hit + rejected) / 2
        error = np.sqrt(hit * (1 - hit) / mergers + rejected * (1 - rejected) / nonmergers) / 2
    best = int(np.argmax(value))
    return _plateau_middle(candidates, value >= value[best] - error[best] - 1e-12, best)


def candidate_thresholds(score: Floats) -> Floats:
    """Return the thresholds midway between neighbouring distinct scores, falling.

    The first is above the highest score where there is room (nothing is a merger), the last
    is 0 (all are).

    Parameters
    ----------
    score
        Distinct scores, falling.

    Examples
    --------
    >>> candidate_thresholds(np.array([0.8, 0.4]))
    array([0.9, 0.6, 0. ])
    """
    upper = np.r_[1.0, score[:-1]]
    middle = (score + upper) / 2
    # Between two neighbouring numbers there is no third: then the upper one separates them.
    middle = np.where(middle > score, middle, upper)
    return np.concatenate([middle, [0.0]])


def _table(sample: Scored) -> tuple[Floats, Floats, Floats]:
    """Return the candidates and the true and false positives at each."""
    tp, fp = cumulative_counts(sample, np.ones((1, len(sample.label))))
    distinct = sample.score[sample.start]
    candidates = candidate_thresholds(distinct)
    tp, fp = np.r_[0.0, tp[0]], np.r_[0.0, fp[0]]
    if distinct[0] == 1:  # no threshold lies above the highest score
        return candidates[1:], tp[1:], fp[1:]
    return candidates, tp, fp


def _plateau_middle(candidates: Floats, good: NDArray[np.bool_], best: int) -> float:
    bad = np.flatnonzero(~good)
    first = int(bad[bad < best].max(initial=-1)) + 1
    last = int(bad[bad > best].min(initial=len(good))) - 1
    plateau = candidates[first : last + 1]
    middle = (plateau[0] + plateau[-1]) / 2
    return float(plateau[np.argmin(np.abs(plateau - middle))])


def _lowest_pure(
    candidates: Floats, tp: Floats, fp: Floats, criterion: str, target: float
) -> float:
    purity = np.nan_to_num(ratio(tp, tp + fp))
    pure = np.flatnonzero(purity >= target)
    if not len(pure):
        raise ArgumentError.expected(
            "criterion",
            f"a purity of at most {purity.max():.3f}, the highest that these scores reach",
            criterion,
        )
    return float(candidates[pure[-1]])


def _purity_target(criterion: str) -> tuple[float | None, float | None]:
    """Return the purity that is asked for, if any, and for which true fraction of mergers."""
    if criterion in ("balanced_accuracy", "f1"):
        return None, None
    name, _, text = criterion.partition(":")
    text, at, stated = text.partition("@")
    try:
        target = float(text) if name == "purity" else np.nan
        fraction = float(stated) if at else None
    except ValueError:
        target, fraction = np.nan, None
    if not 0 < target <= 1 or (fraction is not None and not 0 < fraction < 1):
        raise ArgumentError.expected(
            "criterion",
            "'balanced_accuracy', 'f1' or 'purity:VALUE', such as 'purity:0.95', or "
            "'purity:0.95@0.05' for a sample with 5 % mergers",
            criterion,
        )
    return target, fraction
