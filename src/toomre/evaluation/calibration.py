"""Fit what turns logits into probabilities that mean something, on the validation part only.

The probability of an image is the mean over its views of
sigmoid((logit + bias) / temperature); `toomre.inference.predictor.scores_of` applies it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import log_expit, logsumexp

from toomre.errors import ArgumentError

__all__ = [
    "TEMPERATURES",
    "calibration_problem",
    "fit_platt",
    "fit_temperature",
]

Floats = NDArray[np.float64]

#: The temperatures that a fit may give.
TEMPERATURES = (0.05, 20.0)
_NEUTRAL = 1.0


def calibration_problem(logits: ArrayLike, labels: ArrayLike) -> str:
    """Say in a sentence why a calibration cannot be fitted; empty where it can be.

    `fit_platt` and `fit_temperature` answer such data with a temperature of 1 and no bias.

    Parameters
    ----------
    logits
        Array of shape (image,) or (image, view).
    labels
        Array of shape (image,), 1 for a merger and 0 for a nonmerger.

    Examples
    --------
    >>> calibration_problem([-1.0, 2.0, 3.0], [0, 1, 0])
    ''
    >>> calibration_problem([-1.0, 2.0], [0, 1])
    'The logits separate the classes perfectly, so that no finite calibration fits them best.'
    """
    logit, label, _ = _known(logits, labels, None)
    if len(np.unique(label)) < 2:
        return "The images with a score are not of two classes, so that nothing can be fitted."
    if logit[label == 1].min() > logit[label == 0].max():
        return (
            "The logits separate the classes perfectly, so that no finite calibration fits "
            "them best."
        )
    return ""


def fit_platt(
    logits: ArrayLike, labels: ArrayLike, groups: ArrayLike | None = None
) -> tuple[float, float]:
    """Fit the temperature and the bias by maximum likelihood.

    Parameters
    ----------
    logits
        Array of shape (image,) or (image, view); images with a NaN are left out.
    labels
        Array of shape (image,), 1 for a merger and 0 for a nonmerger.
    groups
        An id for each image. If given, every group counts as much as any other, however many
        images it has.

    Returns
    -------
    The temperature, from 0.05 to 20, and the bias. They are 1 and 0 where `calibration_problem`
    finds one.

    Raises
    ------
    ArgumentError
        If the shapes do not fit or a label is neither 0 nor 1.

    References
    ----------
    Platt (1999), "Probabilistic outputs for support vector machines".

    Examples
    --------
    >>> temperature, bias = fit_platt([-2.0, 4.0, 2.0, -3.0, 1.0, 0.0], [0, 1, 0, 0, 1, 1])
    >>> round(temperature, 2), round(bias, 2)
    (1.6, -0.33)
    """
    if calibration_problem(logits, labels):
        return _NEUTRAL, 0.0
    from scipy.optimize import minimize

    logit, label, weight = _known(logits, labels, groups)
    # Centred and scaled, the two parameters hardly depend on each other.
    middle, scale = float(logit.mean()), float(logit.std()) or 1.0
    unit = (logit - middle) / scale
    low, high = TEMPERATURES
    fit: Any = minimize(
        lambda parameter: _loss_and_slope(parameter, unit, label, weight),
        x0=(np.clip(scale / fit_temperature(logits, labels, groups), scale / high, scale / low), 0),
        jac=True,
        method="L-BFGS-B",
        bounds=[(scale / high, scale / low), (None, None)],
        options={"ftol": 1e-15, "gtol": 1e-9, "maxiter": 1000},
    )
    slope, offset = (float(value) for value in fit.x)
    if not np.isfinite([slope, offset]).all():
        return _NEUTRAL, 0.0
    temperature = float(np.clip(scale / slope, low, high))
    return temperature, offset * temperature - middle


def fit_temperature(logits: ArrayLike, labels: ArrayLike, groups: ArrayLike | None = None) -> float:
    """Fit the temperature alone by maximum likelihood, with a bias of 0.

    Parameters
    ----------
    logits, labels, groups
        As for `fit_platt`.

    Returns
    -------
    The temperature, from 0.05 to 20; 1 where `calibration_problem` finds one.

    Raises
    ------
    ArgumentError
        If the shapes do not fit or a label is neither 0 nor 1.

    References
    ----------
    Guo et al. (2017), "On calibration of modern neural networks", section 4.2.

    Examples
    --------
    >>> round(fit_temperature([-2.0, 4.0, 2.0, -4.0, 1.0, -1.0], [0, 1, 0, 0, 1, 1]), 2)
    2.17
    """
    if calibration_problem(logits, labels):
        return _NEUTRAL
    from scipy.optimize import minimize_scalar

    logit, label, weight = _known(logits, labels, groups)

    def loss(log_slope: float) -> float:
        return _loss_and_slope((np.exp(log_slope), 0), logit, label, weight)[0]

    # The mean over views can have more than one valley: look everywhere, then closely.
    grid = -np.log(np.geomspace(*TEMPERATURES, 41))[::-1]
    values = [loss(step) for step in grid]
    best = int(np.argmin(values))
    around = grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]
    fit: Any = minimize_scalar(loss, bounds=around, method="bounded", options={"xatol": 1e-9})
    log_slope = float(fit.x) if fit.fun < values[best] else float(grid[best])
    return float(np.clip(np.exp(-log_slope), *TEMPERATURES))


def _loss_and_slope(
    parameter: ArrayLike, logit: Floats, label: Floats, weight: Floats
) -> tuple[float, Floats]:
    """Return the mean negative log likelihood of mean(sigmoid(a x + b)), and d/da, d/db."""
    a, b = np.asarray(parameter, dtype=np.float64)
    sign = np.where(label == 1, 1.0, -1.0)[:, None]
    # log of the probability of the true class, view by view and then of the mean.
    each = log_expit(sign * (a * logit + b))
    whole = logsumexp(each, axis=1, keepdims=True)
    loss = -weight @ (whole[:, 0] - np.log(logit.shape[1]))
    pull = -weight[:, None] * np.exp(each - whole) * sign * -np.expm1(each)
    return float(loss), np.array([(pull * logit).sum(), pull.sum()])


def _views(logits: ArrayLike) -> Floats:
    array = np.asarray(logits, dtype=np.float64)
    if array.ndim not in (1, 2) or (array.ndim == 2 and not array.shape[1]):
        raise ArgumentError.expected(
            "logits", "an array of shape (image,) or (image, view)", array.shape
        )
    return array[:, None] if array.ndim == 1 else array


def _known(
    logits: ArrayLike, labels: ArrayLike, groups: ArrayLike | None
) -> tuple[Floats, Floats, Floats]:
    """Return the finite logits (image, view), their labels, and weights that add up to 1."""
    logit, label = _views(logits), np.asarray(labels, dtype=np.float64)
    if label.shape != logit.shape[:1]:
        raise ArgumentError.expected("labels", f"an array of shape {logit.shape[:1]}", label.shape)
    if not np.isin(label, (0, 1)).all():
        wrong = float(label[~np.isin(label, (0, 1))][0])
        raise ArgumentError.expected("labels", "0 (nonmerger) or 1 (merger)", wrong)
    known = np.isfinite(logit).all(axis=1)
    weight = np.ones(int(known.sum()))
    if groups is not None:
        ids = pd.Series(np.asarray(groups).ravel())
        if len(ids) != len(label):
            raise ArgumentError.expected("groups", f"{len(label)} ids", len(ids))
        number, _ = pd.factorize(ids.to_numpy()[known], use_na_sentinel=False)
        weight = 1 / np.bincount(number)[number]
    return logit[known], label[known], weight / max(weight.sum(), 1.0)
