from __future__ import annotations

import sys

import numpy as np
import pytest
from tests.mosaics.conftest import SCALE, make_wcs, table_of

from toomre.errors import MissingPackageError
from toomre.images.flags import Flag
from toomre.mosaics.options import StampOptions
from toomre.mosaics.stamps import Mosaics


def star(shape, x, y, fwhm):
    """A Gaussian star of flux 1000 at (x, y) [pixel], its FWHM in pixels."""
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    sigma = fwhm / 2.3548
    light = np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * sigma**2))
    return (1000 * light / (2 * np.pi * sigma**2)).astype(np.float32)


def moments(image):
    """Flux and centre (x, y) of light."""
    rows, columns = np.mgrid[: image.shape[0], : image.shape[1]]
    flux = image.sum(dtype=float)
    return flux, (image * columns).sum() / flux, (image * rows).sum() / flux


@pytest.mark.parametrize(
    ("method", "turn", "scale", "loss"),
    [("interp", -50.0, 0.4, 0.002), ("interp", 25.0, 0.3, 0.002), ("adaptive", 0.0, 0.15, 0.005)],
)
def test_a_star_stays_where_it_is(method, turn, scale, loss, write_mosaic):
    base, other = make_wcs(), make_wcs(turn=turn, scale=scale, shape=(600, 700))
    ra, dec = (float(value) for value in base.all_pix2world(190.3, 160.4, 0))
    x, y = (float(value) for value in other.all_world2pix(ra, dec, 0))
    files = {
        "g": write_mosaic("g.fits", star((300, 400), 190.3, 160.4, 1.6 / SCALE), base),
        "r": write_mosaic("r.fits", star((600, 700), x, y, 1.6 / scale), other),
    }
    options = StampOptions(size_arcsec=24.0, regrid=method)
    (cutout,) = Mosaics.open(files, table_of(ra, dec), options).stamps()
    assert cutout.flags == Flag.REPROJECTED
    assert cutout.notes == (f"r: brought to the pixel grid of g ({method})",)
    g, r = (moments(plane) for plane in cutout.pixels)
    assert r[0] == pytest.approx(g[0], rel=loss)
    assert r[1:] == pytest.approx(g[1:], abs=0.02)


def test_whole_pixels_are_only_shifted(write_mosaic, rng):
    """The same grid in a file of another extent is not interpolated."""
    wcs, shifted = make_wcs("SIP"), make_wcs("SIP")
    shifted.wcs.crpix -= (40, 25)
    shifted.sip.crpix[:] = shifted.wcs.crpix
    sky = rng.normal(size=(300, 400)).astype(np.float32)
    files = {
        "g": write_mosaic("g.fits", sky, wcs),
        "r": write_mosaic("r.fits", sky[25:200, 40:300], shifted),
    }
    place = wcs.all_pix2world([100.2, 296.0], [90.7, 100.0], 0)
    inside, edge = Mosaics.open(files, table_of(*place), StampOptions(size_arcsec=8.0)).stamps()
    assert inside.reason == ""
    np.testing.assert_array_equal(inside.pixels[0], inside.pixels[1])
    assert edge.flags == Flag.EDGE
    assert edge.notes == ("r: 30 % of the field is beyond the image",)
    shown = np.isfinite(edge.pixels[1])
    assert shown.mean() == pytest.approx(0.7)
    np.testing.assert_array_equal(edge.pixels[0][shown], edge.pixels[1][shown])


def test_without_the_package(write_mosaic, monkeypatch, rng):
    sky = rng.normal(size=(300, 400)).astype(np.float32)
    files = {
        "g": write_mosaic("g.fits", sky, make_wcs()),
        "r": write_mosaic("r.fits", sky, make_wcs(turn=3.0)),
    }
    place = make_wcs().all_pix2world(100.0, 100.0, 0)
    monkeypatch.setitem(sys.modules, "reproject", None)
    mosaics = Mosaics.open(files, table_of(*place), StampOptions(size_arcsec=8.0))
    with pytest.raises(MissingPackageError, match="pip install 'toomre.mosaics.'"):
        next(mosaics.stamps())
