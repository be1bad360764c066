from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad

from toomre.errors import ArgumentError
from toomre.mocks.constants import DISC_SCALE
from toomre.mocks.galaxy import Galaxy, draw_stars


@pytest.fixture(scope="module")
def stars():
    return draw_stars(Galaxy(1e10, 1.7, 0.3), 40000, np.random.default_rng(2))


def test_disc_is_exponential(stars):
    r = np.hypot(*stars.position[:2, stars.disc]) / 1.7
    inside = 1 - (1 + r) * np.exp(-r)
    share = np.histogram(inside / (1 - 7 * np.exp(-6)), bins=10, range=(0, 1))[0] / len(r)
    np.testing.assert_allclose(share, 0.1, atol=0.006)
    np.testing.assert_allclose(stars.birth_radius[stars.disc], r)
    assert stars.position[2, stars.disc].std() == pytest.approx(
        DISC_SCALE["height"] * 1.7, rel=0.02
    )


def test_bulge_follows_the_jeans_equation(stars):
    well, a = Galaxy(1e10, 1.7, 0.3).well, DISC_SCALE["bulge"] * 1.7
    r = np.linalg.norm(stars.position[:, ~stars.disc], axis=0)
    assert np.median(r) == pytest.approx(a * 1.96, rel=0.1)  # 15 scale radii hold 88 %
    shell = (r > 0.9 * a) & (r < 1.1 * a)

    def density(x):
        return 1 / (x * (x + a) ** 3)

    pressure = quad(lambda x: density(x) * well.pull(x) * x, a, 1000 * a, limit=200)[0]
    sigma = np.sqrt(pressure / density(a))
    measured = stars.velocity[:, ~stars.disc][:, shell].std(axis=1)
    np.testing.assert_allclose(measured, sigma, rtol=0.1)


def test_disc_turns_a_little_slower_than_a_circle(stars):
    x, y = stars.position[:2, stars.disc]
    vx, vy = stars.velocity[:2, stars.disc]
    r = np.hypot(x, y)
    speed = (x * vy - y * vx) / r
    circular = np.sqrt(Galaxy(1e10, 1.7, 0.3).well.pull(r)) * r
    out = (r > 3) & (r < 5)
    assert 0.85 < np.mean(speed[out] / circular[out]) < 1.0


def test_same_state_gives_the_same_stars():
    galaxy = Galaxy(1e10, 1.7, 0.3)
    one, two = (draw_stars(galaxy, 100, np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(one.velocity, two.velocity)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_galaxy_may_lack_a_part(share):
    stars = draw_stars(Galaxy(1e10, 1.7, share), 50, np.random.default_rng(5))
    assert stars.disc.sum() == 50 * (1 - share)
    assert np.isfinite(stars.velocity).all()


def test_impossible_galaxies_are_refused():
    with pytest.raises(ArgumentError, match="Expected `bulge_share` to be from 0 to 1"):
        Galaxy(1e10, 1.7, 1.2)
    with pytest.raises(ArgumentError, match="Expected `count` to be at least 2"):
        draw_stars(Galaxy(1e10, 1.7, 0.2), 1, np.random.default_rng(1))
