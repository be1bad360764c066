"""Resampling: judged by analytic profiles, by averages over whole pixels, and by symmetry."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from toomre.images.cutout import Cutout
from toomre.images.dihedral import ORDER, transform
from toomre.images.flags import Flag, Status
from toomre.images.grid import Grid
from toomre.images.resample import border_median, to_grid


def gaussian(
    side: int, sigma: float, centre: tuple[float, float], axis_ratio: float = 1.0
) -> np.ndarray:
    """A source of flux 1; the centre is in pixels from the frame's centre, (y, x)."""
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    square = ((y - centre[0]) / axis_ratio) ** 2 + (x - centre[1]) ** 2
    return np.exp(-square / (2 * sigma**2)) / (2 * np.pi * sigma**2 * axis_ratio)


def moments(image: np.ndarray, pixel: float) -> tuple[float, np.ndarray, np.ndarray]:
    """Flux, centroid (y, x) from the frame's centre, and second moments, in input pixels."""
    coordinates = (np.mgrid[: len(image), : len(image)] - (len(image) - 1) / 2) * pixel
    flux = image.sum(dtype=float)
    centre = (coordinates * image).sum((1, 2), dtype=float) / flux
    offset = coordinates - centre[:, None, None]
    return flux, centre, (offset**2 * image).sum((1, 2), dtype=float) / flux


@pytest.mark.parametrize("crop", [150.0, 147.3, 110.0, 192.0, 128.0, 75.0, 60.0])
def test_an_analytic_gaussian_keeps_flux_centroid_and_second_moment(crop: float) -> None:
    sigma, centre, ratio = 2.0, (2.3, -4.1), 0.7
    source = gaussian(256, sigma, centre, ratio).astype(np.float32)[None]
    result = to_grid(Cutout(source), Grid(size=75, crop=crop)).pixels
    assert result is not None
    flux, found, second = moments(result[0], crop / 75)
    assert flux == pytest.approx(1, abs=1e-3)
    np.testing.assert_allclose(found, centre, atol=3e-3)
    np.testing.assert_allclose(second, [(sigma * ratio) ** 2, sigma**2], atol=6e-3)


def test_band_limited_values_are_those_of_the_profile() -> None:
    """The pixel values themselves, not only their sums, against the analytic integral."""
    source = gaussian(256, 6.0, (1.5, -0.5)).astype(np.float32)[None]
    result = to_grid(Cutout(source), Grid(size=75, crop=150)).pixels
    assert result is not None
    y, x = (np.mgrid[:75, :75] - 37) * 2.0
    expected = 4 * np.exp(-((y - 1.5) ** 2 + (x + 0.5) ** 2) / 72) / (2 * np.pi * 36)
    np.testing.assert_allclose(result[0], expected, atol=0.01 * expected.max())


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_smooth_images_agree_with_the_average_of_whole_pixels(
    factor: int, rng: np.random.Generator
) -> None:
    size = 60
    noise = rng.normal(size=(2, 240, 240))
    smooth = ndimage.gaussian_filter(noise, (0, 10, 10)).astype(np.float32)
    grid = Grid(size=size, crop=size * factor)
    edge = (240 - size * factor) // 2
    cut = smooth[:, edge : 240 - edge, edge : 240 - edge].astype(float)
    mean = cut.reshape(2, size, factor, size, factor).mean((2, 4))
    shown = np.clip(100 + 1000 * smooth, 0, 255)
    for encoding, pixels, expected in (
        ("linear", smooth, mean * factor**2),
        ("display", shown, 100 + 1000 * mean),
    ):
        result = to_grid(Cutout(pixels, encoding=encoding), grid).pixels  # type: ignore[arg-type]
        assert result is not None
        inner = np.s_[:, 4:-4, 4:-4]
        # The average blurs a little more than the filter, so they are close, not equal.
        assert (result[inner] - expected[inner]).std() < 0.02 * expected[inner].std()


@pytest.mark.parametrize("shape", [(256, 256), (255, 200), (60, 61)])
@pytest.mark.parametrize("crop", [None, 150.0, 101.7, 58.3])
def test_it_turns_and_flips_with_the_input(
    shape: tuple[int, int], crop: float | None, rng: np.random.Generator
) -> None:
    pixels = rng.normal(size=(2, *shape)).astype(np.float32)
    grid = Grid(size=50, crop=crop)
    straight = to_grid(Cutout(pixels), grid).pixels
    assert straight is not None
    for k in range(ORDER):
        turned = to_grid(Cutout(np.ascontiguousarray(transform(pixels, k))), grid).pixels
        np.testing.assert_allclose(turned, transform(straight, k), rtol=0, atol=2e-5)


def test_nothing_to_do_returns_the_same_values(rng: np.random.Generator) -> None:
    pixels = rng.normal(size=(3, 75, 75)).astype(np.float32)
    for grid in (
        Grid(size=75),
        Grid(size=75, crop=75),
        Grid(size=75, crop=75, native_pixel_scale=0.396),
    ):
        for scale in (None, 0.396, 0.396127):
            result = to_grid(Cutout(pixels, pixel_scale=scale), grid)
            assert result.flags == Flag(0)
            np.testing.assert_array_equal(result.pixels, pixels)


