from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from toomre.errors import ArgumentError
from toomre.preparation.copy_alignment import Alignment
from toomre.preparation.copy_judgement import CopySearch, is_copy

GOOD = Alignment(0.95, 0.1, 0.0, 1.0, False, rival=0.4)


def test_every_limit_can_refuse(rng: np.random.Generator) -> None:
    image = rng.normal(size=(1, 64, 64))
    pair = np.stack([image, image + 0.1 * rng.normal(size=image.shape)])
    search = CopySearch()
    assert is_copy(pair, GOOD, search)
    for worse in (
        replace(GOOD, sidelobe=0.3),
        replace(GOOD, similarity=0.3, sidelobe=0.01, rival=0.0),
        replace(GOOD, rival=0.94),
        replace(GOOD, zoom=1.4),
    ):
        assert not is_copy(pair, worse, search)


def test_brightness_must_agree() -> None:
    """Two galaxies of the same place, and one of another size: without noise."""
    y, x = np.mgrid[:64, :64] - 31.5

    def draw(size: float) -> np.ndarray:
        companion = np.exp(-np.hypot(x - 12, y - 3) / 2)
        blue = 0.3 * np.exp(-np.hypot(x + 5, y - 14) / 1.5)
        return np.exp(-np.hypot(x, y / 0.6) / size) + companion + blue

    same = np.stack([draw(5), 2 * draw(5) + 1])[:, None]
    other = np.stack([draw(5), draw(7)])[:, None]
    assert is_copy(same, GOOD, CopySearch())
    assert not is_copy(other, GOOD, CopySearch())


def test_symmetric_image_without_noise_is_never_a_copy() -> None:
    y, x = np.mgrid[:64, :64] - 31.5
    image = np.exp(-np.hypot(x, y / 0.5) / 5)
    assert not is_copy(np.stack([image, image])[:, None], GOOD, CopySearch())


def test_options_are_checked() -> None:
    with pytest.raises(ArgumentError, match="Expected `candidates` to be at least 1, but got 0"):
        CopySearch(candidates=0)
