"""Fit many logistic regressions on the log odds of the score at once, one a draw."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, log_expit, logit

from toomre.evaluation.validation_scores import ValidationScores

__all__ = ["bend", "fit_log_odds"]

Floats = NDArray[np.float64]

_STEPS = 100
# What another step would add to the log likelihood.
_CONVERGED = 1e-8
# Keeps the slope finite where all scores are equal.
_RIDGE = 1e-8


def fit_log_odds(log_odds: Floats, mergers: Floats, nonmergers: Floats) -> tuple[Floats, Floats]:
    """Return slope and offset of the true log odds as a line in those of the score.

    The truth of n mergers is taken as (n + 1) / (n + 2) instead of 1, and of nonmergers likewise,
    so that the fit is finite where the scores separate the classes.

    Parameters
    ----------
    log_odds
        Log odds of the score in each bin, (bin,).
    mergers, nonmergers
        Counts (draw, bin).

    Returns
    -------
    Slope and offset, each of shape (draw,).

    References
    ----------
    Platt (1999), "Probabilistic outputs for support vector machines".

    Examples
    --------
    >>> counts = np.array([[1.0, 10.0, 100.0]])
    >>> slope, offset = fit_log_odds(np.array([-2.0, 0.0, 2.0]), counts, counts[:, ::-1])
    >>> slope.round(1), abs(offset.round(1))
    (array([2.]), array([0.]))
    """
    total = mergers + nonmergers
    wanted = mergers * _softened(mergers) + nonmergers * (1 - _softened(nonmergers))
    scale = max(float(np.abs(log_odds).max()), 1e-12)
    x = log_odds / scale
    parameter = np.zeros((len(total), 2))
    parameter[:, 0] = scale  # what the score says, unchanged
    size = np.ones((len(total), 1))
    loss = _loss(parameter, x, total, wanted)
    for _ in range(_STEPS):
        step, gain = _newton(parameter, x, total, wanted)
        if gain.max() < _CONVERGED:
            break
        new = parameter + size * step
        new_loss = _loss(new, x, total, wanted)
        better = (new_loss <= loss)[:, None]
        parameter = np.where(better, new, parameter)
        loss = np.where(better[:, 0], new_loss, loss)
        size = np.where(better, 1.0, size / 2)
    return parameter[:, 0] / scale, parameter[:, 1]


def bend(validation: ValidationScores) -> float:
    """Return how probable so bent a line of log odds is by chance, if it is straight.

    It is the p-value of the likelihood ratio of a cubic to a line. Images of one galaxy are
    taken for independent, so that with many of them it is too small.

    Examples
    --------
    >>> rng = np.random.default_rng(3)
    >>> score = rng.random(4000)
    >>> straight = ValidationScores.of(rng.random(4000) < score, score)
    >>> bent = ValidationScores.of(rng.random(4000) < (score + (score > 0.5)) / 2, score)
    >>> bend(straight) > 0.01, bend(bent) < 0.01
    (True, True)
    """
    from sklearn.linear_model import LogisticRegression

    odds = logit(np.clip(validation.score, 1e-12, 1 - 1e-12))
    x = odds / max(float(np.abs(odds).max()), 1e-12)
    likelihood = []
    for columns in (x[:, None], np.stack([x, x**2, x**3], axis=1)):
        model = LogisticRegression(C=1e6, tol=1e-8, max_iter=1000).fit(columns, validation.label)
        p = np.clip(model.predict_proba(columns)[:, 1], 1e-15, 1 - 1e-15)
        likelihood.append(float(np.log(np.where(validation.label == 1, p, 1 - p)).sum()))
    # Twice the gain has the chi-squared distribution with two degrees of freedom.
    return float(np.exp(-max(0.0, likelihood[1] - likelihood[0])))


def _softened(counts: Floats) -> Floats:
    number: Floats = counts.sum(axis=1, keepdims=True)
    return (number + 1) / (number + 2)


def _loss(parameter: Floats, x: Floats, total: Floats, wanted: Floats) -> Floats:
    logit = parameter[:, :1] * x + parameter[:, 1:]
    losses: Floats = -(wanted * logit + total * log_expit(-logit)).sum(axis=1)
    return losses


def _newton(parameter: Floats, x: Floats, total: Floats, wanted: Floats) -> tuple[Floats, Floats]:
    """Return Newton's step of each draw, (draw, 2), and what it gains."""
    p = expit(parameter[:, :1] * x + parameter[:, 1:])
    pull = wanted - total * p
    weight = total * p * (1 - p)
    ridge = _RIDGE * total.sum(axis=1)
    h_aa, h_ab, h_bb = weight @ x**2 + ridge, weight @ x, weight.sum(axis=1) + ridge
    g_a, g_b = pull @ x, pull.sum(axis=1)
    determinant = h_aa * h_bb - h_ab**2
    step = np.stack([h_bb * g_a - h_ab * g_b, h_aa * g_b - h_ab * g_a], axis=1)
    step /= determinant[:, None]
    return step, g_a * step[:, 0] + g_b * step[:, 1]
