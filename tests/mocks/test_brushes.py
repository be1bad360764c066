from __future__ import annotations

import numpy as np
import pytest
from astropy.modeling.models import Sersic2D

from toomre.errors import ArgumentError
from toomre.mocks.brushes import (
    Canvas,
    Ellipse,
    TailShape,
    clumps,
    point,
    sersic,
    shells,
    spiral_arms,
    tail,
)

CANVAS = Canvas(257, 0.4)  # odd: a pixel lies in the middle


def moments(light: np.ndarray) -> tuple[float, float, np.ndarray]:
    """Centroid [arcsec] and covariance [arcsec^2]."""
    weight = light / light.sum()
    x, y = np.broadcast_arrays(CANVAS.axis[None, :], CANVAS.axis[:, None])
    x0, y0 = (weight * x).sum(), (weight * y).sum()
    return x0, y0, np.cov(np.stack([x.ravel(), y.ravel()]), aweights=weight.ravel())


def test_canvas_says_what_is_allowed():
    with pytest.raises(ArgumentError, match="`size` to be at least 8 pixels, but got 7"):
        Canvas(7, 0.4)
    with pytest.raises(ArgumentError, match="`pixel_scale` to be above 0 arcsec/pixel"):
        Canvas(8, 0.0)
    with pytest.raises(ArgumentError, match="got nan"):
        Canvas(8, float("nan"))


@pytest.mark.parametrize("index", [1, 2, 4])
def test_sersic_agrees_with_astropy(index):
    ellipse = Ellipse(3.0, -2.0, 4.0, 0.6, 35.0)
    ours = sersic(CANVAS, ellipse, index)
    theirs = Sersic2D(1, 4.0, index, 3.0, -2.0, ellip=0.4, theta=np.radians(35.0))(
        *np.broadcast_arrays(CANVAS.axis[None, :], CANVAS.axis[:, None])
    )
    u, v = ellipse.plane(CANVAS)
    r = np.hypot(u, v)
    outside = (r > 2) & (r < 20)
    ratio = ours[outside] / theirs[outside]
    assert np.allclose(ratio, np.median(ratio), rtol=0.03)
    assert ours[r < 4].sum() == pytest.approx(0.5, abs=0.03)


def test_sersic_has_flux_one_and_its_axes():
    light = sersic(CANVAS, Ellipse(2.0, 1.0, 3.0, 0.5, 90.0), 1)
    x0, y0, covariance = moments(light)
    assert light.sum() == pytest.approx(1, abs=0.005)
    assert (x0, y0) == pytest.approx((2.0, 1.0), abs=0.02)
    assert np.sqrt(covariance[0, 0] / covariance[1, 1]) == pytest.approx(0.5, abs=0.01)
    assert abs(covariance[0, 1]) < 1e-6


def test_arms_are_twofold_and_wind_both_ways():
    face_on = Ellipse(0, 0, 5.0, 1.0, 0.0)
    arms = spiral_arms(CANVAS, face_on, 20.0, 0.0)
    assert arms.min() >= 0
    assert arms.max() <= 1
    assert np.allclose(arms, arms[::-1, ::-1], atol=1e-9)
    mirrored = spiral_arms(CANVAS, face_on, -20.0, 0.0)
    assert np.allclose(arms, mirrored[::-1], atol=1e-9)
    # On a logarithmic arm the angle grows with the logarithm of the radius.
    middle = CANVAS.size // 2
    for steps in (20, 40):
        radius = steps * CANVAS.pixel_scale
        angle = np.log(radius / 5.0 + 1e-3) / np.tan(np.radians(20.0))
        row = middle + round(steps * np.sin(angle))
        column = middle + round(steps * np.cos(angle))
        assert arms[row, column] > 0.8


def test_straight_tail_lies_along_its_heading():
    light = tail(CANVAS, (1.0, 2.0), 0.0, TailShape(20.0, 0.0, 1.0))
    x0, y0, covariance = moments(light)
    assert light.sum() == pytest.approx(1, abs=0.005)
    assert y0 == pytest.approx(2.0, abs=0.01)
    t = np.linspace(0, 1, 4001)
    assert x0 == pytest.approx(1 + 20 * np.average(t, weights=np.exp(-1.5 * t)), abs=0.3)
    assert covariance[0, 0] > 5 * covariance[1, 1]


def test_tail_is_the_sum_of_its_points():
    small = Canvas(32, 1.0)
    light = tail(small, (-5.0, 0.0), 30.0, TailShape(12.0, 80.0, 1.5))
    expected = np.zeros((32, 32))
    at, t = np.array([-5.0, 0.0]), np.linspace(0, 1, 80)
    for step in t:
        direction = np.radians(30.0 + 80.0 * step)
        at = at + 12.0 / 80 * np.array([np.cos(direction), np.sin(direction)])
        width = 1.5 * (1 + 1.5 * step)
        distance2 = (small.axis[None, :] - at[0]) ** 2 + (small.axis[:, None] - at[1]) ** 2
        gauss = np.exp(-distance2 / 2 / width**2) / (2 * np.pi * width**2)
        expected += gauss * np.exp(-1.5 * step) / np.exp(-1.5 * t).sum()
    assert np.allclose(light, expected, atol=1e-12)


def test_shells_end_at_the_largest_radius():
    host = Ellipse(0, 0, 4.0, 1.0, 0.0)
    light = shells(CANVAS, host, (1.5, 2.5), 30.0)
    r = np.hypot(CANVAS.axis[None, :], CANVAS.axis[:, None])
    assert light.sum() == pytest.approx(1)
    assert light[r >= 10.0].max() == 0
    right = CANVAS.axis[None, :] > 0
    # The first lies to the right, the second and larger one to the left.
    assert light[(r > 6.1) & ~right].sum() > 50 * light[(r > 6.1) & right].sum()
    assert shells(CANVAS, host, (), 30.0).sum() == 0


def test_clumps_are_positive_with_mean_one(rng):
    factor = clumps(CANVAS, rng, 1.0, 0.5)
    assert factor.min() > 0
    assert factor.mean() == pytest.approx(1, abs=0.02)
    assert np.log(factor).std() == pytest.approx(0.5, abs=1e-6)
    assert np.array_equal(clumps(CANVAS, rng, 1.0, 0.0), np.ones((257, 257)))


def test_point_keeps_flux_and_place():
    light = point(CANVAS, 3.3, -7.1)
    x0, y0, _ = moments(light)
    assert light.sum() == pytest.approx(1)
    assert (x0, y0) == pytest.approx((3.3, -7.1), abs=1e-9)
    assert np.count_nonzero(light) == 4
    assert point(CANVAS, 500.0, 0.0).sum() == 0
