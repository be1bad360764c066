"""Random contrast, colour, sharpness and noise."""

from __future__ import annotations

import numpy as np
import pytest

from toomre.datasets.appearance import change_appearance


@pytest.fixture
def pictures(rng: np.random.Generator) -> np.ndarray:
    y, x = np.mgrid[:32, :32] - 15.5
    spot = 200 * np.exp(-(x**2 + y**2) / (2 * 3.0**2))
    return np.repeat(np.stack([spot, 0.7 * spot, 0.5 * spot])[None], 400, axis=0).astype(np.float32)


def test_an_image_depends_on_its_number_alone(pictures: np.ndarray) -> None:
    whole = change_appearance(pictures[:6], 1.0, [1, 4], np.arange(6))
    alone = change_appearance(pictures[:2], 1.0, [1, 4], np.array([5, 3]))
    np.testing.assert_array_equal(alone, whole[[5, 3]])
    other = change_appearance(pictures[:6], 1.0, [1, 5], np.arange(6))
    assert not np.array_equal(whole, other)


def test_no_strength_changes_nothing(pictures: np.ndarray) -> None:
    np.testing.assert_array_equal(
        change_appearance(pictures, 0.0, [1, 0], np.arange(400)), pictures
    )


def test_the_scatter_is_what_is_said(pictures: np.ndarray) -> None:
    flat = np.full((2000, 3, 8, 8), 100.0, np.float32)
    changed = change_appearance(flat, 1.0, [1, 0], np.arange(2000)).mean(axis=(2, 3)) / 255
    common = np.log(changed).mean(axis=1)
    own = np.log(changed) - common[:, None]
    # ln p' = gamma ln p + gain + black / p', for p = 100 / 255.
    level = 100 / 255
    gamma = 0.20 * abs(np.log(level))
    wanted = np.sqrt(0.15**2 + gamma**2 + (0.01 / level) ** 2 + (0.08**2 + (0.01 / level) ** 2) / 3)
    assert common.std() == pytest.approx(wanted, rel=0.08)
    assert own.std() == pytest.approx(np.sqrt((0.08**2 + (0.01 / level) ** 2) * 2 / 3), rel=0.08)


def test_light_stays_where_it_is(pictures: np.ndarray) -> None:
    changed = change_appearance(pictures, 1.0, [1, 0], np.arange(400)).mean(axis=0)
    y, x = np.mgrid[:32, :32]
    for band in changed:
        light = np.clip(band - np.median(band), 0, None)
        assert (light * x).sum() / light.sum() == pytest.approx(15.5, abs=0.1)
        assert (light * y).sum() / light.sum() == pytest.approx(15.5, abs=0.1)


def test_some_are_blurred_and_all_are_pictures(pictures: np.ndarray) -> None:
    sharp = np.zeros((2000, 1, 9, 9), np.float32)
    sharp[:, :, 4, 4] = 255.0
    changed = change_appearance(sharp, 1.0, [1, 0], np.arange(2000)) / 255
    assert changed.min() >= 0
    assert changed.max() <= 1
    # A blur of 0.65 pixels leaves the next pixel 0.306 of the centre's light; noise and black
    # level hardly bring as much.
    blurred = changed[:, 0, 4, 5] > 0.306 * changed[:, 0, 4, 4]
    assert blurred.mean() == pytest.approx(0.4 * (1.2 - 0.65) / 0.8, abs=0.05)
