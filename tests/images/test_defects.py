"""What the checks measure, against the numbers that went into the image."""

from __future__ import annotations

import numpy as np
import pytest

from toomre.images.defects import CHECKS, View
from toomre.images.flags import Flag
from toomre.images.inspection_limits import InspectionLimits

LIMITS = InspectionLimits()
BY_FLAG = dict(CHECKS)


def source(side: int, flux: float) -> np.ndarray:
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    return flux * np.exp(-np.hypot(y, x) / 5)


@pytest.mark.parametrize("side", [64, 256, 301])
def test_sky_and_noise_are_those_put_in(side: int, rng: np.random.Generator) -> None:
    sky, noise = np.array([100.0, -3.0, 0.0]), np.array([5.0, 0.1, 1.0])
    pixels = rng.normal(sky[:, None, None], noise[:, None, None], (3, side, side))
    view = View.of((pixels + source(side, 20.0)).astype(np.float32), "linear")
    np.testing.assert_allclose(view.sky, sky, atol=0.15 * noise.max())
    np.testing.assert_allclose(view.noise, noise, rtol=0.15)
    np.testing.assert_array_equal(view.high, view.pixels.max(axis=(1, 2)))
    np.testing.assert_array_equal(view.low, view.pixels.min(axis=(1, 2)))


def test_light_at_the_border_hardly_moves_the_noise(rng: np.random.Generator) -> None:
    pixels = rng.normal(0, 1, (1, 128, 128)).astype(np.float32)
    pixels[:, 20:60, :30] += 500
    view = View.of(pixels, "linear")
    assert view.noise[0] == pytest.approx(1, rel=0.3)
    assert view.sky[0] == pytest.approx(0, abs=0.3)


def test_the_empty_part_of_the_frame_says_nothing(rng: np.random.Generator) -> None:
    pixels = rng.normal(10, 2, (2, 128, 128)).astype(np.float32)
    pixels[:, :, :80] = 0
    view = View.of(pixels, "linear")
    np.testing.assert_allclose(view.sky, 10, atol=0.4)
    np.testing.assert_allclose(view.noise, 2, rtol=0.2)


def test_few_photons_are_neither_outliers_nor_sky(rng: np.random.Generator) -> None:
    counts = rng.poisson(0.05 + source(128, 30)[None], (1, 128, 128)).astype(np.float32)
    view = View.of(counts, "linear")
    assert view.sky[0] == 0
    assert view.noise[0] > 0
    found = [flag for flag, check in CHECKS if check(view, LIMITS) and flag != Flag.EDGE]
    assert found == []


def test_bands_in_other_units_count_alike(rng: np.random.Generator) -> None:
    pixels = rng.normal(0, 1, (2, 64, 64)) + source(64, 100)
    units = np.array([1.0, 1e9])[:, None, None]
    views = [View.of((pixels * u).astype(np.float32), "linear") for u in (1.0, units)]
    np.testing.assert_allclose(
        views[0].combined / views[0].combined.max(),
        views[1].combined / views[1].combined.max(),
        atol=1e-4,
    )


@pytest.mark.parametrize("scale", [1e-40, 1e-20, 1.0, 1e20, 1e38])
def test_sums_neither_overflow_nor_vanish(scale: float, rng: np.random.Generator) -> None:
    pixels = rng.uniform(0.1, 1, (3, 64, 64)) * scale
    view = View.of(pixels.astype(np.float32), "linear")
    assert np.isfinite(view.combined).all()
    assert 0.1 < view.combined.max() <= 3


@pytest.mark.parametrize("size", [3, 4, 5, 9])
def test_a_flat_top_counts_from_five_connected_pixels(size: int, rng: np.random.Generator) -> None:
    pixels = rng.normal(0, 1, (1, 64, 64)).astype(np.float32)
    top = [(30, 30), (30, 31), (31, 32), (32, 31), (32, 30), (31, 29), (30, 32), (31, 31), (31, 30)]
    for place in top[:size]:
        pixels[(0, *place)] = 4000
    assert bool(BY_FLAG[Flag.SATURATED](View.of(pixels, "linear"), LIMITS)) == (size >= 5)
    apart = rng.normal(0, 1, (1, 64, 64)).astype(np.float32)
    apart[0, 10:60:6, 30] = 4000
    assert BY_FLAG[Flag.SATURATED](View.of(apart, "linear"), LIMITS) == ""


def test_the_size_of_the_empty_part_is_told(rng: np.random.Generator) -> None:
    pixels = rng.normal(5, 1, (1, 128, 128)).astype(np.float32)
    pixels[:, :32] = 0
    assert BY_FLAG[Flag.EDGE](View.of(pixels, "linear"), LIMITS).startswith("25% of the frame")
    scattered = rng.normal(5, 1, (1, 128, 128)).astype(np.float32)
    scattered[rng.random(scattered.shape) < 0.4] = 0
    assert BY_FLAG[Flag.EDGE](View.of(scattered, "linear"), LIMITS) == ""
