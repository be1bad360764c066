"""Public files with real defects: what is cut from each, or why it is refused."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.io import fits
from tests.mosaics.conftest import table_of

from toomre.errors import ArgumentError, CorruptFileError, MissingFileError
from toomre.images.flags import Flag
from toomre.mosaics.options import PSFMatching, StampOptions
from toomre.mosaics.stamps import Mosaics

DECAM = ("132", "150", "190", "360")
ONLY_G = "731"  # there is no 731_rband.fits


@pytest.fixture(scope="module")
def real(shared_data):
    return shared_data / "fits_real"


def middle_of(path, **changes):
    """A position near the middle of a 256 x 256 image."""
    options = StampOptions(size_arcsec=4.0, checksums=False, **changes)
    sky = Mosaics.open({"g": path}, table_of(0.0, 0.0), options)._bands[0].frames[0].sky
    return [value[0] for value in sky.to_sky(np.array([127.7]), np.array([127.7]))]


@pytest.mark.parametrize("galaxy", [*DECAM, ONLY_G])
def test_decam_has_stale_check_sums(real, galaxy):
    path = real / "decam_a2670" / f"{galaxy}_gband.fits"
    with pytest.raises(CorruptFileError, match="checksum.*left the old value.*--no-checksums"):
        Mosaics.open({"g": path}, table_of(0.0, 0.0), StampOptions(size_arcsec=4.0))


@pytest.mark.parametrize("galaxy", DECAM)
def test_decam_bands_are_brought_together(real, galaxy):
    """TPV, CD and PC both, reference pixels far outside, and each band on its own grid."""
    files = {band: real / "decam_a2670" / f"{galaxy}_{band}band.fits" for band in "gr"}
    options = StampOptions(size_arcsec=50.0, checksums=False)
    mosaics = Mosaics.open(files, table_of(*middle_of(files["g"])), options)
    (cutout,) = mosaics.stamps()
    assert cutout.flags == Flag.REPROJECTED
    assert cutout.pixel_scale == pytest.approx(0.2623, abs=1e-4)
    side = cutout.pixels.shape[1]
    x0 = int(np.ceil(127.7 - side / 2))
    raw = fits.getdata(files["g"])[x0 : x0 + side, x0 : x0 + side]
    np.testing.assert_array_equal(cutout.pixels[0], raw)
    # The centre of light of both bands is at one place.
    light = np.nan_to_num(
        cutout.pixels[:, side // 2 - 30 : side // 2 + 30, side // 2 - 30 : side // 2 + 30]
    )
    light = np.clip(light - np.median(light, axis=(1, 2), keepdims=True), 0, None)
    grid = np.arange(60)
    x = (light.sum(axis=1) * grid).sum(axis=1) / light.sum(axis=(1, 2))
    y = (light.sum(axis=2) * grid).sum(axis=1) / light.sum(axis=(1, 2))
    assert abs(x[1] - x[0]) < 1.5
    assert abs(y[1] - y[0]) < 1.5


def test_decam_of_which_one_band_is_missing(real):
    """Alone it is cut, pixel by pixel; with another galaxy's r the position lies in g only."""
    files = {"g": real / "decam_a2670" / f"{ONLY_G}_gband.fits"}
    options = StampOptions(size_arcsec=50.0, checksums=False)
    table = table_of(*middle_of(files["g"]))
    (cutout,) = Mosaics.open(files, table, options).stamps()
    assert cutout.flags == Flag(0)
    side = cutout.pixels.shape[1]
    x0 = int(np.ceil(127.7 - side / 2))
    raw = fits.getdata(files["g"])[x0 : x0 + side, x0 : x0 + side]
    np.testing.assert_array_equal(cutout.pixels[0], raw)
    files["r"] = real / "decam_a2670" / "360_rband.fits"
    (cutout,) = Mosaics.open(files, table, options).stamps()
    assert cutout.reason == "missing_band: the position lies in no mosaic of the band r"
    with pytest.raises(MissingFileError, match=f"{ONLY_G}_rband.fits"):
        files["r"] = real / "decam_a2670" / f"{ONLY_G}_rband.fits"
        Mosaics.open(files, table, options)