@pytest.mark.parametrize(("large", "small"), [(105, 75), (96, 64)])
@pytest.mark.parametrize("crop", [150.0, 131.3])
def test_the_centre_of_a_larger_cutout_is_the_smaller_cutout(
    large: int, small: int, crop: float, rng: np.random.Generator
) -> None:
    pixels = rng.normal(10, 1, (2, 256, 256)).astype(np.float32)
    grid = Grid(size=large, crop=crop)
    edge = (large - small) // 2
    for encoding in ("linear", "display"):
        cutout = Cutout(pixels, encoding=encoding)  # type: ignore[arg-type]
        stored = to_grid(cutout, grid).pixels
        direct = to_grid(cutout, grid.centre(small)).pixels
        assert stored is not None
        np.testing.assert_allclose(stored[:, edge:-edge, edge:-edge], direct, rtol=1e-3)


def test_a_field_beyond_the_image_is_filled_with_the_sky_and_flagged() -> None:
    pixels = np.full((2, 60, 60), 3.0, np.float32)
    pixels[1] = 7
    pixels[:, 30, 30] = 50
    result = to_grid(Cutout(pixels, encoding="display"), Grid(size=75, crop=75))
    assert result.flags == Flag.EDGE
    assert result.notes == ("the field reaches 8 pixels beyond the image and was filled up",)
    assert result.pixels is not None
    np.testing.assert_allclose(result.pixels[:, 0, 0], [3, 7], rtol=1e-6)
    np.testing.assert_allclose(result.pixels[:, 37, :3], [[3] * 3, [7] * 3], rtol=1e-6)
    half = to_grid(Cutout(pixels, encoding="display"), Grid(size=75, crop=60.9))
    assert half.flags == Flag(0)


def test_a_field_beyond_the_image_shows_the_image_at_its_place(rng: np.random.Generator) -> None:
    pixels = rng.normal(100, 10, (1, 61, 61)).astype(np.float32)
    result = to_grid(Cutout(pixels, encoding="display"), Grid(size=75, crop=75)).pixels
    assert result is not None
    np.testing.assert_allclose(result[:, 7:-7, 7:-7], pixels, rtol=1e-5)


def test_the_filter_sees_the_padding_and_not_the_end_of_it(rng: np.random.Generator) -> None:
    pixels = rng.normal(100, 10, (1, 60, 60)).astype(np.float32)
    cutout = Cutout(pixels, encoding="display")
    large, small = Grid(size=48, crop=96), Grid(size=48, crop=96).centre(32)
    stored, direct = to_grid(cutout, large).pixels, to_grid(cutout, small).pixels
    assert small.crop == 64
    assert stored is not None
    np.testing.assert_allclose(stored[:, 8:-8, 8:-8], direct, rtol=1e-5)


def test_another_pixel_scale_is_cut_by_angle() -> None:
    grid = Grid(size=64, crop=128, native_pixel_scale=0.4)
    results = []
    for scale in (0.4, 0.2, 0.8):
        source = gaussian(300, 2.4 / scale, (2 / scale, 0)).astype(np.float32)[None]
        result = to_grid(Cutout(source, pixel_scale=scale), grid)
        assert result.pixel_scale == pytest.approx(0.8)
        assert result.flags == (Flag.PIXEL_SCALE if scale != 0.4 else Flag(0))
        results.append(result)
    assert results[1].notes == (
        "the pixel scale is 0.2 arcsec/pixel where 0.4 is expected; the same angle was cut",
    )
    for result in results[1:]:
        np.testing.assert_allclose(result.pixels, results[0].pixels, atol=1e-4)


@pytest.mark.parametrize(
    ("scale", "flags"),
    [(0.396, Flag(0)), (0.4035, Flag(0)), (0.4045, Flag.PIXEL_SCALE), (0.38, Flag.PIXEL_SCALE)],
)
@pytest.mark.parametrize("crop", [None, 60.0])
def test_a_pixel_scale_is_flagged_beyond_2_percent(
    scale: float, flags: Flag, crop: float | None
) -> None:
    pixels = np.ones((1, 75, 75), np.float32)
    grid = Grid(size=32, crop=crop, native_pixel_scale=0.396)
    assert to_grid(Cutout(pixels, pixel_scale=scale), grid).flags == flags


def test_the_pixel_scale_of_the_result() -> None:
    pixels = np.ones((1, 80, 100), np.float32)
    known = Cutout(pixels, pixel_scale=0.25)
    assert to_grid(known, Grid(size=40)).pixel_scale == pytest.approx(0.5)
    assert to_grid(known, Grid(size=40, crop=60)).pixel_scale == pytest.approx(0.375)
    unknown = Cutout(pixels)
    assert to_grid(unknown, Grid(size=40)).pixel_scale is None
    grid = Grid(size=40, crop=60, native_pixel_scale=0.4)
    assert to_grid(unknown, grid).pixel_scale == pytest.approx(grid.pixel_scale)
    assert to_grid(unknown, grid).flags == Flag(0)


