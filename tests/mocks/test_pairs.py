"""The twins: the numbers of the papers."""

from __future__ import annotations

import pytest
from astropy.cosmology import Planck18

from toomre.mocks.pairs import PAIRS, facts_of, plan_of


def test_distant_is_that_of_deepmerge():
    pair = PAIRS["distant"]()
    noisy = pair.twins["noisy"].plan
    assert set(noisy.bands) == {"F814W", "F356W", "F160W"}
    assert (noisy.noise, noisy.level, noisy.size) == ("brightness", 25.0, 75)
    assert pair.twins["pristine"].plan.noise == "none"
    assert facts_of(pair.plan).redshift == 2.0
    # nothing is resampled: the result has the pixels of the simulation
    kpc = Planck18.kpc_proper_per_arcmin(2.0).value / 60
    assert noisy.pixel_scale * kpc == pytest.approx(pair.plan.pixel_scale, rel=1e-9)


def test_nearby_is_blurred_by_one_kiloparsec():
    pair = PAIRS["nearby"]()
    noisy = pair.twins["noisy"]
    kpc = Planck18.kpc_proper_per_arcmin(pair.plan.redshift).value / 60
    assert noisy.plan.psf_fwhm * kpc == pytest.approx(1.0, rel=1e-9)
    assert noisy.survey.profile == "gaussian"
    assert (noisy.plan.noise, noisy.plan.level) == ("signal_to_noise", 25.0)
    assert pair.twins["sdss"].plan.picture


def test_pictures_are_simulated_in_the_pixels_of_the_survey():
    pair = PAIRS["nearby"]()
    twin = pair.twins["sdss"]
    plan = plan_of(pair, twin, 0.08)
    kpc = Planck18.kpc_proper_per_arcmin(0.08).value / 60
    assert plan.pixel_scale / kpc == pytest.approx(0.396, rel=1e-9)
    assert plan.size == twin.plan.size == 128
    assert plan_of(pair, pair.twins["noisy"], 0.08) == pair.plan
