"""The sky's noise: measured in images against the depth that was asked for."""

from __future__ import annotations

import numpy as np
import pytest
from photutils.aperture import CircularAperture, aperture_photometry

from toomre.errors import ArgumentError
from toomre.images.noise import (
    add_noise,
    brightness_limit_of,
    sigma_for_brightness_limit,
    sigma_for_point_depth,
    sigma_for_signal_to_noise,
)


def test_formula_of_the_papers():
    # D1.13, written out
    for limit, pixel, fwhm in ((25.0, 0.06, 0.2), (27.0, 0.03, 0.13)):
        wanted = 2 ** (-1 / 2) * (1e9 * (3631 / 5) * 10 ** (-0.4 * limit)) * pixel * (3 * fwhm)
        assert sigma_for_brightness_limit(limit, pixel, fwhm) == pytest.approx(wanted, rel=1e-12)


def test_sigma_measured(rng):
    sigma = sigma_for_brightness_limit(25.0, 0.06, 0.2)
    found = add_noise(np.zeros((1, 600, 600)), sigma, rng).std()
    assert found == pytest.approx(sigma, rel=4 / np.sqrt(2 * 600**2))


def test_limit_of_25_measured_in_the_image(rng):
    # patches of 3 FWHM on a side, less an equal patch of sky: 5 times their noise is the limit
    pixel, fwhm = 0.06, 0.2
    side = round(3 * fwhm / pixel)
    sky = add_noise(np.zeros((1, 1200, 1200)), sigma_for_brightness_limit(25.0, pixel, fwhm), rng)
    sums = sky[0].reshape(1200 // side, side, 1200 // side, side).sum(axis=(1, 3))
    noise = (sums[:, ::2] - sums[:, 1::2]).std()
    limit = -2.5 * np.log10(5 * noise / (3 * fwhm) ** 2 / 3631e9)
    assert limit == pytest.approx(25.0, abs=0.03)


def test_limit_is_the_inverse():
    sigma = sigma_for_brightness_limit(26.3, 0.1, 0.5)
    assert brightness_limit_of(sigma, 0.1, 0.5) == pytest.approx(26.3, abs=1e-9)


def test_a_star_at_the_depth_has_5_sigma(rng):
    pixel, fwhm, depth = 0.2, 0.8, 25.0
    sigma = sigma_for_point_depth(depth, pixel, fwhm)
    y, x = np.indices((41, 41)) - 20
    shape = np.exp(-(x**2 + y**2) / 2 / (fwhm / pixel / 2.3548) ** 2)
    shape /= shape.sum()
    weight = shape / (shape**2).sum()
    noise = add_noise(np.zeros((4000, 41, 41)), sigma, rng)
    star = 3631e9 * 10 ** (-0.4 * depth)
    found = ((noise + star * shape) * weight).sum(axis=(1, 2))
    assert found.mean() == pytest.approx(star, rel=0.02)
    assert found.mean() / found.std() == pytest.approx(5, rel=0.05)


def test_mean_signal_to_noise(rng):
    y, x = np.indices((75, 75)) - 37
    galaxy = 100 * np.exp(-np.hypot(x, 1.5 * y) / 6)
    sigma = sigma_for_signal_to_noise(galaxy, 25.0, fraction=0.5)
    # half of the light of an exponential disc lies within 1.678 scale lengths
    aperture = CircularAperture((37, 37), 1.678 * 6)
    round_one = 100 * np.exp(-np.hypot(x, y) / 6)
    light = aperture_photometry(round_one, aperture)["aperture_sum"][0]
    wanted = light / aperture.area / 25
    assert sigma_for_signal_to_noise(round_one, 25.0, fraction=0.5) == pytest.approx(
        wanted, rel=0.02
    )
    noisy = add_noise(galaxy[None], sigma, rng)
    bright = (
        galaxy
        > np.sort(galaxy, axis=None)[::-1][
            np.searchsorted(np.cumsum(np.sort(galaxy, axis=None)[::-1]), 0.5 * galaxy.sum())
        ]
    )
    assert (noisy[0][bright] / sigma).mean() == pytest.approx(25, rel=0.03)


def test_each_band_has_its_own(rng):
    noisy = add_noise(np.full((3, 300, 300), 7.0), (0.0, 1.0, 5.0), rng)
    assert (noisy[0] == 7).all()
    assert noisy.std(axis=(1, 2)) == pytest.approx([0, 1, 5], rel=0.02)
    assert noisy.mean() == pytest.approx(7, abs=0.1)


@pytest.mark.parametrize(
    "make",
    [
        lambda: sigma_for_brightness_limit(25.0, 0.0, 0.2),
        lambda: sigma_for_point_depth(25.0, 0.2, -1.0),
        lambda: brightness_limit_of(0.0, 0.1, 0.2),
        lambda: sigma_for_signal_to_noise(np.zeros((3, 3)), 25.0),
        lambda: sigma_for_signal_to_noise(np.ones((3, 3)), 0.0),
        lambda: sigma_for_signal_to_noise(np.ones((3, 3)), 1.0, 1.5),
        lambda: add_noise(np.ones((1, 3, 3)), -1.0, np.random.default_rng(1)),
    ],
)
def test_what_is_not_allowed(make):
    with pytest.raises(ArgumentError, match="^Expected `"):
        make()
