from __future__ import annotations

import warnings

import numpy as np
import pytest
import statmorph
from skimage.transform import rotate

from toomre.morphology.measure import OTHERS, SHAPES
from toomre.morphology.quick import half_turn, quick_morphology


@pytest.mark.parametrize("centre", [(9.0, 12.0), (9.5, 12.0), (8.27, 13.61), (0.2, 24.9)])
def test_a_half_turn_is_that_of_a_general_rotation(rng, centre):
    image = rng.normal(0, 1, (25, 19))
    x, y = centre
    turned = half_turn(image, 2 * x, 2 * y)
    assert turned == pytest.approx(rotate(image, 180, center=centre), abs=1e-9)


def scene(rng: np.random.Generator, companion: float) -> tuple[np.ndarray, np.ndarray]:
    """A lopsided galaxy on noise, and its outline; a second source beside it."""
    y, x = np.mgrid[:65, :65] - 32
    image = 9 * np.exp(-np.hypot(x, y / 0.6) / 4) + 2 * np.exp(-((x - 5) ** 2 + y**2) / 5)
    second = companion * np.exp(-((x + 16) ** 2 + (y - 9) ** 2) / 8)
    labels = np.where(image > 0.15, 1, np.where(second > 0.15, 2, 0))
    return image + second + rng.normal(0, 0.05, image.shape), labels


@pytest.mark.parametrize("companion", [0.0, 6.0])
def test_the_numbers_are_statmorphs(rng, companion):
    image, labels = scene(rng, companion)
    weight = np.full(image.shape, 0.05)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        slow, quick = (
            made(image, labels, 1, weightmap=weight, skybox_size=16)
            for made in (statmorph.SourceMorphology, quick_morphology((*SHAPES, *OTHERS)))
        )
    assert slow.asymmetry > 0.05
    for name in (*SHAPES, *OTHERS):
        assert getattr(quick, name) == pytest.approx(getattr(slow, name), rel=1e-3, abs=1e-3), name
    assert quick.flag == slow.flag
