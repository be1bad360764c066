from __future__ import annotations

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.wcs.utils import skycoord_to_pixel
from tests.mosaics.conftest import make_wcs

from toomre.mosaics.sky import Sky, unit_vectors


@pytest.mark.parametrize("kind", ["TAN", "SIP", "TPV"])
def test_each_position_for_itself_as_astropy_does_one(kind, rng):
    wcs = make_wcs(kind)
    sky = Sky(wcs, (300, 400), 0.4)
    ra, dec = wcs.all_pix2world(rng.uniform(0, 399, 200), rng.uniform(0, 299, 200), 0)
    x, y = sky.to_pixels(ra, dec)
    for place in range(200):
        one = skycoord_to_pixel(SkyCoord(ra[place], dec[place], unit="deg"), wcs)
        assert (x[place], y[place]) == (float(one[0]), float(one[1]))
    alone = np.array([sky.to_pixels(ra[i : i + 1], dec[i : i + 1]) for i in range(200)])[..., 0]
    np.testing.assert_array_equal(alone, np.stack([x, y], axis=1))


@pytest.mark.parametrize("kind", ["TAN", "SIP", "TPV"])
def test_the_far_side_of_the_sky_is_in_no_image(kind, rng):
    sky = Sky(make_wcs(kind), (300, 400), 0.4)
    ra, dec = rng.uniform(0, 360, 2000), np.degrees(np.arcsin(rng.uniform(-1, 1, 2000)))
    x, y = sky.to_pixels(ra, dec)
    near = np.linalg.norm(unit_vectors(ra, dec) - sky.centre, axis=1) < 0.1
    inside = (x > 0) & (x < 399) & (y > 0) & (y < 299)
    assert not (inside & ~near).any()


def test_the_scale_is_local_where_it_changes():
    wide = make_wcs(shape=(20_000, 20_000), scale=10.0)
    sky = Sky(wide, (20_000, 20_000), 10.0)
    middle, corner = sky.scales(np.array([10_000.0, 100.0]), np.array([10_000.0, 100.0]))
    # A pixel of a tangent plane at the angle t shows cos(t)^1.5 of the length of the middle's.
    x, y = sky.to_sky(np.array([100.0]), np.array([100.0]))
    angle = 2 * np.arcsin(np.linalg.norm(unit_vectors(x, y)[0] - sky.centre) / 2)
    assert middle == pytest.approx(10.0, rel=1e-3)
    assert corner == pytest.approx(10.0 * np.cos(angle) ** 1.5, rel=2e-3)
    even = Sky(make_wcs(), (300, 400), 0.4)
    assert even.scales(np.zeros(2), np.zeros(2)).tolist() == [0.4, 0.4]
