from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from toomre.mocks import sdss_picture
from toomre.mocks.brushes import Canvas, point
from toomre.mocks.sdss_picture import (
    DEPTH,
    JPEG_QUALITY,
    PIXEL_SCALE,
    PSF_FWHM,
    Colour,
    as_jpeg,
    background,
    develop,
    light_of,
    photograph,
    undevelop,
)

CANVAS = Canvas(129, PIXEL_SCALE)


def intensity(picture: np.ndarray) -> np.ndarray:
    """Undo the stretch, below its shoulder: the mean of the weighted bands [nanomaggy/pixel]."""
    assert picture.max() < sdss_picture._SHOULDER
    q, stretch = sdss_picture._SOFTENING, sdss_picture._RANGE
    mean = picture.astype(float).mean(axis=0)
    return np.sinh(mean / 255 * np.arcsinh(0.1 * q) / 0.1) * stretch / q


def test_magnitudes_become_nanomaggies():
    light = light_of(np.ones((1, 1)), 20.0, Colour(g_r=0.5, r_i=0.25)).ravel()
    # i, r, g; 2.5 mag are a factor of 10
    assert light == pytest.approx(10 ** (0.4 * (22.5 - np.array([19.75, 20.0, 20.5]))))


def test_a_star_has_the_seeing_and_its_flux(rng, monkeypatch):
    monkeypatch.setattr(sdss_picture, "_LEFT_SHARE", 0.0)
    flux = light_of(point(CANVAS, 0.0, 0.0), 19.0, Colour(0.5, 0.2))
    # One picture's noise changes the sum by some percent.
    shown = np.mean([intensity(photograph(flux, CANVAS, rng)) for _ in range(16)], axis=0)
    sky = shown[:20].mean()  # noise that is cut at black lifts the mean above the median
    profile = shown[64, 64:] - sky
    half = np.interp(-profile[0] / 2, -profile[:10], CANVAS.axis[64:74])
    # The pixels of a drawn star are points, and 8 bits round the profile.
    assert 2 * half == pytest.approx(PSF_FWHM, abs=0.1)
    weights = np.array([sdss_picture._BAND_WEIGHT[band] for band in sdss_picture.BANDS])
    total = (flux.sum(axis=(1, 2)) * weights).mean()
    assert (shown - sky)[44:85, 44:85].sum() == pytest.approx(total, rel=0.05)


def test_noise_gives_the_survey_depth():
    # A star at the 5 sigma limit is found at 5 sigma by the best weights, those of its image.
    for band, limit in DEPTH.items():
        sigma = PSF_FWHM / PIXEL_SCALE / 2.3548
        axis = np.arange(-20, 21)
        psf = np.exp(-(axis[:, None] ** 2 + axis**2) / 2 / sigma**2) / (2 * np.pi * sigma**2)
        noise = sdss_picture._frame_noise(band, PIXEL_SCALE)
        signal_to_noise = 10 ** (0.4 * (22.5 - limit)) * np.sqrt((psf**2).sum()) / noise
        assert signal_to_noise == pytest.approx(5, rel=0.001)


def test_empty_sky_looks_like_the_survey(rng):
    pictures = [
        as_jpeg(photograph(np.zeros((3, 129, 129)), CANVAS, rng)).astype(float) for _ in range(40)
    ]
    # Real cutouts between the objects: medians 4, 2 and 2; spread 3.2, 2.6 and 2.6.
    middle = np.median([np.median(each, axis=(1, 2)) for each in pictures], axis=0)
    assert np.all(np.abs(middle - [4, 2, 2]) <= 2)
    spread = np.median([each.std(axis=(1, 2)) for each in pictures], axis=0)
    assert spread == pytest.approx([3.2, 2.6, 2.6], rel=0.25)
    light = [each.mean(axis=0) for each in pictures]
    near = [np.corrcoef(each[:, :-1].ravel(), each[:, 1:].ravel())[0, 1] for each in light]
    assert np.median(near) == pytest.approx(0.78, abs=0.08)


def test_the_shoulder_bends_and_never_turns_back():
    grey = np.repeat(np.geomspace(0.01, 1e4, 400)[None, None], 3, axis=0)
    shown = sdss_picture.develop(grey).astype(int)
    assert (np.diff(shown, axis=-1) >= 0).all()
    assert shown.max() <= 255
    assert shown[2, 0, -1] >= 254


def test_bright_light_keeps_its_hue(rng):
    flux = light_of(np.ones((129, 129)), 10.0, Colour(1.5, 1.0))
    picture = photograph(flux, CANVAS, rng)
    assert picture.dtype == np.uint8
    red, green, blue = picture[:, 64, 64]
    assert red >= 254
    assert red > green > blue


def test_background_follows_the_area():
    # Light of the same field of view does not depend on the pixels; counts grow with area.
    rng = np.random.default_rng(7)
    small = [background(Canvas(32, 1.0), rng)[1].sum() for _ in range(60)]
    large = [background(Canvas(96, 1.0), rng)[1].sum() for _ in range(60)]
    assert np.median(large) > 3 * np.median(small) > 0
    assert np.all(background(Canvas(32, 1.0), rng) >= 0)


def test_same_state_same_picture():
    pictures = [
        photograph(background(CANVAS, rng), CANVAS, rng)
        for rng in (np.random.default_rng(4), np.random.default_rng(4))
    ]
    assert np.array_equal(*pictures)


def test_a_jpeg_is_that_of_a_file(rng, tmp_path):
    picture = photograph(background(CANVAS, rng), CANVAS, rng)
    image = Image.fromarray(np.moveaxis(picture, 0, -1))
    image.save(tmp_path / "a.jpg", quality=JPEG_QUALITY)
    found = as_jpeg(picture)
    assert (found == np.moveaxis(np.asarray(Image.open(tmp_path / "a.jpg")), -1, 0)).all()
    assert 0 < np.abs(found.astype(int) - picture).mean() < 3


def test_the_light_comes_back_from_a_picture(rng):
    flux = rng.uniform(0.02, 1.5, (3, 20, 20)) * np.array([1.2, 1.0, 0.6])[:, None, None]
    picture = develop(flux)
    back = undevelop(picture)
    sure = picture.max(axis=0) < 230
    # A step of the picture, 1 in 40 or more at the faint end, is all that is lost.
    assert back[:, sure] == pytest.approx(flux[:, sure], rel=0.1, abs=0.01)
    assert np.median(np.abs(back / flux - 1)[:, sure]) < 0.02
    assert undevelop(np.zeros((3, 1, 1))).max() < 0
    white, bright = (undevelop(np.full((3, 1, 1), value)) for value in (255.0, 240.0))
    assert white == pytest.approx(bright)
    assert np.isnan(undevelop(np.full((3, 1, 1), np.nan))).all()
