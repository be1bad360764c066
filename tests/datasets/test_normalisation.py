from __future__ import annotations

import numpy as np
import pytest

from toomre.datasets.normalisation import Normalisation
from toomre.errors import ArgumentError


def test_measured_in_float64_and_over_the_rows_and_window_only(rng):
    images = (rng.normal(size=(700, 2, 9, 9)) * 3 + 1e4).astype(np.float32)
    images[600:] = -1e6
    images[:, :, 0] = 1e9
    rows = np.arange(0, 600, 2)
    found = Normalisation.measure(images, rows, size=7)
    window = images[rows][:, :, 1:8, 1:8].astype(np.float64)
    np.testing.assert_allclose(found.mean, window.mean((0, 2, 3)), rtol=1e-12)
    np.testing.assert_allclose(found.std, window.std((0, 2, 3)), rtol=1e-9)
    applied = found.apply(images[rows][:, :, 1:8, 1:8])
    assert abs(applied.mean()) < 1e-3
    assert applied.std() == pytest.approx(1, abs=1e-3)


def test_a_constant_band_is_refused():
    images = np.ones((3, 2, 4, 4), np.float32)
    with pytest.raises(ArgumentError, match="bands that vary"):
        Normalisation.measure(images, np.arange(3), size=4)


def test_asinh_follows_the_scaling_and_does_not_touch_what_was_given() -> None:
    images = np.random.default_rng(3).normal(2.0, 5.0, (4, 2, 6, 6)).astype(np.float32)
    before = images.copy()
    plain = Normalisation.measure(images, np.arange(4), 6)
    stretched = Normalisation.measure(images, np.arange(4), 6, "asinh")
    np.testing.assert_allclose(stretched.apply(images), np.arcsinh(plain.apply(images)), rtol=1e-6)
    np.testing.assert_array_equal(images, before)