def test_decam_chip_edge_is_masked(real):
    """A quarter of 190 in g lies beyond the chip: NaN in the file, and in the stamp."""
    path = real / "decam_a2670" / "190_gband.fits"
    options = StampOptions(size_arcsec=256 * 0.262297, checksums=False)
    (cutout,) = Mosaics.open({"g": path}, table_of(*middle_of(path)), options).stamps()
    assert np.isnan(cutout.pixels).mean() == pytest.approx(0.26171875)
    assert cutout.reason == ""  # it is for `inspect` to judge


def test_decam_sharpness_from_the_header(real):
    files = {band: real / "decam_a2670" / f"360_{band}band.fits" for band in "gr"}
    psf = PSFMatching(1.5, {"g": "FWHM:pixel", "r": "FWHM:pixel"})
    options = StampOptions(size_arcsec=20.0, checksums=False, psf=psf)
    table = table_of(*middle_of(files["g"]))
    plain = Mosaics.open(files, table, StampOptions(size_arcsec=20.0, checksums=False))
    (blurred,), (sharp,) = Mosaics.open(files, table, options).stamps(), plain.stamps()
    steps = [np.abs(np.diff(each.pixels, axis=2)).mean(axis=(1, 2)) for each in (sharp, blurred)]
    assert (steps[1] < steps[0]).all()
    flux = [each.pixels.sum(axis=(1, 2)) for each in (sharp, blurred)]
    np.testing.assert_allclose(flux[1], flux[0], rtol=0.005)
    psf = PSFMatching(1.2, {"g": "FWHM:pixel", "r": "FWHM:pixel"})
    options = StampOptions(size_arcsec=20.0, checksums=False, psf=psf)
    (cutout,) = Mosaics.open(files, table, options).stamps()
    assert cutout.flags == Flag.REPROJECTED | Flag.PSF_BROADER
    assert "g: its FWHM is 1.38 arcsec where 1.2 is asked for" in cutout.notes


def test_sdss_states_the_wrong_filter(real):
    files = {b: real / "sdss_ngc6976" / f"reprojected_sdss_{b}.fits.bz2" for b in "gri"}
    table = table_of([313.170189503, 313.1], [-5.69296404072, -5.72])
    one, other = Mosaics.open(files, table, StampOptions(size_arcsec=60.0)).stamps()
    assert one.flags == Flag.HEADER_ODD
    assert len(one.notes) == 2  # r and i; g is right
    assert one.pixels.shape == (3, 51, 51)
    # The header's pixel (1.19 arcsec) is what the mosaic was resampled to, not SDSS's 0.396.
    assert one.pixel_scale == pytest.approx(1.1877, abs=1e-4)
    assert np.isfinite(one.pixels).all()
    assert other.pixels is not None


def test_hst_reference_pixel_is_of_a_larger_image(real):
    """CRPIX lies outside the file, and LTV says 0; the WCS holds all the same."""
    path = real / "cosmos_hst_galsim" / "147246.0_150.416558_1.998697_masknoise.fits"
    table = table_of(150.416558, 1.998697)  # as its name says
    mosaics = Mosaics.open({"i": path}, table, StampOptions(size_arcsec=3.0))
    (batch,) = mosaics.batches()
    window, cutout = batch.windows[0], batch.cutouts[0]
    assert cutout.reason == ""
    assert window.x0 + window.side / 2 == pytest.approx(543 / 2, abs=1.5)
    assert window.y0 + window.side / 2 == pytest.approx(543 / 2, abs=1.5)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("m51/M51.fits", "wcs.: the header has no celestial coordinate system"),
        ("sep_field/image.fits", "wcs.: the header has no celestial coordinate system"),
        ("statmorph_slice/slice.fits", "ambiguous_hdu.: the file has 3 images .0, 1, 2."),
        ("cosmos_hst_galsim/147246.0_150.416558_1.998697.psf.fits", "no celestial"),
        ("decam_a2670/L132.jpg", "not_fits.: the file is JPEG; expected FITS with a WCS"),
    ],
)
def test_what_has_no_place_on_the_sky_is_refused(real, name, why):
    with pytest.raises(ArgumentError, match=why):
        Mosaics.open({"g": real / name}, table_of(0.0, 0.0), StampOptions(size_arcsec=4.0))
