"""Apparent brightness: the distance at which astropy gives a galaxy its magnitude."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.cosmology import Planck18
from scipy.stats import kstest

from toomre.errors import ArgumentError
from toomre.mocks.brightness import ApparentBrightness

WIDE = ApparentBrightness("r", 17.77, redshifts=(0.0005, 3.0))


def test_magnitudes_follow_the_counts():
    rng = np.random.default_rng(2)
    flux = 10 ** (0.4 * (31.4 - 17.0))  # 17 mag at z = 0.05
    found = np.array([WIDE.redshift_of(flux, 0.05, rng) for _ in range(3000)])
    fainter = Planck18.distmod(found).value - Planck18.distmod(0.05).value
    magnitude = 17.0 + fainter
    low = 10 ** (0.4 * (13.5 - 17.77))

    def counts(m: np.ndarray) -> np.ndarray:
        return (10 ** (0.4 * (m - 17.77)) - low) / (1 - low)

    # the grid of redshifts is coarse at its near end
    assert (
        kstest(
            magnitude[magnitude > 15],
            lambda m: (counts(m) - counts(np.array(15.0))) / (1 - counts(np.array(15.0))),
        ).pvalue
        > 0.01
    )
    assert magnitude.max() < 17.79


def test_ends_of_the_redshifts(rng):
    limits = ApparentBrightness("r", 17.77)
    assert limits.redshift_of(1e9, 0.05, rng) == 0.1
    assert limits.redshift_of(1.0, 0.05, rng) == 0.02


def test_what_is_not_allowed(rng):
    with pytest.raises(ArgumentError, match="^Expected `flux`"):
        WIDE.redshift_of(0.0, 0.05, rng)
    with pytest.raises(ArgumentError, match="in rising order"):
        ApparentBrightness("r", 12.0)
