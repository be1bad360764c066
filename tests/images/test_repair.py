"""Mending pixels, against plain loops."""

from __future__ import annotations

import numpy as np
import pytest

from toomre.images.dihedral import ORDER, transform
from toomre.images.repair import fill_masked, find_spikes, replace_pixels


def slow_fill(band: np.ndarray) -> np.ndarray:
    """Grow a square around each masked pixel until it holds three good ones."""
    result = band.copy()
    for y, x in np.argwhere(~np.isfinite(band)):
        for radius in (1, 2, 3, 4, 6, 9, 13, 19, 28, 42):
            window = band[
                max(y - radius, 0) : y + radius + 1, max(x - radius, 0) : x + radius + 1
            ].astype(float)
            good = window[np.isfinite(window)]
            if len(good) >= 3:
                result[y, x] = good.mean()
                break
    return result


@pytest.mark.parametrize("part", [0.001, 0.3, 0.9])
def test_filling_against_a_loop(part: float, rng: np.random.Generator) -> None:
    pixels = rng.normal(5, 1, (2, 40, 30)).astype(np.float32)
    pixels[rng.random(pixels.shape) < part] = np.nan
    pixels[0, 3, 4] = np.inf
    pixels[1, 10:22, 5:16] = np.nan
    before = pixels.copy()
    filled = fill_masked(pixels)
    np.testing.assert_allclose(filled, [slow_fill(band) for band in pixels], rtol=1e-5)
    np.testing.assert_array_equal(pixels, before)


def test_filling_turns_with_the_image(rng: np.random.Generator) -> None:
    pixels = rng.normal(size=(1, 32, 32)).astype(np.float32)
    pixels[0, 5:14, 9:12] = np.nan
    for k in range(ORDER):
        turned = fill_masked(np.ascontiguousarray(transform(pixels, k)))
        np.testing.assert_allclose(turned, transform(fill_masked(pixels), k), atol=1e-6)


def test_filling_a_plane_is_exact_and_whole_bands_are_left_alone() -> None:
    y, x = np.mgrid[:20, :20]
    plane = np.stack([2 * y + 3 * x, 2 * y + 3 * x]).astype(np.float32)
    holed = plane.copy()
    holed[0, 7, 9] = np.nan
    np.testing.assert_allclose(fill_masked(holed), plane, rtol=1e-6)


def test_filling_with_hardly_any_good_pixel() -> None:
    pixels = np.full((2, 9, 9), np.nan, np.float32)
    pixels[0, 4, 4] = 7
    filled = fill_masked(pixels)
    assert (filled[0] == 7).all()
    assert (filled[1] == 0).all()


@pytest.mark.parametrize("place", [(20, 21), (0, 0), (0, 17), (39, 29), (12, 29)])
def test_a_spike_is_found_anywhere(place: tuple[int, int], rng: np.random.Generator) -> None:
    band = rng.normal(100, 1, (40, 30)).astype(np.float32)
    band[place] = 1e6
    rows, columns = find_spikes(band, sky=100, floor=20, ratio=10)
    assert (rows.tolist(), columns.tolist()) == ([place[0]], [place[1]])
    neighbours = [
        band[place[0] + y, place[1] + x]
        for y in (-1, 0, 1)
        for x in (-1, 0, 1)
        if (y or x) and 0 <= place[0] + y < 40 and 0 <= place[1] + x < 30
    ]
    replace_pixels(band, rows, columns)
    assert min(neighbours) <= band[place] <= max(neighbours)


@pytest.mark.parametrize("fwhm", [1.5, 2.0, 3.0])
def test_a_star_is_no_spike(fwhm: float, rng: np.random.Generator) -> None:
    y, x = np.mgrid[:41, :41] - 20
    star = 1e5 * np.exp(-4 * np.log(2) * (x**2 + y**2) / fwhm**2)
    band = (rng.normal(0, 1, star.shape) + star).astype(np.float32)
    rows, _ = find_spikes(band, sky=0, floor=20, ratio=10)
    assert len(rows) == 0


def test_two_touching_pixels_are_no_spike() -> None:
    band = np.zeros((20, 20), np.float32)
    band[7, 8] = band[8, 9] = 100
    assert len(find_spikes(band, sky=0, floor=1, ratio=10)[0]) == 0
    assert len(find_spikes(np.zeros((20, 20), np.float32), sky=0, floor=0, ratio=10)[0]) == 0
