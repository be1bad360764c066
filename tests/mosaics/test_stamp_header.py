"""The coordinate system of a stamp gives the positions that the mosaic's gives."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.io.fits import Header
from astropy.wcs import WCS
from tests.mosaics.conftest import make_wcs

from toomre.mosaics.regrid import window_wcs
from toomre.mosaics.stamp_header import resampled_wcs, stamp_header


@pytest.mark.parametrize("has_cd", [True, False])
@pytest.mark.parametrize("kind", ["TAN", "SIP", "TPV"])
def test_positions_go_round(kind, has_cd, rng):
    wcs = make_wcs(kind)
    if not has_cd:
        wcs = WCS(wcs.to_header(relax=True))
    x, y = rng.uniform(100, 140, (2, 50))
    ra, dec = wcs.all_pix2world(x, y, 0)
    window = window_wcs(wcs, 95, -7, 51)
    for size, box in ((51, 51.0), (75, 44.4), (20, 40.0)):
        plain = size == 51
        made = window if plain else resampled_wcs(window, 51, box, size)
        read = WCS(Header.fromstring(stamp_header(made).tostring()))
        ratio = size / box
        wanted = [(v - start - 25.0) * ratio + (size - 1) / 2 for v, start in ((x, 95), (y, -7))]
        found = read.all_world2pix(ra, dec, 0)
        np.testing.assert_allclose(found, wanted, atol=0.002)


def test_the_mosaic_is_not_changed():
    wcs = make_wcs("SIP")
    before = str(wcs.to_header(relax=True))
    resampled_wcs(window_wcs(wcs, 10, 20, 30), 30, 24.0, 75)
    assert str(wcs.to_header(relax=True)) == before
