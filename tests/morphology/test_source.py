from __future__ import annotations

import numpy as np
import pytest

from toomre.morphology.source import find_source, sky_of


def gaussian(size: int, x0: float, y0: float, sigma: float = 2.0) -> np.ndarray:
    y, x = np.mgrid[:size, :size]
    return np.exp(-((x - x0) ** 2 + (y - y0) ** 2) / (2 * sigma**2))


def test_sky_is_that_of_the_noise_whatever_lies_in_the_ring(rng):
    image = rng.normal(7, 0.5, (80, 80)) + 300 * gaussian(80, 40, 40)
    image[2, 3] = np.nan
    image += 90 * gaussian(80, 1, 60)  # a star at the border
    sky = sky_of(image)
    assert sky.level == pytest.approx(7, abs=0.05)
    assert sky.scatter == pytest.approx(0.5, abs=0.05)


def test_the_source_is_the_one_in_the_middle_not_the_brightest(rng):
    image = 20 * gaussian(61, 31, 29) + 80 * gaussian(61, 50, 50) + rng.normal(0, 0.1, (61, 61))
    source = find_source(image)
    own = source.labels == source.label
    assert own[29, 31]
    assert not own[50, 50]
    assert source.labels[50, 50] > 0
    assert source.peak < 20


def test_without_noise_the_outline_follows_the_peak():
    source = find_source(gaussian(61, 30, 30, sigma=3.0))
    area = (source.labels == source.label).sum()
    # 0.003 of the peak of the smoothed Gaussian, of sigma^2 = 9 + 1.274^2.
    wanted = np.pi * 2 * (9 + 1.274**2) * np.log(1 / 0.003)
    assert area == pytest.approx(wanted, rel=0.05)


@pytest.mark.parametrize("image", [np.zeros((40, 40)), -gaussian(40, 20, 20)])
def test_nothing_bright_is_no_source(image):
    assert find_source(image) is None


def test_a_source_at_the_border_is_not_the_galaxy():
    assert find_source(gaussian(61, 8, 30)) is None