@pytest.mark.parametrize("shape", [(74, 75), (75, 74), (76, 76), (8, 8), (8, 10_000)])
def test_c45_shapes(shape: tuple[int, int], rng: np.random.Generator) -> None:
    """The rule: the largest centred square is cut, and resampled to the size asked for."""
    pixels = rng.normal(100, 1, (3, *shape)).astype(np.float32)
    result = to_grid(Cutout(pixels, encoding="display"), Grid(size=75))
    assert result.flags == Flag(0)
    assert result.pixels is not None
    assert result.pixels.shape == (3, 75, 75)
    np.testing.assert_allclose(result.pixels.mean(), 100, atol=1)


@pytest.mark.parametrize("shape", [(1, 10_000), (1, 1), (7, 75), (75, 7), (0, 75)])
def test_c45_too_small_is_bad(shape: tuple[int, int]) -> None:
    result = to_grid(Cutout(np.ones((3, *shape), np.float32)), Grid(size=75))
    assert result.flags == Flag.SIZE
    assert result.pixels is None
    assert result.notes == (f"the image is {shape[0]} x {shape[1]} pixels; 8 are needed on a side",)


@pytest.mark.parametrize("scale", [1e-6, 0.05, 100.0])
def test_a_field_that_is_not_in_the_image_is_bad(scale: float) -> None:
    """No gigabytes of padding, and no galaxy from less than 8 pixels."""
    pixels = np.ones((1, 75, 75), np.float32)
    grid = Grid(size=75, crop=75, native_pixel_scale=0.396)
    result = to_grid(Cutout(pixels, pixel_scale=scale), grid)
    assert result.flags == Flag.SIZE
    assert "pixels wide, the image 75 x 75" in result.reason


def test_the_central_square_of_a_wide_image_is_cut() -> None:
    pixels = np.zeros((1, 40, 100), np.float32)
    pixels[0, :, 30:70] = np.arange(1600).reshape(40, 40)
    result = to_grid(Cutout(pixels), Grid(size=40)).pixels
    assert result is not None
    np.testing.assert_allclose(result[0, 1:-1, 4:-4], pixels[0, 1:-1, 34:66], rtol=1e-5)


def test_a_picture_stays_within_0_and_255() -> None:
    pixels = np.zeros((1, 64, 64), np.float32)
    pixels[:, 20:40, 20:40] = 255
    result = to_grid(Cutout(pixels, encoding="display"), Grid(size=40)).pixels
    assert result is not None
    assert result.min() == 0
    assert result.max() == 255
    linear = to_grid(Cutout(pixels), Grid(size=40)).pixels
    assert linear is not None
    assert linear.min() < 0  # the ring of the filter, which a display cannot show


@pytest.mark.parametrize("value", [1e38, -1e38, 3.4e38, 1e-42])
def test_extreme_values_stay_finite(value: float) -> None:
    pixels = np.full((1, 64, 64), value, np.float32)
    pixels[:, ::2] = 0
    for size in (20, 50):
        result = to_grid(Cutout(pixels), Grid(size=size)).pixels
        assert result is not None
        assert np.isfinite(result).all()


def test_the_input_is_not_changed_and_a_bad_one_passes(rng: np.random.Generator) -> None:
    pixels = rng.normal(size=(1, 64, 64)).astype(np.float32)
    before = pixels.copy()
    to_grid(Cutout(pixels), Grid(size=32, crop=80))
    np.testing.assert_array_equal(pixels, before)
    bad = Cutout.bad(Flag.TRUNCATED, "cut in half")
    assert to_grid(bad, Grid(size=32)) is bad
    assert bad.status is Status.BAD


def test_the_median_of_the_border(rng: np.random.Generator) -> None:
    pixels = rng.normal(size=(2, 9, 14)).astype(np.float32)
    mask = np.ones((9, 14), bool)
    mask[1:-1, 1:-1] = False
    expected = [np.median(band[mask]) for band in pixels]
    np.testing.assert_array_equal(border_median(pixels), expected)


def test_without_a_crop_the_centre_of_the_grid_is_the_centre_of_the_image():
    """A set prepared at 60 pixels and used at 40: classify must cut what training saw."""
    rng = np.random.default_rng(8)
    pixels = ndimage.gaussian_filter(rng.normal(size=(1, 90, 96)), (0, 4, 4)).astype(np.float32)
    grid = Grid(size=60)
    stored = to_grid(Cutout(pixels), grid).pixels
    cut = to_grid(Cutout(pixels), grid.centre(40)).pixels
    inner = stored[:, 10:50, 10:50]
    np.testing.assert_allclose(cut[:, 3:-3, 3:-3], inner[:, 3:-3, 3:-3], atol=1e-3 * np.ptp(inner))
