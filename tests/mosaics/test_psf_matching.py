from __future__ import annotations

import numpy as np
import pytest
from astropy.io.fits import Header
from astropy.modeling.fitting import TRFLSQFitter
from astropy.modeling.models import Gaussian2D
from tests.mosaics.conftest import SCALE, make_wcs, table_of
from tests.mosaics.test_regrid import moments, star

from toomre.errors import ArgumentError
from toomre.images.flags import Flag
from toomre.mosaics.options import PSFMatching, StampOptions
from toomre.mosaics.psf_matching import blurred, fwhm_of, kernel_of
from toomre.mosaics.stamps import Mosaics


def fwhm_fitted(image):
    """The FWHM of a star by a fit [pixel]."""
    rows, columns = np.mgrid[: image.shape[0], : image.shape[1]]
    middle = image.shape[0] / 2
    start = Gaussian2D(image.max(), middle, middle, 2.0, 2.0)
    fit = TRFLSQFitter()(start, columns, rows, image.astype(float))
    return 2.3548 * np.sqrt(fit.x_stddev.value * fit.y_stddev.value)


def test_a_star_gets_the_width_that_was_asked_for(write_mosaic):
    wcs = make_wcs()
    files = {
        band: write_mosaic(f"{band}.fits", star((300, 400), 200.2, 150.7, fwhm / SCALE), wcs)
        for band, fwhm in (("g", 1.2), ("r", 1.6), ("i", 2.1))
    }
    psf = PSFMatching(1.8, {"g": 1.2, "r": 1.6, "i": 2.1})
    place = wcs.all_pix2world(200.2, 150.7, 0)
    options = StampOptions(size_arcsec=20.0, psf=psf)
    (cutout,) = Mosaics.open(files, table_of(*place), options).stamps()
    widths = [fwhm_fitted(plane) * SCALE for plane in cutout.pixels]
    assert widths == pytest.approx([1.8, 1.8, 2.1], rel=0.01)
    assert [moments(plane)[0] for plane in cutout.pixels] == pytest.approx([1000] * 3, rel=1e-3)
    assert cutout.flags == Flag.PSF_BROADER
    assert cutout.notes == ("i: its FWHM is 2.1 arcsec where 1.8 is asked for",)


def test_a_stamp_is_blurred_with_what_lies_around_it(write_mosaic, rng):
    """As the whole image would be: no rim, also where pixels are masked or end."""
    wcs = make_wcs()
    sky = rng.normal(size=(300, 400)).astype(np.float32)
    path = write_mosaic("g.fits", sky, wcs)
    psf = PSFMatching(1.8, {"g": 1.2})
    whole = blurred(sky, kernel_of(1.2, 1.8, SCALE), SCALE)
    x, y = np.array([200.0, 3.2]), np.array([150.0, 150.0])
    options = StampOptions(size_arcsec=8.4, psf=psf)
    mosaics = Mosaics.open({"g": path}, table_of(*wcs.all_pix2world(x, y, 0)), options)
    inside, edge = (cutout.pixels[0] for cutout in mosaics.stamps())
    np.testing.assert_allclose(inside, whole[140:161, 190:211], atol=1e-6)
    np.testing.assert_allclose(edge[:, 7:], whole[140:161, :14], atol=1e-6)
    assert np.isnan(edge[:, :7]).all()


def test_the_sharpness_of_a_band_that_is_not_given(write_mosaic):
    path = write_mosaic("g.fits", np.ones((300, 400), np.float32), make_wcs())
    options = StampOptions(size_arcsec=8.4, psf=PSFMatching(1.8, {"g": 1.2, "z": 3.0}))
    with pytest.raises(ArgumentError, match="`psf_fwhm` to be of the bands .*.g., but got 'z'"):
        Mosaics.open({"g": path}, table_of(150.0, 2.0), options)


def test_masked_pixels_do_not_spread(rng):
    image = np.full((60, 60), 5.0, np.float32)
    image[30, 30:34] = np.nan
    done = blurred(image, kernel_of(1.2, 1.8, SCALE), SCALE)
    np.testing.assert_array_equal(np.isnan(done), np.isnan(image))
    np.testing.assert_allclose(done[np.isfinite(done)], 5.0, rtol=1e-6)


def test_the_width_must_be_known():
    matching = PSFMatching(1.8, {"g": "SEEING", "r": "FWHM:furlong"})
    header = Header([("SEEING", "bad")])
    with pytest.raises(ArgumentError, match="header keyword of the band 'g'.*SEEING = bad"):
        fwhm_of("g", header, 0.4, matching)
    with pytest.raises(ArgumentError, match="KEYWORD:pixel, but got 'FWHM:furlong'"):
        fwhm_of("r", header, 0.4, matching)
    with pytest.raises(ArgumentError, match="given for the band 'i'.*but got 'g, r'"):
        fwhm_of("i", header, 0.4, matching)
    with pytest.raises(ArgumentError, match="`fwhm of target` to be above 0 arcsec"):
        PSFMatching(0.0, {})
