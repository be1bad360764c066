from __future__ import annotations

import numpy as np
import pytest
from astropy import constants, units

from toomre.errors import ArgumentError
from toomre.mocks.constants import BARYON_WELL, GRAVITY, HALO_MASS, KM_S
from toomre.mocks.potential import Well


def test_units_are_those_of_astropy():
    gravity = constants.G.to(units.kpc**3 / units.Gyr**2 / units.Msun).value
    assert pytest.approx(gravity, rel=2e-4) == GRAVITY
    assert pytest.approx((1 * units.km / units.s).to(units.kpc / units.Gyr).value) == KM_S


def test_pull_is_the_slope_of_the_potential():
    well = Well.of_galaxy(2e10, 2.0)
    r = np.geomspace(0.01, 100, 50)
    slope = (well.potential(r * 1.0001) - well.potential(r * 0.9999)) / (0.0002 * r)
    np.testing.assert_allclose(well.pull(r) * r, slope, rtol=1e-5)


def test_halo_has_its_mass_and_peak_speed():
    well = Well.of_galaxy(10**10.15, 1.8)
    assert well.mass == pytest.approx((HALO_MASS + BARYON_WELL) * 10**10.15)
    r = np.geomspace(1, 200, 2000)
    halo = np.sqrt(GRAVITY * well.halo_mass * r / (r + well.halo_scale) ** 2) / KM_S
    assert halo.max() == pytest.approx(165, rel=1e-4)
    # far away it pulls like a point
    assert well.pull(1e6) == pytest.approx(GRAVITY * well.mass / 1e18, rel=1e-3)


@pytest.mark.parametrize(("mass", "scale", "name"), [(0, 2, "stellar_mass"), (1e10, -1, "disc")])
def test_impossible_galaxies_are_refused(mass, scale, name):
    with pytest.raises(ArgumentError, match=f"Expected `{name}.*` to be above 0"):
        Well.of_galaxy(mass, scale)
