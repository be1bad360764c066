from __future__ import annotations

import numpy as np
import pytest
from astropy import units
from astropy.cosmology import Planck18

from toomre.errors import ArgumentError
from toomre.mocks.plan import MockPlan, distant_plan, nearby_plan


def colour(flux, blue, red):
    return -2.5 * np.log10(flux[blue] / flux[red])


def test_old_stars_are_red_and_young_ones_blue():
    plan = nearby_plan()
    assert 0.6 < colour(plan.old, 0, 1) < 1.0  # g - r of an elliptical galaxy is about 0.8
    assert -0.2 < colour(plan.young, 0, 1) < 0.3
    assert plan.young[0] > 20 * plan.old[0]
    assert plan.dust[0] > plan.dust[1] > plan.dust[2]


def test_flux_is_that_of_the_distance():
    """10^11 Msun of old stars at z = 0.05 in r, by astropy's own units."""
    plan = nearby_plan()
    absolute = -2.5 * np.log10(1e11) + 5.55  # the table at 0.593 micron, 8 Gyr and a bit younger
    apparent = absolute + Planck18.distmod(0.05).value - 2.5 * np.log10(1.05)
    expected = (apparent * units.ABmag).to(units.nJy).value
    assert 1e11 * plan.old[1] == pytest.approx(expected, rel=0.15)


def test_distant_galaxies_are_fainter_and_younger():
    near, far = nearby_plan(), distant_plan()
    assert far.cosmic_time == pytest.approx(3.3, abs=0.2)
    assert max(far.old) < min(near.old)
    assert far.bands == ("F814W", "F356W", "F160W")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"redshift": 0.0}, "`redshift` to be above 0"),
        ({"pivots": {"K": 9.0}}, "`pivots` to be 0.15 to 2.2 micron at rest"),
        ({"pivots": {}}, "`bands` to be at least one band"),
        ({"size": 4}, "`size` to be at least 8"),
        ({"pixel_scale": 0.0}, "`pixel_scale` to be above 0"),
    ],
)
def test_impossible_plans_are_refused(changes, message):
    given = {"pivots": {"r": 0.62}, "redshift": 0.1, "pixel_scale": 0.4, "size": 64, **changes}
    with pytest.raises(ArgumentError, match=message):
        MockPlan.of_bands(given.pop("pivots"), **given)


def test_each_band_needs_its_numbers():
    with pytest.raises(ArgumentError, match="Expected `dust` to be one value of 0 or more"):
        MockPlan(("r",), (1.0,), (1.0,), (), 0.4, 64, 0.1, 12.0)
