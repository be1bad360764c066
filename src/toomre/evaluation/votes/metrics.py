"""How good predicted vote fractions are; truth and prediction have the shape (galaxy, answer).

Accuracy has two meanings here. Keras, and so S002, takes for a vector of answers how often the
largest predicted answer is the largest true one; the other is one for each answer: how often
both fractions are on the same side of one half.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from toomre.errors import ArgumentError
from toomre.evaluation.bootstrap import Interval, bootstrap, resample_weights
from toomre.evaluation.weighted import Scored

__all__ = [
    "argmax_accuracy",
    "intervals",
    "mean_labels",
    "mean_squared_error",
    "merger_ranking",
    "per_answer",
    "rmse",
]

Floats = NDArray[np.float64]

_HALF = 0.5


def mean_squared_error(truth: ArrayLike, predicted: ArrayLike) -> float:
    """Return the mean over galaxies and answers of (predicted - truth)^2.

    Examples
    --------
    >>> mean_squared_error([[0.0, 1.0]], [[0.5, 0.5]])
    0.25
    """
    truth, predicted = _pair(truth, predicted)
    return float(np.mean((predicted - truth) ** 2))


def rmse(truth: ArrayLike, predicted: ArrayLike) -> float:
    """Return the root of `mean_squared_error`, by which the Galaxy Zoo challenge was judged.

    Examples
    --------
    >>> rmse([[0.0, 1.0]], [[0.5, 0.5]])
    0.5
    """
    return float(np.sqrt(mean_squared_error(truth, predicted)))


def argmax_accuracy(truth: ArrayLike, predicted: ArrayLike) -> float:
    """Return how often the largest predicted answer is the largest true one (Keras' accuracy).

    Of equal ones the first counts.

    Examples
    --------
    >>> argmax_accuracy([[0.2, 0.8], [0.9, 0.1]], [[0.4, 0.6], [0.3, 0.7]])
    0.5
    """
    truth, predicted = _pair(truth, predicted)
    return float(np.mean(truth.argmax(axis=1) == predicted.argmax(axis=1)))


def per_answer(truth: ArrayLike, predicted: ArrayLike) -> dict[str, Floats]:
    """Return numbers for each answer, each of shape (answer,).

    Returns
    -------
    dict
        ``mse``; ``rmse``; ``accuracy``, how often both fractions are on the same side of 0.5;
        ``correlation``, Pearson's, NaN where an answer does not vary.

    Examples
    --------
    >>> per_answer([[0.0, 0.6], [0.4, 0.8]], [[0.1, 0.4], [0.5, 0.6]])["accuracy"]
    array([0.5, 0.5])
    """
    truth, predicted = _pair(truth, predicted)
    mse = np.mean((predicted - truth) ** 2, axis=0)
    same = (truth >= _HALF) == (predicted >= _HALF)
    a, b = truth - truth.mean(axis=0), predicted - predicted.mean(axis=0)
    spread = np.sqrt((a**2).sum(axis=0) * (b**2).sum(axis=0))
    varies = (np.ptp(truth, axis=0) > 0) & (np.ptp(predicted, axis=0) > 0)
    correlation = np.full(len(mse), np.nan)
    np.divide((a * b).sum(axis=0), spread, out=correlation, where=varies)
    accuracy = same.mean(axis=0)
    return {"mse": mse, "rmse": np.sqrt(mse), "accuracy": accuracy, "correlation": correlation}


def mean_labels(train: ArrayLike, galaxies: int) -> Floats:
    """Return the model that never looks: for every galaxy the training part's mean fractions.

    Parameters
    ----------
    train
        Fractions of the training part alone, (galaxy, answer).
    galaxies
        How many rows to return.

    Examples
    --------
    >>> mean_labels([[0.0, 1.0], [0.5, 0.5]], 1)
    array([[0.25, 0.75]])
    """
    fractions = np.asarray(train, dtype=np.float64)
    if fractions.ndim != 2 or not len(fractions):
        raise ArgumentError.expected("train", "fractions (galaxy, answer)", fractions.shape)
    return np.tile(fractions.mean(axis=0), (galaxies, 1))


def intervals(
    truth: ArrayLike,
    predicted: ArrayLike,
    groups: ArrayLike | None,
    *,
    rng: np.random.Generator,
    baseline: ArrayLike | None = None,
    resamples: int = 1000,
) -> dict[str, Interval]:
    """Return the overall numbers with their 95 % intervals; galaxies are what is drawn.

    Parameters
    ----------
    truth, predicted
        Fractions, (galaxy, answer).
    groups
        A galaxy's id for each row; None: every row by itself.
    rng, resamples
        As for `toomre.evaluation.bootstrap.bootstrap`.
    baseline
        Another prediction, such as `mean_labels`, to be compared with on the same draws.

    Returns
    -------
    dict
        ``rmse``, ``mse``, ``argmax_accuracy``, ``accuracy`` (mean over the answers); with a
        baseline also ``baseline_rmse`` and ``gain``, 1 - rmse / baseline_rmse.

    Examples
    --------
    >>> truth = np.array([[0.0], [1.0]])
    >>> found = intervals(truth, truth, None, rng=np.random.default_rng(3), baseline=1 - truth)
    >>> print(found["gain"])
    1.000 (1.000 to 1.000)
    """
    truth, predicted = _pair(truth, predicted)
    columns = [((predicted - truth) ** 2).mean(axis=1)]
    columns.append(truth.argmax(axis=1) == predicted.argmax(axis=1))
    columns.append(((truth >= _HALF) == (predicted >= _HALF)).mean(axis=1))
    if baseline is not None:
        columns.append(((_pair(truth, baseline)[1] - truth) ** 2).mean(axis=1))
    rows = np.stack(columns, axis=1)
    # Every row has the same label and score, so that the draw is of galaxies alone.
    nothing = np.zeros(len(rows))
    weights = resample_weights(Scored.of(nothing, nothing), groups, resamples, rng)
    drawn = np.concatenate([w @ rows / w.sum(axis=1, keepdims=True) for w in weights])
    whole = rows.mean(axis=0, keepdims=True)
    return {
        name: Interval(
            float(number(whole)[0]), *np.quantile(number(drawn), (0.025, 0.975)).tolist()
        )
        for name, number in _NUMBERS.items()
        if baseline is not None or name not in {"baseline_rmse", "gain"}
    }


#: Name -> function of the means over galaxies, (draw, 3 or 4).
_NUMBERS: dict[str, Callable[[Floats], Floats]] = {
    "rmse": lambda means: np.sqrt(means[:, 0]),
    "mse": lambda means: means[:, 0],
    "argmax_accuracy": lambda means: means[:, 1],
    "accuracy": lambda means: means[:, 2],
    "baseline_rmse": lambda means: np.sqrt(means[:, 3]),
    "gain": lambda means: 1 - np.sqrt(means[:, 0] / means[:, 3]),
}


def merger_ranking(
    is_merger: ArrayLike,
    predicted: ArrayLike,
    groups: ArrayLike | None,
    *,
    rng: np.random.Generator,
    resamples: int = 1000,
) -> Interval:
    """Return the ROC-AUC of a predicted merger fraction, with its 95 % interval.

    Parameters
    ----------
    is_merger
        Which galaxies are mergers, (galaxy,): by a catalogue, or by a threshold of the votes.
    predicted
        Predicted fraction of the merger answer, (galaxy,).
    groups, rng, resamples
        As for `intervals`.

    Examples
    --------
    >>> rng = np.random.default_rng(3)
    >>> merger_ranking([0, 0, 1, 1], [0.1, 0.2, 0.3, 0.4], None, rng=rng).value
    1.0
    """
    label = np.asarray(is_merger, dtype=np.float64)
    score = np.clip(np.asarray(predicted, dtype=np.float64), 0, 1)
    found = bootstrap(
        label, score, groups, threshold=_HALF, rng=rng, resamples=resamples, metrics=("roc_auc",)
    )
    return found["roc_auc"]


def _pair(truth: ArrayLike, predicted: ArrayLike) -> tuple[Floats, Floats]:
    a, b = (np.asarray(values, dtype=np.float64) for values in (truth, predicted))
    if a.ndim != 2 or not a.size:
        raise ArgumentError.expected("truth", "fractions (galaxy, answer)", a.shape)
    if a.shape != b.shape:
        raise ArgumentError.expected("predicted", f"of the shape {a.shape} of `truth`", b.shape)
    return a, b
