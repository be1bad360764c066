from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from toomre.errors import ArgumentError
from toomre.mocks.render import CAMERAS, neighbour_radius, splat, view


def test_cameras_are_a_tetrahedron_of_rotations():
    for camera in CAMERAS:
        np.testing.assert_allclose(camera @ camera.T, np.eye(3), atol=1e-12)
        assert np.linalg.det(camera) == pytest.approx(1)
    looks = CAMERAS[:, 2]
    np.testing.assert_allclose(looks @ looks.T, np.where(np.eye(4) == 1, 1, -1 / 3), atol=1e-12)


def test_view_keeps_lengths(rng):
    stars = rng.normal(size=(3, 20))
    for camera in range(4):
        seen = view(stars, camera)
        np.testing.assert_allclose(np.linalg.norm(seen, axis=0), np.linalg.norm(stars, axis=0))


@settings(deadline=None)  # the first call may wait for the kernels' compilation
@given(
    place=st.tuples(st.floats(15, 24), st.floats(15, 24)),
    reach=st.floats(0, 14),
    flux=st.floats(1e-3, 1e9),
)
def test_splat_keeps_flux_and_place(place, reach, flux):
    picture = splat(np.array(place)[:, None], np.array([reach]), np.array([[flux]]), 40)[0]
    assert picture.sum() == pytest.approx(flux, rel=1e-6)
    assert picture.min() >= 0
    y, x = np.mgrid[:40, :40]
    centre = (picture * x).sum() / picture.sum(), (picture * y).sum() / picture.sum()
    np.testing.assert_allclose(centre, place, atol=0.3)


def test_splat_agrees_with_a_plain_loop(rng):
    place, reach = rng.uniform(-3, 23, (2, 30)), rng.uniform(0, 5, 30)
    flux = rng.uniform(0, 1, (2, 30))
    expected = np.zeros((2, 20, 20))
    wide = np.arange(-20, 41)
    for i in range(30):
        h = max(reach[i], 1.0)
        r2 = (wide[None, :] - place[0, i]) ** 2 + (wide[:, None] - place[1, i]) ** 2
        kernel = np.where(r2 < h * h, (1 - r2 / h**2) ** 2, 0)
        expected += flux[:, i, None, None] * (kernel / kernel.sum())[20:40, 20:40]
    np.testing.assert_allclose(splat(place, reach, flux, 20), expected, atol=1e-12)


def test_light_beside_the_picture_is_lost():
    picture = splat(np.array([[-50.0, 99.0], [3.0, 3.0]]), np.ones(2), np.ones((1, 2)), 10)
    assert picture.sum() == 0


def test_neighbours_agree_with_a_plain_search(rng):
    stars = rng.normal(size=(3, 60))
    expected = np.sort(cdist(stars.T, stars.T), axis=1)[:, 7]
    np.testing.assert_allclose(neighbour_radius(stars, 7), expected)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_few_stars_have_few_neighbours(count, rng):
    assert neighbour_radius(rng.normal(size=(3, count))).shape == (count,)


def test_shapes_must_agree():
    with pytest.raises(ArgumentError, match="Expected one place, reach and flux for each star"):
        splat(np.zeros((2, 3)), np.zeros(2), np.zeros((1, 3)), 10)
