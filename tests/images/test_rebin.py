"""Rebinning: flux is kept, and each pixel is what a plain loop gives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toomre.errors import ArgumentError
from toomre.images.rebin import rebin


@given(st.integers(8, 40), st.integers(8, 40), st.floats(0.2, 5.0))
@settings(max_examples=40, deadline=None)
def test_flux_is_kept(height, width, ratio):
    rng = np.random.default_rng(height * width)
    image = np.zeros((2, height, width))
    image[:, 2:-2, 2:-2] = rng.uniform(0, 1, (2, height - 4, width - 4))
    size = int(np.ceil(max(height, width) / ratio)) + 2
    found = rebin(image, 0.3, 0.3 * ratio, size)
    assert found.sum() == pytest.approx(image.sum(), rel=1e-12)


def test_whole_blocks_are_sums(rng):
    image = rng.normal(size=(3, 30, 30))
    wanted = image.reshape(3, 10, 3, 10, 3).sum(axis=(2, 4))
    assert rebin(image, 0.1, 0.3, 10) == pytest.approx(wanted, abs=1e-12)


def test_a_slow_plain_loop_agrees(rng):
    image, ratio, size = rng.normal(size=(7, 6)), 1.37, 4
    wanted = np.zeros((size, size))
    for j, i in np.ndindex(size, size):
        for y, x in np.ndindex(7, 6):
            part = 1.0
            for new, old, length in ((j, y, 7), (i, x, 6)):
                low, start = (new - size / 2) * ratio, old - length / 2
                part *= max(0.0, min(low + ratio, start + 1) - max(low, start))
            wanted[j, i] += part * image[y, x]
    assert rebin(image, 1.0, ratio, size) == pytest.approx(wanted, abs=1e-12)


def test_the_same_grid_is_a_copy(rng):
    image = rng.normal(size=(1, 9, 9))
    found = rebin(image, 0.2, 0.2, 9)
    assert (found == image).all()
    assert not np.shares_memory(found, image)


@pytest.mark.parametrize("arguments", [(0.0, 1.0, 5), (1.0, -1.0, 5), (1.0, 1.0, 0)])
def test_what_is_not_allowed(arguments):
    with pytest.raises(ArgumentError, match="^Expected `"):
        rebin(np.zeros((1, 8, 8)), *arguments)
