"""Observed images: flux, width, size, dimming and noise measured in them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from astropy.cosmology import Planck18
from scipy.optimize import curve_fit
from scipy.stats import median_abs_deviation

from toomre.errors import ArgumentError
from toomre.images.noise import sigma_for_brightness_limit, sigma_for_point_depth
from toomre.mocks import sdss_picture
from toomre.mocks.brushes import Canvas, Ellipse, sersic
from toomre.mocks.observing import (
    ObservePlan,
    cut_sky,
    observe,
    psf_fwhm_of,
    with_picture_bands,
)
from toomre.mocks.placing import InputFacts
from toomre.surveys.tables import SURVEYS

FACTS = InputFacts(0.05, unit="nJy")
EVERY = [(survey, band.name) for survey in SURVEYS.values() for band in survey.bands]
IDS = [f"{survey.name}-{band}" for survey, band in EVERY]


def quiet(*bands: str, **changes: object) -> ObservePlan:
    return replace(ObservePlan(bands, noise="none"), **changes)


def galaxy(size: int = 301, scale: float = 0.05, radius: float = 1.0) -> np.ndarray:
    return 1e4 * sersic(Canvas(size, scale), Ellipse(0, 0, radius, 0.7, 30), 1)[None]


def gaussian(r: np.ndarray, peak: float, sigma: float) -> np.ndarray:
    return peak * np.exp(-(r**2) / 2 / sigma**2)


def moffat(r: np.ndarray, peak: float, core: float, beta: float) -> np.ndarray:
    return peak * (1 + (r / core) ** 2) ** -beta


def half_light_radius(image: np.ndarray, scale: float) -> float:
    y, x = np.indices(image.shape) - (len(image) - 1) / 2
    r = np.hypot(x, y).ravel()
    order = np.argsort(r)
    sums = np.cumsum(image.ravel()[order])
    return float(np.interp(sums[-1] / 2, sums, r[order])) * scale


@pytest.mark.parametrize("name", SURVEYS)
def test_flux_is_kept(name, rng):
    survey = SURVEYS[name]
    bands = tuple(band.name for band in survey.bands)
    light = np.repeat(galaxy(101, radius=0.3), len(bands), axis=0)
    light[:, np.hypot(*(np.indices((101, 101)) - 50)) > 30] = 0
    seen = observe(light, FACTS, survey, quiet(*bands, size=160), rng)
    assert seen.sum(axis=(1, 2)) == pytest.approx(light.sum(axis=(1, 2)), rel=2e-5)
    exact = observe(light, FACTS, replace(survey, profile="gaussian"), quiet(*bands, size=160), rng)
    assert exact.sum(axis=(1, 2)) == pytest.approx(light.sum(axis=(1, 2)), rel=1e-6)


@pytest.mark.parametrize(("survey", "band"), EVERY, ids=IDS)
def test_a_star_has_the_width_of_the_band(survey, band, rng):
    fwhm = survey.choose((band,))[0].psf_fwhm
    scale = fwhm / 8  # fine pixels, for the survey's own widen it
    star = np.zeros((1, 401, 401))
    star[0, 200, 200] = 1e4
    plan = quiet(band, pixel_scale=scale, size=101)
    seen = observe(star, InputFacts(fwhm / 25, unit="nJy"), survey, plan, rng)[0]
    y, x = (np.indices(seen.shape) - 50) * scale

    r, values = np.hypot(x, y).ravel(), seen.ravel()
    near = r < 3 * fwhm
    if survey.profile == "gaussian":
        (_, width), _ = curve_fit(gaussian, r[near], values[near], (values.max(), fwhm))
        found = 2.3548 * abs(width)
    else:
        (_, core, beta), _ = curve_fit(moffat, r[near], values[near], (values.max(), fwhm, 3.0))
        found = 2 * abs(core) * np.sqrt(2 ** (1 / beta) - 1)
    assert found == pytest.approx(fwhm, rel=0.015)
    assert psf_fwhm_of(survey, plan) == (pytest.approx(found, rel=0.015),)


def test_the_width_that_is_recorded():
    """In the order of the result, which for a picture is not that of the plan."""
    assert psf_fwhm_of(SURVEYS["sdss"], quiet("g", "i", "r")) == (1.44, 1.26, 1.32)
    assert psf_fwhm_of(SURVEYS["sdss"], quiet("g", "r", "i", picture=True)) == (1.26, 1.32, 1.44)
    assert psf_fwhm_of(SURVEYS["sdss"], quiet("g", "r", psf_fwhm=2.0)) == (2.0, 2.0)


@pytest.mark.parametrize("pixel", [0.004, 0.02, 0.1, 0.31])
def test_the_input_grid_does_not_matter(pixel, rng):
    size = 2 * round(6 / pixel) + 1
    survey = SURVEYS["lsst"]
    light = galaxy(size, pixel)
    seen = observe(light, InputFacts(pixel, unit="nJy"), survey, quiet("i", size=48), rng)[0]
    fine = observe(
        galaxy(601, 0.02), InputFacts(0.02, unit="nJy"), survey, quiet("i", size=48), rng
    )[0]
    assert np.abs(seen - fine).max() < (0.02 if pixel < 0.2 else 0.1) * fine.max()


def test_moving_dims_and_shrinks(rng):
    survey = replace(SURVEYS["hst_jwst"], pixel_scale=0.02)
    facts = InputFacts(0.05, redshift=0.3, unit="nJy")
    seen = {
        z: observe(
            galaxy(), facts, survey, quiet("F814W", size=501, psf_fwhm=0.05, redshift=z), rng
        )
        for z in (0.3, 1.0)
    }
    near, far = (seen[z][0].astype(float) for z in (0.3, 1.0))
    luminosity = Planck18.luminosity_distance([0.3, 1.0]).value
    assert far.sum() / near.sum() == pytest.approx((luminosity[0] / luminosity[1]) ** 2, rel=1e-3)
    angular = Planck18.angular_diameter_distance([0.3, 1.0]).value
    ratio = half_light_radius(far, 0.02) / half_light_radius(near, 0.02)
    assert ratio == pytest.approx(angular[0] / angular[1], rel=0.01)
    # brightness at the same place in the galaxy, beside its centre
    flat = np.full((1, 200, 200), 5.0)
    levels = [
        observe(flat, facts, survey, quiet("F814W", size=41, redshift=z), rng)[0, 20, 20]
        for z in (0.3, 1.0)
    ]
    assert levels[1] / levels[0] == pytest.approx((2.0 / 1.3) ** -4, rel=1e-4)


def test_noise_is_that_of_25_mag(rng):
    survey = SURVEYS["hst_jwst"]
    bands = ("F814W", "F160W", "F356W")
    empty = np.zeros((3, 512, 512))
    seen = observe(empty, FACTS, survey, ObservePlan(bands, size=480), rng).astype(float)
    for plane, band in zip(seen, survey.bands, strict=True):
        wanted = 2**-0.5 * (1e9 * 3631 / 5 * 10**-10.0) * 0.06 * 3 * band.psf_fwhm
        assert plane.std() == pytest.approx(wanted, rel=0.006)
        # a patch of 3 FWHM on a side, less a patch of sky
        side = 3 * band.psf_fwhm
        noise = np.sqrt(2) * plane.std() * side / 0.06
        assert -2.5 * np.log10(5 * noise / side**2 / 3631e9) == pytest.approx(25, abs=0.01)


@pytest.mark.parametrize(("survey", "band"), EVERY, ids=IDS)
def test_noise_is_that_of_the_depth(survey, band, rng):
    found = survey.choose((band,))[0]
    measure = sigma_for_brightness_limit if survey.depth_of == "surface" else sigma_for_point_depth
    seen = observe(np.zeros((1, 64, 64)), FACTS, survey, ObservePlan((band,), size=200), rng)
    wanted = measure(found.depth, survey.pixel_scale, found.psf_fwhm)
    assert seen.std() == pytest.approx(wanted, rel=0.02)


def test_mean_signal_to_noise(rng):
    plan = ObservePlan(("g", "r"), noise="signal_to_noise", level=25.0, size=64)
    light = np.concatenate([galaxy(), 30 * galaxy()])
    noiseless = observe(light, FACTS, SURVEYS["lsst"], replace(plan, noise="none", level=None), rng)
    noise = observe(light, FACTS, SURVEYS["lsst"], plan, rng) - noiseless
    for plane, grain in zip(noiseless, noise, strict=True):
        values = np.sort(plane, axis=None)[::-1]
        count = np.searchsorted(np.cumsum(values), 0.9 * values.sum()) + 1
        assert values[:count].mean() / grain.std() == pytest.approx(25, rel=0.04)


def test_a_picture_is_that_of_the_survey(rng):
    light = np.zeros((3, 300, 300))
    survey = SURVEYS["sdss"]
    plan = ObservePlan(("g", "r", "i"), picture=True, size=128)
    sky = observe(light, InputFacts(0.396, unit="nJy"), survey, plan, rng)
    assert sky.min() >= 0
    assert sky.max() <= 255
    # as in tests of the drawn pictures: medians of real cutouts
    assert np.all(np.abs(np.median(sky, axis=(1, 2)) - [4, 2.5, 2.5]) <= 1.5)
    assert np.all(median_abs_deviation(sky, axis=(1, 2), scale="normal") > 1)
    light[2, 140:160, 140:160] = 5e3  # only in i, which is red
    red, green, blue = observe(light, InputFacts(0.396, unit="nJy"), survey, plan, rng)[:, 64, 64]
    assert red > green + 50
    assert red > blue + 50
    assert with_picture_bands(plan) == sdss_picture.BANDS


def test_real_sky_takes_the_place_of_noise(rng):
    frame = rng.normal(7, 2, (2, 100, 120))
    frame[:, 60:] = np.nan
    plan = ObservePlan(("g", "r"), size=40)
    seen = observe(np.zeros((2, 64, 64)), FACTS, SURVEYS["hsc"], plan, rng, frame)
    corner = frame[:, :60].astype(np.float32)
    found = [
        (j, i)
        for j, i in np.ndindex(21, 81)
        if np.array_equal(corner[:, j : j + 40, i : i + 40], seen)
    ]
    assert len(found) == 1
    assert np.isfinite(seen).all()


def test_field_adds_light(rng):
    plan = ObservePlan(("r",), size=200, noise="none", field=True)
    seen = observe(np.zeros((1, 64, 64)), FACTS, SURVEYS["hsc"], plan, rng)
    assert seen.sum() > 100
    assert (seen > 0.01).mean() > 0.01


def test_same_state_same_bytes():
    plan = ObservePlan(("g", "r", "i"), field=True)
    light = np.repeat(galaxy(), 3, axis=0)
    both = [
        observe(light, FACTS, SURVEYS["sdss"], plan, np.random.default_rng(5)) for _ in range(2)
    ]
    assert np.array_equal(*both)
    assert both[0].dtype == np.float32


@pytest.mark.parametrize(
    "make",
    [
        lambda: ObservePlan(("r",), size=4),
        lambda: ObservePlan(("r",), noise="brightness"),
        lambda: ObservePlan(("r",), level=25.0),
        lambda: ObservePlan(("r",), noise="poisson"),
        lambda: ObservePlan(("r",), picture=True),
        lambda: ObservePlan(("g", "r", "i"), picture=True, noise="brightness", level=25.0),
        lambda: observe(galaxy(), FACTS, SURVEYS["sdss"], quiet("g", "r"), None),
        lambda: observe(galaxy()[0], FACTS, SURVEYS["sdss"], quiet("r"), None),
        lambda: observe(galaxy() * np.nan, FACTS, SURVEYS["sdss"], quiet("r"), None),
        lambda: observe(galaxy(), FACTS, SURVEYS["sdss"], quiet("F814W"), None),
        lambda: cut_sky(np.zeros((1, 30, 30)), 2, 20, np.random.default_rng(1)),
        lambda: cut_sky(np.zeros((1, 30, 30)), 1, 40, np.random.default_rng(1)),
        lambda: cut_sky(np.full((1, 30, 30), np.nan), 1, 20, np.random.default_rng(1)),
    ],
)
def test_what_is_not_allowed(make):
    with pytest.raises(ArgumentError, match="^Expected `"):
        make()
