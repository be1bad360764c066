"""The calibration is the maximum of the likelihood."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from toomre.errors import ArgumentError
from toomre.evaluation.calibration import (
    TEMPERATURES,
    _loss_and_slope,
    calibration_problem,
    fit_platt,
    fit_temperature,
)
from toomre.evaluation.metrics import expected_calibration_error


@pytest.fixture
def miscalibrated(rng):
    """Logits three times too large and shifted by 2, and labels drawn from the true ones."""
    true = rng.normal(0, 2, 2000)
    label = (rng.uniform(size=2000) < expit(true)).astype(int)
    return 3 * true - 2, label


def calibrated(logits, temperature, bias):
    """The probability as a plain formula: the mean over the views."""
    views = np.reshape(logits, (len(logits), -1))
    return expit((views + bias) / temperature).mean(axis=1)


def likelihood(logits, label, temperature, bias, weight=None):
    p = calibrated(logits, temperature, bias)
    return np.average(-np.where(label == 1, np.log(p), np.log(1 - p)), weights=weight)


def views_of(logits, rng):
    return logits[:, None] + rng.normal(0, 2, (len(logits), 8))


def test_platt_agrees_with_logistic_regression(miscalibrated):
    logits, label = miscalibrated
    judge = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(logits[:, None], label)
    slope, offset = judge.coef_[0, 0], judge.intercept_[0]
    found = fit_platt(logits, label)
    np.testing.assert_allclose(found, (1 / slope, offset / slope), rtol=1e-4)
    np.testing.assert_allclose(found, (3, 2), rtol=0.15)


def test_platt_repairs_the_calibration(miscalibrated):
    logits, label = miscalibrated
    fitted, checked = slice(0, 1000), slice(1000, None)
    before = expected_calibration_error(label[checked], expit(logits[checked]))
    p = calibrated(logits[checked], *fit_platt(logits[fitted], label[fitted]))
    assert before > 0.1
    assert expected_calibration_error(label[checked], p) < 0.05


@pytest.mark.parametrize("views", [1, 8])
def test_temperature_agrees_with_a_grid_search(views, miscalibrated, rng):
    logits, label = miscalibrated
    logits = views_of(logits, rng) if views > 1 else logits
    grid = np.geomspace(0.8, TEMPERATURES[1], 1001)
    values = [likelihood(logits, label, temperature, 0) for temperature in grid]
    assert fit_temperature(logits, label) == pytest.approx(grid[np.argmin(values)], rel=0.004)


def test_platt_over_views_is_the_minimum(miscalibrated, rng):
    logits, label = views_of(miscalibrated[0], rng), miscalibrated[1]
    temperature, bias = fit_platt(logits, label)
    best = likelihood(logits, label, temperature, bias)
    for factor in np.linspace(0.5, 2, 16):
        for shift in np.linspace(-2, 2, 17):
            other = likelihood(logits, label, temperature * factor, bias + shift)
            assert best <= other + 1e-9
    assert best < likelihood(logits, label, 1, 0)


def test_slope_of_the_loss_is_the_numerical_one(rng):
    logits, label = rng.normal(0, 2, (50, 8)), rng.integers(0, 2, 50)
    weight = rng.dirichlet(np.ones(50))
    point = np.array([0.7, 0.3])
    value, slope = _loss_and_slope(point, logits, label, weight)
    assert value == pytest.approx(likelihood(logits, label, 1 / 0.7, 0.3 / 0.7, weight))
    for number in range(2):
        step = 1e-6 * np.eye(2)[number]
        higher = _loss_and_slope(point + step, logits, label, weight)[0]
        lower = _loss_and_slope(point - step, logits, label, weight)[0]
        assert slope[number] == pytest.approx((higher - lower) / 2e-6, abs=1e-7)


@pytest.mark.parametrize(
    ("logits", "labels", "reason"),
    [
        ([-1.0, 2.0, 3.0], [0, 1, 1], "separate the classes perfectly"),
        ([[-1.0, 0.0], [0.5, 2.0]], [0, 1], "separate the classes perfectly"),
        ([-1.0, 2.0], [1, 1], "not of two classes"),
        ([-1.0, np.nan], [1, 0], "not of two classes"),
        ([], [], "not of two classes"),
    ],
)
def test_data_that_cannot_be_fitted_leave_the_logits_as_they_are(logits, labels, reason):
    assert reason in calibration_problem(logits, labels)
    assert fit_platt(logits, labels) == (1.0, 0.0)
    assert fit_temperature(logits, labels) == 1.0


def test_fit_stays_within_the_limits_on_useless_logits(rng):
    label = np.arange(100) % 2
    for logits in (np.zeros(100), np.where(label == 1, -3.0, 3.0) + 0.1 * rng.normal(size=100)):
        assert calibration_problem(logits, label) == ""
        temperature, bias = fit_platt(logits, label)
        assert TEMPERATURES[0] <= temperature <= TEMPERATURES[1]
        assert np.isfinite(bias)
        assert TEMPERATURES[0] <= fit_temperature(logits, label) <= TEMPERATURES[1]
    np.testing.assert_allclose(fit_temperature(logits, label), TEMPERATURES[1], rtol=1e-3)


def test_images_without_logit_are_left_out(miscalibrated):
    logits, label = miscalibrated
    holes, labels = np.r_[logits, np.nan, np.inf], np.r_[label, 1, 0]
    assert fit_platt(holes, labels) == fit_platt(logits, label)


def test_every_group_counts_once(miscalibrated):
    logits, label = miscalibrated[0][:200], miscalibrated[1][:200]
    copies = np.where(np.arange(200) < 50, 5, 1)
    found = fit_platt(
        np.repeat(logits, copies), np.repeat(label, copies), np.repeat(range(200), copies)
    )
    np.testing.assert_allclose(found, fit_platt(logits, label), rtol=1e-5)
    ungrouped = fit_platt(np.repeat(logits, copies), np.repeat(label, copies))
    assert abs(ungrouped[1] - found[1]) > 0.01


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (
            lambda: fit_platt([[[0.0]]], [1]),
            "of shape (image,) or (image, view), but got (1, 1, 1)",
        ),
        (lambda: fit_platt([0.0, 1.0], [0]), "`labels` to be an array of shape (2,), but got (1,)"),
        (lambda: fit_platt([0.0], [2]), "`labels` to be 0 (nonmerger) or 1 (merger), but got 2.0"),
        (
            lambda: fit_platt([0.0, 1.0, -1.0], [0, 0, 1], groups=[1]),
            "`groups` to be 3 ids, but got 1",
        ),
    ],
)
def test_wrong_arguments_are_refused(call, text):
    with pytest.raises(ArgumentError) as caught:
        call()
    assert text in str(caught.value)
