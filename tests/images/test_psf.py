"""Blur: flux, width and shape, judged by GalSim's own convolution, scipy and analytic values."""

from __future__ import annotations

import galsim
import numpy as np
import pytest
from scipy import ndimage
from scipy.ndimage import gaussian_filter
from scipy.optimize import curve_fit
from scipy.stats import norm

from toomre.errors import ArgumentError
from toomre.images.psf import PSF, blur, convolve, psf_stamp


def moffat(r: np.ndarray, peak: float, core: float, beta: float) -> np.ndarray:
    return peak * (1 + (r / core) ** 2) ** -beta


def fwhm_of(image: np.ndarray, scale: float) -> float:
    """Fit a Moffat profile to a star in the middle and return its FWHM."""
    middle = (len(image) - 1) / 2
    y, x = np.indices(image.shape) - middle
    r = np.hypot(x, y).ravel() * scale
    near = r < 15 * scale
    guess = (image.max(), 4 * scale, 3.0)
    (_, core, beta), _ = curve_fit(moffat, r[near], image.ravel()[near], guess)
    return 2 * abs(core) * np.sqrt(2 ** (1 / beta) - 1)


@pytest.mark.parametrize("psf", [PSF(1.2), PSF(1.2, "moffat"), PSF(0.5), PSF(0.5, "moffat", 2.5)])
@pytest.mark.parametrize("edge", ["zero", "nearest"])
def test_flux_is_kept(psf, edge, rng):
    image = np.zeros((2, 191, 190))
    image[:, 80:110, 85:105] = rng.uniform(0, 1, (2, 30, 20))
    found = blur(image, psf, 0.4, edge)
    assert found.sum(axis=(1, 2)) == pytest.approx(image.sum(axis=(1, 2)), rel=1e-6)
    assert found.min() > -1e-12


@pytest.mark.parametrize("fwhm", [1.0, 1.3, 2.0])
def test_a_star_has_the_width_asked_for(fwhm):
    image = np.zeros((129, 129))
    image[64, 64] = 1
    assert fwhm_of(blur(image, PSF(fwhm, "moffat"), 0.2), 0.2) == pytest.approx(fwhm, rel=0.01)


def test_gaussian_with_nearest_edge_is_that_of_the_papers(rng):
    # D1.14: sigma_pix = FWHM / 2.3548 / pixel, mode "nearest"
    image = rng.uniform(0, 1, (40, 37))
    sigma = 0.2 / 2.3548 / 0.06
    wanted = gaussian_filter(image, sigma, mode="nearest", truncate=6)
    # the taper begins at 3 FWHM, where 1e-11 of the peak is left
    assert blur(image, PSF(0.2), 0.06, "nearest") == pytest.approx(wanted, abs=1e-4)


def test_zero_edge_is_that_of_scipy(rng):
    image = rng.uniform(0, 1, (40, 37))
    wanted = gaussian_filter(image, 2.0, mode="constant", truncate=6)
    found = blur(image, PSF(2.0 * np.sqrt(8 * np.log(2))), 1.0)
    assert found == pytest.approx(wanted, abs=1e-4)


@pytest.mark.parametrize(("edge", "mode"), [("zero", "constant"), ("nearest", "nearest")])
def test_any_stamp_is_convolved(edge, mode, rng):
    image, stamp = rng.uniform(0, 1, (23, 29)), rng.uniform(0, 1, (7, 5))
    wanted = ndimage.convolve(image, stamp, mode=mode)
    assert convolve(image, stamp, edge) == pytest.approx(wanted, abs=1e-12)


def test_galsim_convolves_to_the_same_galaxy():
    galaxy = galsim.Exponential(half_light_radius=1.5).shear(q=0.6, beta=30 * galsim.degrees)
    draw = {"nx": 101, "ny": 101, "scale": 0.3, "dtype": float}
    # the pixel is in the input already, and once in GalSim's result
    sharp = galaxy.drawImage(method="auto", **draw).array
    wanted = galsim.Convolve(galaxy, galsim.Moffat(beta=3.5, fwhm=1.3)).drawImage(**draw).array
    found = blur(sharp, PSF(1.3, "moffat"), 0.3)
    assert np.abs(found - wanted).max() < 0.005 * wanted.max()


@pytest.mark.parametrize("fwhm", [0.3, 0.8, 1.3, 1.9])
def test_poorly_sampled_stars_are_means_over_pixels(fwhm):
    image = np.zeros((31, 31))
    image[15, 15] = 1.0
    sigma = fwhm / np.sqrt(8 * np.log(2))
    along = np.diff(norm.cdf(np.arange(-15.5, 16.0), scale=sigma))
    assert blur(image, PSF(fwhm), 1.0) == pytest.approx(np.outer(along, along), abs=1e-3)


def test_no_square_halo():
    stamp = psf_stamp(PSF(1.3, "moffat"), 0.2)
    middle = len(stamp) // 2
    assert len(stamp) > 100
    assert stamp[0].max() < 1e-8 * stamp.max()  # nothing on the square's border
    y, x = np.indices(stamp.shape) - middle
    r = np.hypot(x, y)
    ring = stamp[(r > 0.9 * middle) & (r < 0.91 * middle)]
    assert ring.max() < 1.5 * ring.min()
    # half of the light lies as far out as in the untapered profile
    full = galsim.Moffat(beta=3.5, fwhm=1.3)
    assert full.calculateHLR(scale=0.02) == pytest.approx(
        galsim.InterpolatedImage(galsim.Image(stamp.copy(), scale=0.2)).calculateHLR(), rel=0.01
    )


def test_stamps_wider_than_the_image_are_cut(rng):
    image = rng.uniform(0, 1, (12, 15))
    stamp = psf_stamp(PSF(3.0, "moffat"), 0.5)
    assert len(stamp) > 2 * 15
    wide = np.pad(image, 100)
    wanted = convolve(wide, stamp)[100:-100, 100:-100]
    assert convolve(image, stamp) == pytest.approx(wanted, abs=1e-12)


def test_no_star_narrower_than_a_pixel_is_widened():
    image = np.zeros((9, 9))
    image[4, 4] = 1
    assert blur(image, PSF(0.01), 1.0)[4, 4] == pytest.approx(1)


@pytest.mark.parametrize(
    "make",
    [
        lambda: PSF(0.0),
        lambda: PSF(float("nan")),
        lambda: PSF(1.0, "airy"),
        lambda: PSF(1.0, "moffat", 1.0),
        lambda: psf_stamp(PSF(1.0), 0.0),
        lambda: convolve(np.zeros((5, 5)), np.ones((2, 3))),
        lambda: convolve(np.zeros(5), np.ones((3, 3))),
        lambda: convolve(np.zeros((5, 5)), np.ones((3, 3)), "wrap"),
    ],
)
def test_what_is_not_allowed(make):
    with pytest.raises(ArgumentError, match="^Expected `"):
        make()
