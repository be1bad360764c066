from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from toomre.errors import ArgumentError
from toomre.mocks.constants import CLOSE, CUSP
from toomre.mocks.orbit import pair_energy, pair_orbit, parabolic_speed
from toomre.mocks.potential import Well


def galaxy(mass: float) -> Well:
    return Well.of_galaxy(mass, 1.7 * (mass / 1e10) ** 0.2)


def pair(ratio: float, mass: float = 10**10.1) -> tuple[Well, Well]:
    return galaxy(mass / (1 + ratio)), galaxy(mass * ratio / (1 + ratio))


def start(first, second, distance=39.0, speed=0.62, aim=30.0):
    v = speed * parabolic_speed(first, second, distance)
    aim = np.radians(aim)
    return np.array(
        [distance, 0, 0, -v * np.cos(aim), v * np.sin(aim) * 0.8, v * np.sin(aim) * 0.6]
    )


@pytest.mark.parametrize("ratio", [1.0, 0.3, 0.05])
def test_energy_and_angular_momentum_stay_without_friction(ratio):
    first, second = pair(ratio)
    orbit = pair_orbit(first, second, start(first, second), 5.0, friction=False)
    energy = pair_energy(first, second, orbit.track)
    assert np.abs(energy / energy[0] - 1).max() < 1e-3
    spin = np.cross(orbit.track[:, :3], orbit.track[:, 3:])
    assert np.abs(spin - spin[0]).max() < 1e-10 * np.linalg.norm(spin[0])
    assert len(orbit.pericenters) >= 2
    assert np.isnan(orbit.coalescence)


def test_momentum_is_zero_with_and_without_friction():
    first, second = pair(0.3)
    for friction in (True, False):
        orbit = pair_orbit(first, second, start(first, second), 2.0, friction=friction)
        momentum = first.mass * orbit.shares[0] + second.mass * orbit.shares[1]
        assert abs(momentum) < 1e-12 * first.mass
        assert orbit.shares[1] - orbit.shares[0] == pytest.approx(1)


def test_order_of_the_galaxies_does_not_matter():
    first, second = pair(0.3)
    begin = start(first, second)
    one, two = pair_orbit(first, second, begin, 2.0), pair_orbit(second, first, -begin, 2.0)
    np.testing.assert_array_equal(one.track, -two.track)
    assert one.coalescence == two.coalescence


def test_circular_orbit_stays_circular():
    first, second = pair(0.5)
    r = 30.0
    # slope of the potential by differences, an independent way to the pull
    states = np.zeros((2, 6))
    states[:, 0] = r - 1e-3, r + 1e-3
    slope = np.diff(pair_energy(first, second, states))[0] / 2e-3
    orbit = pair_orbit(
        first, second, np.array([r, 0, 0, 0, np.sqrt(slope * r), 0]), 4.0, friction=False
    )
    assert np.abs(orbit.separation / r - 1).max() < 1e-4
    angle = np.unwrap(np.arctan2(orbit.track[:, 1], orbit.track[:, 0]))
    assert angle[-1] == pytest.approx(4.0 * np.sqrt(slope / r), rel=1e-4)


def test_half_the_step_gives_a_quarter_of_the_error():
    first, second = pair(0.3)
    ends = [
        pair_orbit(first, second, start(first, second), 1.5, friction=False, step=step).track[-1]
        for step in (0.004, 0.002, 0.001, 0.0005)
    ]
    errors = [np.linalg.norm(a - b) for a, b in pairwise(ends)]
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.1)
    assert errors[1] / errors[2] == pytest.approx(4, rel=0.1)


def test_orbit_agrees_with_another_integrator():
    from scipy.integrate import solve_ivp

    first, second = pair(0.4)
    both = 1 / first.row[::2].sum() + 1 / second.row[::2].sum()

    def motion(_, y):
        s, total = np.sqrt(y[:3] @ y[:3] + CUSP**2), 0.0
        for gm, a in first.row.reshape(2, 2):
            for gn, b in second.row.reshape(2, 2):
                total += gm * gn / (s + max(a, b)) ** 2 / s
        return np.concatenate([y[3:], -total * both * y[:3]])

    begin = start(first, second)
    judge = solve_ivp(motion, (0, 2), begin, method="DOP853", rtol=1e-10, atol=1e-8).y[:, -1]
    ours = pair_orbit(first, second, begin, 2.0, friction=False).track[-1]
    assert np.linalg.norm(ours[:3] - judge[:3]) < 0.02  # kpc


def test_without_friction_the_way_back_is_the_way():
    first, second = pair(0.3)
    begin = start(first, second)
    there = pair_orbit(first, second, begin, 2.0, friction=False).track[-1]
    back = pair_orbit(first, second, there, -2.0, friction=False).track[-1]
    np.testing.assert_allclose(back, begin, atol=1e-9)


def test_friction_only_takes_energy_and_ends_in_coalescence():
    first, second = pair(0.3)
    orbit = pair_orbit(first, second, start(first, second), 5.0)
    energy = pair_energy(first, second, orbit.track)
    assert np.diff(energy).max() < 1e-3 * abs(energy[0])
    late = orbit.time > orbit.coalescence
    assert 0.3 < orbit.coalescence < 4
    assert orbit.separation[late].max() < CLOSE
    assert orbit.separation[~late][-1] >= CLOSE


def test_small_companions_take_longer():
    """10:1 takes about twice as long as 3:1 (Boylan-Kolchin et al. 2008)."""
    typical = {}
    for ratio in (1.0, 1 / 3, 0.1):
        first, second = pair(ratio)
        rng = np.random.default_rng(3)
        times = [
            pair_orbit(
                first,
                second,
                start(
                    first, second, rng.uniform(28, 50), rng.uniform(0.45, 0.8), rng.uniform(8, 50)
                ),
                9.0,
            ).coalescence
            for _ in range(60)
        ]
        typical[ratio] = np.median(np.nan_to_num(times, nan=9.0))
    assert typical[1.0] < 1.2 * typical[1 / 3]
    assert 1.6 < typical[0.1] / typical[1 / 3] < 2.6
    assert 0.6 < typical[1 / 3] < 2.0


def test_wrong_starts_are_refused():
    first, second = pair(0.3)
    with pytest.raises(ArgumentError, match="Expected `start` to be six finite numbers"):
        pair_orbit(first, second, np.zeros(5), 1.0)
    with pytest.raises(ArgumentError, match="Friction has no way back"):
        pair_orbit(first, second, start(first, second), -1.0)
