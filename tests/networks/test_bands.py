from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from toomre.networks.bands import colour_shares, spread_bands


@pytest.mark.parametrize("bands", range(1, 8))
def test_shares_by_counting_thin_slices(bands):
    slices = 3 * bands * 50
    wanted = np.zeros((bands, 3))
    for k in range(slices):
        wanted[k * bands // slices, k * 3 // slices] += 3 / slices
    np.testing.assert_allclose(colour_shares(bands), wanted, atol=1e-12)
    np.testing.assert_allclose(colour_shares(bands).sum(axis=0), 1)


@pytest.mark.parametrize("bands", range(1, 6))
def test_a_grey_image_gives_the_same_as_before(bands):
    torch.manual_seed(0)
    weights, grey = torch.randn(8, 3, 5, 5), torch.randn(2, 1, 9, 9)
    before = functional.conv2d(grey.expand(-1, 3, -1, -1), weights)
    after = functional.conv2d(grey.expand(-1, bands, -1, -1), spread_bands(weights, bands))
    torch.testing.assert_close(after, before, rtol=1e-4, atol=1e-4)


def test_one_band_gets_the_sum_and_three_keep_theirs():
    weights = torch.randn(8, 3, 5, 5)
    torch.testing.assert_close(spread_bands(weights, 1), weights.sum(dim=1, keepdim=True))
    assert spread_bands(weights, 3) is weights
