from __future__ import annotations

import numpy as np
import pytest

from toomre.errors import ArgumentError
from toomre.mocks.constants import SOFTENING
from toomre.mocks.galaxy import Galaxy, draw_stars
from toomre.mocks.orbit import pair_orbit
from toomre.mocks.particles import move_stars, stars_energy


@pytest.mark.parametrize(("mass", "bulge"), [(3e9, 0.4), (1e10, 0.4), (1e10, 0.9), (8e10, 0.4)])
def test_a_lone_galaxy_keeps_its_size_for_a_gigayear(mass, bulge):
    galaxy = Galaxy(mass, 1.7 * (mass / 1e10) ** 0.2, bulge)
    stars = draw_stars(galaxy, 12000, np.random.default_rng(3))
    after, velocity = move_stars(
        stars.position, stars.velocity, (galaxy.well, None), None, (0.0, 1.0)
    )
    for part in (stars.disc, ~stars.disc):
        radius = [np.median(np.linalg.norm(p[:, part], axis=0)) for p in (stars.position, after)]
        assert radius[1] / radius[0] == pytest.approx(1, abs=0.05)
    assert after[2, stars.disc].std() / stars.position[2, stars.disc].std() < 1.1
    energy = [
        stars_energy(p, v, galaxy.well)
        for p, v in ((stars.position, stars.velocity), (after, velocity))
    ]
    assert energy[1].sum() / energy[0].sum() == pytest.approx(1, abs=1e-3)
    assert np.median(np.abs(energy[1] / energy[0] - 1)) < 1e-3


def test_circular_orbit():
    well = Galaxy(1e10, 1.7, 0.2).well
    r = np.array([1.0, 4.0, 12.0])
    speed = np.sqrt(well.pull(r)) * r
    zero = np.zeros(3)
    p, v = move_stars(
        np.stack([r, zero, zero]), np.stack([zero, speed, zero]), (well, None), None, (0.0, 1.0)
    )
    np.testing.assert_allclose(np.linalg.norm(p, axis=0), r, rtol=2e-3)
    np.testing.assert_allclose(np.linalg.norm(np.cross(p.T, v.T), axis=1), r * speed, rtol=1e-10)


def test_smaller_steps_change_less():
    well = Galaxy(1e10, 1.7, 0.2).well
    rng = np.random.default_rng(2)
    # well outside the softening, so that the motion is regular
    p, v = rng.normal(0, 1, (3, 200)), rng.normal(0, 60, (3, 200))
    p *= rng.uniform(3, 6, 200) / np.linalg.norm(p, axis=0)
    ends = [
        move_stars(p, v, (well, None), None, (0.0, 0.2), step_parameter=step)[0]
        for step in (0.10, 0.05, 0.025, 0.001)
    ]
    errors = [np.median(np.linalg.norm(end - ends[-1], axis=0)) for end in ends[:-1]]
    assert errors[0] < 0.02  # kpc
    assert errors[1] < 0.5 * errors[0]
    assert errors[2] < 0.5 * errors[1]


def test_stars_in_a_pair_agree_with_another_integrator():
    from scipy.integrate import solve_ivp

    first, second = Galaxy(1e10, 1.7, 0.2).well, Galaxy(4e9, 1.4, 0.2).well
    orbit = pair_orbit(first, second, np.array([20.0, 0, 0, -150.0, 80.0, 0]), 0.4)
    rng = np.random.default_rng(4)
    p = rng.normal(0, 4, (3, 6))
    v = rng.normal(0, 80, (3, 6))

    def motion(t, y):
        at = np.array([np.interp(t, orbit.time, column) for column in orbit.track[:, :3].T])
        pull = np.zeros(3)
        for well, share in zip((first, second), orbit.shares, strict=True):
            d = y[:3] - share * at
            pull -= well.pull(np.linalg.norm(d)) * d
        return np.concatenate([y[3:], pull])

    ours, _ = move_stars(p, v, (first, second), orbit, (0.0, 0.3), step_parameter=0.03)
    for i in range(6):
        judge = solve_ivp(
            motion,
            (0, 0.3),
            np.concatenate([p[:, i], v[:, i]]),
            rtol=1e-7,
            atol=1e-7,
            max_step=0.001,
        )
        assert np.linalg.norm(judge.y[:3, -1] - ours[:, i]) < 0.05  # kpc


def test_number_of_stars_does_not_matter():
    """Stars are moved in blocks: a star's way must not depend on the others."""
    galaxy = Galaxy(1e10, 1.7, 0.2)
    stars = draw_stars(galaxy, 150, np.random.default_rng(3))
    whole, _ = move_stars(stars.position, stars.velocity, (galaxy.well, None), None, (0, 0.3))
    for part in (slice(0, 1), slice(40, 105)):
        some, _ = move_stars(
            stars.position[:, part], stars.velocity[:, part], (galaxy.well, None), None, (0, 0.3)
        )
        np.testing.assert_allclose(some, whole[:, part], rtol=1e-12)


def test_a_star_in_the_centre_stays_there():
    well = Galaxy(1e10, 1.7, 0.2).well
    p, v = move_stars(np.zeros((3, 1)), np.zeros((3, 1)), (well, None), None, (0.0, 0.1))
    assert np.all(p == 0)
    assert np.all(v == 0)
    assert SOFTENING > 0


def test_the_orbit_must_reach_the_end():
    well = Galaxy(1e10, 1.7, 0.2).well
    orbit = pair_orbit(well, well, np.array([20.0, 0, 0, -150.0, 80.0, 0]), 0.4)
    with pytest.raises(ArgumentError, match="Expected `span` to be within the orbit"):
        move_stars(np.zeros((3, 1)), np.zeros((3, 1)), (well, well), orbit, (0.0, 0.5))
