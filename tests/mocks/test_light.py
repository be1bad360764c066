from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from toomre.mocks.galaxy import Galaxy, draw_stars
from toomre.mocks.light import draw_light, shine, star_flux, young_share
from toomre.mocks.plan import distant_plan, nearby_plan
from toomre.mocks.render import neighbour_radius

GALAXY = Galaxy(1e10, 1.7, 0.25)
STARS = draw_stars(GALAXY, 6000, np.random.default_rng(1))
SPACING = neighbour_radius(STARS.position)


def lit(**changes):
    rng = np.random.default_rng(4)
    draw = replace(draw_light(3, rng), **{"burst": 0.0, "arms": 0.0, "clumps": (0.0, 5), **changes})
    return shine(GALAXY, STARS, STARS.position, SPACING, draw, 1.0, rng)


def test_shares_sum_to_one():
    light = lit(burst=0.3, arms=0.9, clumps=(0.2, 20))
    for share in (light.young, light.old, light.dust):
        assert share.sum() == pytest.approx(1)
        assert share.min() >= 0


def test_bulge_is_old_and_the_outer_disc_young():
    light = lit()
    assert light.young[~STARS.disc].sum() == 0
    inner, outer = (STARS.birth_radius < 1) & STARS.disc, STARS.birth_radius > 2
    ratio = [light.young[part].sum() / light.old[part].sum() for part in (inner, outer)]
    assert ratio[1] > 0.8 * ratio[0]


def test_a_burst_is_central():
    r = np.linalg.norm(STARS.position, axis=0)
    with_it, without = lit(burst=0.4), lit()
    assert with_it.young[r < 1].sum() > without.young[r < 1].sum() + 0.3
    np.testing.assert_array_equal(with_it.old, without.old)


def test_arms_have_two_of_each():
    light = lit(arms=0.9, pitch=90.0, phase=0.0)  # straight arms, along x
    x, y = STARS.position[:2]
    out = STARS.disc & (np.hypot(x, y) > 1.5)
    along = np.abs(x) > np.abs(y)
    assert light.young[out & along].sum() > 2 * light.young[out & ~along].sum()
    left = light.young[out & along & (x < 0)].sum() / light.young[out & along].sum()
    assert left == pytest.approx(0.5, abs=0.05)


def test_a_bar_gathers_old_light_along_one_axis():
    light = lit(bar=0.9, pitch=90.0, phase=0.0)
    x, y = STARS.position[:2]
    inner = STARS.disc & (np.hypot(x, y) < 1.2)
    along = np.abs(x) > np.abs(y)
    assert light.old[inner & along].sum() > 1.8 * light.old[inner & ~along].sum()
    outer = STARS.disc & (np.hypot(x, y) > 4)
    ratio = light.old[outer & along].sum() / light.old[outer & ~along].sum()
    assert ratio == pytest.approx((outer & along).sum() / (outer & ~along).sum(), rel=0.01)


def test_clumps_take_their_share():
    light = lit(clumps=(0.3, 12))
    assert light.sharp.sum() <= 12
    assert light.young[light.sharp].sum() == pytest.approx(0.3, abs=0.02)


def test_dust_reddens():
    plan = nearby_plan()
    clear, dusty = (star_flux(plan, np.ones(1), np.ones(1), np.array([t])) for t in (0.0, 1.0))
    np.testing.assert_allclose(dusty / clear, np.exp(-np.array(plan.dust))[:, None])


def test_star_formation_is_that_of_the_main_sequence():
    draw = replace(draw_light(3, np.random.default_rng(1)), log_specific_rate=0.0)
    today, share = young_share(nearby_plan(), 5e10, draw)
    assert 1 < today < 5  # the Milky Way forms about 2 Msun a year
    assert share == pytest.approx(today * 1e8 / 5e10)
    assert young_share(distant_plan(), 5e10, draw)[0] > 10 * today
