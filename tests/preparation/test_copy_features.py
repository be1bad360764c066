from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from toomre.preparation.copy_features import (
    MODES,
    ZOOM_STEP,
    LogPolar,
    brightness_maps,
    contrast_maps,
)


def test_maps_do_not_depend_on_unit_zero_point_or_view(rng: np.random.Generator) -> None:
    images = rng.normal(size=(2, 2, 80, 80))
    for make in (contrast_maps, lambda x: brightness_maps(x)[0]):
        maps = make(images)
        assert maps.shape == (2, 64, 64)
        assert make(-3 + 0.01 * images) == pytest.approx(maps, abs=1e-3)
        assert make(images[..., ::-1]) == pytest.approx(maps[..., ::-1], abs=1e-3)


def test_shrinking_averages_over_area() -> None:
    """A map of a 128-pixel image is that of its 2 x 2 means."""
    image = np.random.default_rng(1).normal(size=(1, 1, 128, 128))
    means = image.reshape(1, 1, 64, 2, 64, 2).mean(axis=(3, 5))
    assert contrast_maps(image) == pytest.approx(contrast_maps(means), abs=1e-3)


def test_constant_image_gives_zeros() -> None:
    maps, noise = brightness_maps(np.full((1, 1, 50, 50), 7.0))
    assert not maps.any()
    assert noise == 0
    assert not contrast_maps(np.full((1, 1, 50, 50), 7.0)).any()


def test_noise_tells_noisy_from_clean(rng: np.random.Generator) -> None:
    y, x = np.mgrid[:64, :64] - 31.5
    clean = np.exp(-np.hypot(x, y) / 6)
    noisy = clean + 0.03 * rng.normal(size=clean.shape)
    _, noise = brightness_maps(np.stack([clean, noisy])[:, None])
    assert noise[0] < 5e-4 < noise[1]


def test_turn_is_a_phase_and_zoom_a_shift() -> None:
    """Modes of a smooth map against those of the same function, turned and zoomed."""
    grid = LogPolar.of_side(64)
    y, x = np.mgrid[:64, :64] - 31.5

    def draw(turn: float, zoom: float) -> np.ndarray:
        u = (x * np.cos(turn) + y * np.sin(turn)) / zoom
        v = (y * np.cos(turn) - x * np.sin(turn)) / zoom
        return np.exp(-((u - 9) ** 2 + (v - 4) ** 2) / 18) + np.exp(-((u + 3) ** 2 + v**2) / 30)

    maps = np.stack([draw(0, 1), draw(0.7, 1), draw(0, np.exp(2 * ZOOM_STEP))])
    modes = grid.modes(maps.astype(np.float32))
    phase = np.exp(-0.7j * np.arange(1, MODES + 1))
    base = grid.window(modes, 0)[0]
    assert grid.window(modes, 0)[1] == pytest.approx(base * phase, abs=0.02)
    assert grid.window(modes, 2)[2] == pytest.approx(base, abs=0.02)


def test_samples_are_bilinear(rng: np.random.Generator) -> None:
    grid = LogPolar.of_side(48)
    image = rng.normal(size=(48, 48)).astype(np.float32)
    angles = 2 * np.pi * np.arange(128) / 128
    points = 23.5 + grid.radii[:, None] * np.stack([np.sin(angles), np.cos(angles)])[:, None]
    expected = ndimage.map_coordinates(image, points, order=1)
    found = (grid.matrix @ image.ravel()).reshape(expected.shape)
    assert found == pytest.approx(expected, abs=1e-4)
