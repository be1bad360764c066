from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from toomre.images.dihedral import transform
from toomre.images.statistics import image_statistics


def test_numbers_of_a_slow_loop(rng):
    images = rng.gamma(2, size=(4, 2, 15, 18)).astype(np.float32)
    mean, std = (1.0, 2.0), (0.5, 3.0)
    found = image_statistics(images, mean, std)
    assert found.shape == (4, 23)
    for image, row in zip(images, found, strict=True):
        bands = [(image[b] - mean[b]) / std[b] for b in range(2)]
        levels = (0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98, 0.998)
        wanted = [np.arcsinh(np.quantile(band, q)) for band in bands for q in levels]
        steps = [
            np.concatenate([np.abs(np.diff(band, axis=k)).ravel() for k in (0, 1)])
            for band in bands
        ]
        wanted += [np.log(np.median(step) + 1e-4) for step in steps]
        wanted += [np.log(np.sqrt((step**2).mean()) + 1e-4) for step in steps]
        np.testing.assert_allclose(row[:20], wanted, rtol=1e-5, atol=1e-5)
        r = stats.pearsonr(bands[0].ravel(), bands[1].ravel()).statistic
        assert row[-1] == pytest.approx(np.arctanh(r), abs=1e-6)


def test_turning_a_square_image_changes_nothing(rng):
    image = rng.normal(size=(1, 3, 15, 15)).astype(np.float32)
    one = image_statistics(image, (0,) * 3, (1,) * 3)
    for k in range(8):
        turned = image_statistics(transform(image, k).copy(), (0,) * 3, (1,) * 3)
        np.testing.assert_allclose(turned, one, atol=1e-6)


def test_constant_and_identical_bands_stay_finite():
    flat = np.full((1, 3, 9, 9), 7.0, np.float32)
    assert np.isfinite(image_statistics(flat, (0,) * 3, (1,) * 3)).all()
    ramp = np.broadcast_to(np.arange(9.0, dtype=np.float32), (1, 3, 9, 9))
    assert np.isfinite(image_statistics(ramp, (0,) * 3, (1,) * 3)).all()
