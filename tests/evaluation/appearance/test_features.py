"""Measures of drawn blobs whose values are known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from toomre.errors import ArgumentError
from toomre.evaluation.appearance.features import FEATURES, measure

Y, X = np.mgrid[-40:41, -40:41]


def blob(sigma: float, x: float = 0.0, y: float = 0.0, ratio: float = 1.0) -> np.ndarray:
    return 200 * np.exp(-((X - x) ** 2 + ((Y - y) / ratio) ** 2) / 2 / sigma**2)


def picture(light: np.ndarray) -> np.ndarray:
    return np.stack([light] * 3)


def test_a_gaussian_has_its_radius_and_is_symmetric():
    found = measure(picture(blob(5.0)))
    assert found["radius"] == pytest.approx(5.0 * np.sqrt(2 * np.log(2)), rel=0.05)
    # r80 / r20 of a Gaussian
    assert found["concentration"] == pytest.approx(
        5 * np.log10(np.sqrt(np.log(0.2) / np.log(0.8))), rel=0.08
    )
    assert found["asymmetry"] < 0.01
    assert found["axis_ratio"] == pytest.approx(1, abs=0.01)
    assert found["peaks"] == 1
    assert found["brightness"] == pytest.approx(-2.5 * np.log10(200 * 2 * np.pi * 25), abs=0.02)


def test_axis_ratio_is_that_of_the_ellipse():
    assert measure(picture(blob(8.0, ratio=0.5)))["axis_ratio"] == pytest.approx(0.5, abs=0.03)


def test_two_cores_are_two_maxima_and_asymmetric():
    found = measure(picture(blob(3.0, x=-4) + 0.5 * blob(3.0, x=6)))
    assert found["peaks"] == 2
    assert found["asymmetry"] > 0.2
    assert found["m20"] > measure(picture(blob(5.0)))["m20"]


def test_other_objects_are_counted():
    found = measure(picture(blob(4.0) + 0.1 * blob(1.5, 25, 25) + 0.1 * blob(1.5, -25, 20)))
    assert found["neighbours"] == 2
    # a tenth of the height and (1.5 / 4)^2 of the area
    assert found["neighbour_light"] == pytest.approx(2.5 * np.log10(10 * (4 / 1.5) ** 2), abs=0.15)


def test_colours_are_those_of_the_planes():
    found = measure(blob(5.0) * np.array([1.0, 0.8, 0.5])[:, None, None])
    assert found["red_green"] == pytest.approx(2.5 * np.log10(0.8), abs=0.01)
    assert found["green_blue"] == pytest.approx(-2.5 * np.log10(0.8 / 0.5), abs=0.01)
    assert found["gradient"] == pytest.approx(0, abs=0.01)


def test_sky_has_its_noise_and_correlation(rng):
    rough = rng.normal(10, 3, (3, 80, 80))
    found = measure(rough)
    assert found["sky"] == pytest.approx(10, abs=0.2)
    assert found["noise"] == pytest.approx(3 / np.sqrt(3), rel=0.1)
    assert found["noise_shared"] == pytest.approx(0, abs=0.05)
    smooth = measure(gaussian_filter(rough, (0, 1, 1)))
    assert smooth["noise_shared"] == pytest.approx(np.exp(-1 / 4), abs=0.06)


@pytest.mark.parametrize("value", [0.0, 255.0])
def test_an_even_picture_has_no_object(value):
    found = measure(np.full((3, 40, 40), value))
    assert list(found) == list(FEATURES)
    assert np.isnan(found["radius"])
    assert found["neighbours"] == 0
    assert found["saturated"] == float(value > 0)


def test_other_shapes_are_refused():
    with pytest.raises(ArgumentError, match=r"Expected `picture` to be of shape \(3, y, x\)"):
        measure(np.zeros((2, 40, 40)))
