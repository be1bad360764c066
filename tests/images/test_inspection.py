"""The bad pixels of the project's list, one test each, by their number there.

The clean twin is a noisy image of two round galaxies in three bands, sky-subtracted.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from toomre.errors import ArgumentError
from toomre.images.cutout import Cutout
from toomre.images.dihedral import ORDER, transform
from toomre.images.flags import Flag, Status
from toomre.images.grid import Grid
from toomre.images.inspection import InspectionLimits, inspect, range_flag
from toomre.images.resample import to_grid

SIDE = 75
NOISE = 1.0


def galaxy(y: float, x: float, flux: float = 400.0, side: int = SIDE) -> np.ndarray:
    """An exponential disc of 4 pixels scale length, placed from the frame's centre."""
    rows, columns = np.mgrid[:side, :side] - (side - 1) / 2
    return flux * np.exp(-np.hypot(rows - y, columns - x) / 4)


def scene(rng: np.random.Generator, *galaxies: np.ndarray) -> np.ndarray:
    light = sum(galaxies, np.zeros(galaxies[0].shape)) if galaxies else np.zeros((SIDE, SIDE))
    bands = np.array([0.5, 1.0, 1.5])[:, None, None] * light
    return (bands + rng.normal(0, NOISE, bands.shape)).astype(np.float32)


@pytest.fixture
def clean(rng: np.random.Generator) -> np.ndarray:
    return scene(rng, galaxy(0, 0), galaxy(8, -9, 200.0))


def linear(pixels: np.ndarray) -> Cutout:
    return inspect(Cutout(np.asarray(pixels, np.float32)))  # no copy, so that changes show


def assert_bad(cutout: Cutout, flag: Flag) -> None:
    assert cutout.flags == flag
    assert cutout.status is Status.BAD
    assert cutout.pixels is None
    assert len(cutout.notes) == 1


def assert_warned(cutout: Cutout, flag: Flag, note: str) -> np.ndarray:
    assert cutout.flags == flag
    assert cutout.status is Status.WARN
    assert any(note in line for line in cutout.notes), cutout.notes
    assert cutout.pixels is not None
    assert np.isfinite(cutout.pixels).all()
    return cutout.pixels


def test_a_clean_image_passes_untouched(clean: np.ndarray) -> None:
    result = linear(clean)
    assert result.flags == Flag(0)
    np.testing.assert_array_equal(result.pixels, clean)


def test_b27_all_nan(clean: np.ndarray) -> None:
    assert_bad(linear(np.full_like(clean, np.nan)), Flag.ALL_MASKED)
    assert_bad(linear(np.full_like(clean, np.inf)), Flag.ALL_MASKED)


@pytest.mark.parametrize("value", [0.0, 1.5, -3.0, 255.0])
def test_b28_constant(value: float, clean: np.ndarray) -> None:
    result = linear(np.full_like(clean, value))
    assert_bad(result, Flag.BLANK)
    assert result.notes == (f"all pixels have the value {value:g}",)
    bands = np.stack([np.full((SIDE, SIDE), level, np.float32) for level in (1, 2, 3)])
    assert_bad(linear(bands), Flag.BLANK)
    hot = np.full_like(clean, value)
    hot[0, 30, 31] = 1e7
    assert Flag.BLANK in linear(hot).flags


@pytest.mark.parametrize("place", [(37, 37), (0, 0), (45, 28), (10, 60)])
def test_b29_one_nan(place: tuple[int, int], clean: np.ndarray) -> None:
    holed = clean.copy()
    holed[(slice(None), *place)] = np.nan
    pixels = assert_warned(linear(holed), Flag.MASKED_PIXELS, "3 pixels were not finite")
    kept = np.ones(clean.shape[1:], bool)
    kept[place] = False
    np.testing.assert_array_equal(pixels[:, kept], clean[:, kept])
    peak = clean.max(axis=(1, 2))
    assert (np.abs(pixels - clean)[(slice(None), *place)] < np.maximum(0.3 * peak, 5)).all()
    twin, filled = (to_grid(Cutout(p), Grid(size=32)).pixels for p in (clean, pixels))
    assert twin is not None
    assert filled is not None
    assert np.abs(filled - twin).max() < 0.1 * twin.max()


def test_b30_many_nan(clean: np.ndarray, rng: np.random.Generator) -> None:
    order = rng.permutation(SIDE * SIDE)

    def with_nan(part: float) -> np.ndarray:
        pixels = clean.copy().reshape(3, -1)
        pixels[:, order[: int(part * order.size)]] = np.nan
        return pixels.reshape(clean.shape)

    filled = assert_warned(linear(with_nan(0.3)), Flag.MASKED_PIXELS, "were not finite")
    twin, coarse = (to_grid(Cutout(p), Grid(size=25)).pixels for p in (clean, filled))
    assert twin is not None
    assert coarse is not None
    assert np.abs(coarse - twin).std() < 0.05 * twin.std()
    result = linear(with_nan(0.6))
    assert_bad(result, Flag.TOO_MASKED)
    assert result.notes == ("60.0% of a band is masked; the limit is 50%",)
    limits = InspectionLimits(masked_fraction=0.7)
    assert inspect(Cutout(with_nan(0.6)), limits).status is Status.WARN


def test_b31_infinite(clean: np.ndarray) -> None:
    holed = clean.copy()
    holed[0, 10, 12], holed[1, 20, 50] = np.inf, -np.inf
    pixels = assert_warned(linear(holed), Flag.MASKED_PIXELS, "2 of them infinite")
    assert np.abs(pixels - clean).max() < 5 * NOISE


@pytest.mark.parametrize("side", [75, 76, 256])
@pytest.mark.parametrize("bands", [[0, 1, 2], [1]])
def test_b32_masked_centre(side: int, bands: list[int], rng: np.random.Generator) -> None:
    pixels = scene(rng, galaxy(0, 0, side=side))
    start = (side - 9) // 2
    pixels[bands, start : start + 9, start : start + 9] = np.nan
    result = linear(pixels)
    assert_bad(result, Flag.CENTRE_MASKED)
    assert result.notes == ("the central 9 x 9 pixels are masked",)
    pixels[:, start : start + 9, start + 3 : start + 9] = 1
    assert linear(pixels).status is Status.WARN


def test_b33_saturated_core(clean: np.ndarray) -> None:
    pixels = np.minimum(clean * 1000, 65535)
    assert (pixels[2] == 65535).sum() > 5
    kept = assert_warned(linear(pixels), Flag.SATURATED, "have the maximum, 65535")
    np.testing.assert_array_equal(kept, pixels)


def test_b33_a_white_core_of_a_picture_is_normal(clean: np.ndarray) -> None:
    picture = np.clip(np.rint(clean * 3 + 10), 0, 255)
    assert (picture == 255).sum() > 5
    assert inspect(Cutout(picture, encoding="display")).flags == Flag(0)


@pytest.mark.parametrize("place", [(0, 37, 37), (1, 10, 60), (2, 0, 0), (0, 74, 20)])
def test_b34_hot_pixel(place: tuple[int, int, int], clean: np.ndarray) -> None:
    hot = clean.copy()
    hot[place] = 1e6 * max(abs(hot[place]), 1)
    before = hot.copy()
    pixels = assert_warned(linear(hot), Flag.OUTLIER, "1 single pixels stand far out")
    np.testing.assert_array_equal(hot, before)
    changed = np.argwhere(pixels != clean)
    assert changed.tolist() == [list(place)]
    peak = clean[place[0]].max()
    assert abs(pixels[place] - clean[place]) < max(0.25 * peak, 5 * NOISE)
    twin, mended = (to_grid(Cutout(p), Grid(size=32)).pixels for p in (clean, pixels))
    assert twin is not None
    assert mended is not None
    assert np.abs(mended - twin).max() < 0.1 * twin.max()


def test_b34_dead_pixel_and_a_picture_beyond_255(clean: np.ndarray) -> None:
    dead = clean.copy()
    dead[1, 50, 20] = -1e5
    pixels = assert_warned(linear(dead), Flag.OUTLIER, "single pixels")
    assert np.abs(pixels - clean).max() < 5 * NOISE
    picture = np.clip(clean + 10, 0, 255)
    picture[0, 5, 6] = 1e6
    result = inspect(Cutout(picture, encoding="display"))
    assert result.flags == Flag.OUTLIER
    assert result.pixels is not None
    assert result.pixels.max() <= 255


def test_b34_every_hot_pixel_of_many(clean: np.ndarray, rng: np.random.Generator) -> None:
    hot = clean.copy()
    y, x = np.mgrid[2:75:9, 2:75:9]
    hot[0, y, x] += 1e4 * (1 + rng.random(y.shape))
    pixels = assert_warned(linear(hot), Flag.OUTLIER, f"{y.size} single pixels")
    # The galaxy's own pixels are smooth, so the medians are close to what was there.
    assert np.abs(pixels - clean).max() < 0.25 * clean.max()


def test_b35_negative_flux(clean: np.ndarray) -> None:
    assert_warned(linear(clean - 20), Flag.NONPOSITIVE_FLUX, "is not positive")
    assert Flag.NONPOSITIVE_FLUX in linear(-clean).flags


@pytest.mark.parametrize("sky", [1000.0, 50.0, 10.0])
def test_b36_sky_not_subtracted(sky: float, clean: np.ndarray) -> None:
    kept = assert_warned(linear(clean + sky), Flag.BACKGROUND, "subtract the sky")
    np.testing.assert_array_equal(kept, (clean + np.float32(sky)).astype(np.float32))
    assert linear(clean + NOISE).flags == Flag(0)


def test_b36_light_at_the_border_is_no_background(rng: np.random.Generator) -> None:
    """Neighbours at the border raise its median, but not all of it."""
    wide = scene(rng, *(galaxy(y, x, 900) for y, x in ((0, 0), (33, 0), (-33, 5), (0, 34))))
    assert Flag.BACKGROUND not in linear(wide).flags
    noiseless = galaxy(0, 0)[None].astype(np.float32)
    assert linear(noiseless).flags == Flag(0)


@pytest.mark.parametrize("gain", [1e6, 1e-6])
def test_b37_gain(gain: float, clean: np.ndarray) -> None:
    mean, std = clean.mean(axis=(1, 2)), clean.std(axis=(1, 2))
    scaled = linear(clean * gain)
    assert scaled.flags == Flag(0)
    np.testing.assert_array_equal(scaled.pixels, (clean * gain).astype(np.float32))
    assert range_flag(linear(clean), mean, std).flags == Flag(0)
    assert_warned(range_flag(scaled, mean, std), Flag.RANGE, "the model was trained on")
    # What the filter did to the gain is undone by normalisation with the set's own statistics.
    grids = [to_grid(c, Grid(size=32)).pixels for c in (linear(clean), scaled)]
    normal = [(g - g.mean()) / g.std() for g in grids if g is not None]
    np.testing.assert_allclose(normal[0], normal[1], atol=1e-4)


@pytest.mark.parametrize("scale", [1e-42, 1e-40, 1e-30, 1e30, 7e34, -7e34])
def test_b38_denormal_and_huge_values(scale: float, clean: np.ndarray) -> None:
    """1e38 is near the largest single precision number, 1e-40 below its smallest normal one."""
    pixels = (clean.astype(float) * scale / 0.7).astype(np.float32)
    assert np.isfinite(pixels).all()
    result = linear(pixels)
    assert result.status is not Status.BAD
    np.testing.assert_array_equal(result.pixels, pixels)
    if scale > 1e-42:
        assert result.flags == Flag(0)
    gridded = to_grid(result, Grid(size=20))
    assert gridded.pixels is not None
    assert np.isfinite(gridded.pixels).all()
    checked = range_flag(gridded, [0.0] * 3, [100.0] * 3)
    assert checked.flags & Flag.RANGE


def test_b38_one_huge_pixel(clean: np.ndarray) -> None:
    hot = clean.copy()
    hot[0, 20, 20] = 1e38
    pixels = assert_warned(linear(hot), Flag.OUTLIER, "1 single pixels")
    assert np.abs(pixels - clean).max() < 5 * NOISE
    extremes = clean.copy()
    extremes[:, ::2] = 3.4e38
    extremes[:, 1::2] = -3.4e38
    assert linear(extremes).status is Status.WARN


@pytest.mark.parametrize("encoding", ["linear", "display"])
@pytest.mark.parametrize("k", range(ORDER))
def test_b39_half_off_the_survey(k: int, encoding: str, rng: np.random.Generator) -> None:
    pixels = scene(rng, galaxy(0, 0, 150.0, 128))
    pixels = pixels if encoding == "linear" else np.clip(pixels + 10, 1, 255)
    for columns, flagged in ((64, True), (20, True), (5, False), (1, False)):
        off = pixels.copy()
        off[:, :, :columns] = 0
        off = np.ascontiguousarray(transform(off, k))
        result = inspect(Cutout(off, encoding=encoding))  # type: ignore[arg-type]
        assert result.flags == (Flag.EDGE if flagged else Flag(0)), (columns, result.reason)
        np.testing.assert_array_equal(result.pixels, off)
    assert "exactly 0" in inspect(Cutout(off)).reason or not flagged


def test_b39_a_corner_and_one_band(rng: np.random.Generator) -> None:
    pixels = scene(rng, galaxy(0, 0))
    corner = pixels.copy()
    y, x = np.mgrid[:SIDE, :SIDE]
    corner[:, x + y < 40] = 0
    assert_warned(linear(corner), Flag.EDGE, "% of the frame is empty")
    gap = pixels.copy()
    gap[1, :15] = 0
    assert_warned(linear(gap), Flag.EDGE, "% of the frame is empty")
    inner = pixels.copy()
    inner[:, 4:20, 4:20] = 0
    assert Flag.EDGE not in linear(inner).flags


def test_b39_a_black_sky_is_no_edge(rng: np.random.Generator) -> None:
    noiseless = galaxy(0, 0).astype(np.float32)[None]
    noiseless[noiseless < 1] = 0
    assert linear(noiseless).flags == Flag(0)
    dark = np.clip(np.rint(scene(rng, galaxy(0, 0, 150.0)) * 3), 0, 255)
    assert (dark == 0).all(axis=0).mean() > 0.1
    assert inspect(Cutout(dark, encoding="display")).flags == Flag(0)


@pytest.mark.parametrize("offset", [0, 5, 10, 20])
def test_b40_one_galaxy_off_centre(offset: int, rng: np.random.Generator) -> None:
    """The rule: flagged beyond a quarter of the half side, 9.4 of 75 pixels."""
    flags = linear(scene(rng, galaxy(offset, 0))).flags
    assert flags == (Flag(0) if offset < 9 else Flag.OFFCENTRE)


@pytest.mark.parametrize("side", [75, 256])
@pytest.mark.parametrize("encoding", ["linear", "display"])
def test_b41_two_galaxies_neither_central(
    side: int, encoding: str, rng: np.random.Generator
) -> None:
    r = 0.2 * side
    pair = scene(rng, galaxy(r, r, 200, side), galaxy(-r, -r, 150, side))
    single = scene(rng, galaxy(0, 0, 200, side))
    # A brighter star elsewhere in the field is no reason for a flag.
    star = scene(rng, galaxy(0, 0, 40, side), galaxy(r, -r, 250, side))
    for pixels, expected in ((pair, Flag.OFFCENTRE), (single, Flag(0)), (star, Flag(0))):
        shown = pixels if encoding == "linear" else np.clip(pixels + 10, 1, 255)
        result = inspect(Cutout(shown, encoding=encoding))  # type: ignore[arg-type]
        assert result.flags == expected, result.reason
    assert "no source at the centre; the brightest lies" in linear(pair).reason


def test_b41_an_empty_sky_has_no_centre_to_miss(rng: np.random.Generator) -> None:
    flags = [linear(scene(rng)).flags & Flag.OFFCENTRE for _ in range(20)]
    assert not any(flags)


def test_b43_a_picture_said_to_be_linear(clean: np.ndarray) -> None:
    """8-bit pictures only; a float stretch is not told apart from flux on one image."""
    picture = np.clip(np.rint(clean * 3 + 10), 0, 255)
    assert Flag.STRETCH in linear(picture).flags
    assert Flag.STRETCH not in inspect(Cutout(picture, encoding="display")).flags
    counts = np.rint(clean * 3)
    assert Flag.STRETCH not in linear(counts).flags
    assert Flag.STRETCH not in linear(picture + 0.5).flags


def test_c49_blank_or_masked_band(clean: np.ndarray) -> None:
    for value in (0.0, 7.5, np.nan):
        pixels = clean.copy()
        pixels[1] = value
        result = linear(pixels)
        assert_bad(result, Flag.MISSING_BAND)
        assert "band 2" in result.notes[0]


def test_c50_identical_bands(clean: np.ndarray) -> None:
    pixels = clean.copy()
    pixels[2] = pixels[0]
    assert_warned(linear(pixels), Flag.IDENTICAL_BANDS, "bands 1 and 3 hold the same pixels")
    pixels[2, 40, 41] += 0.01
    assert linear(pixels).flags == Flag(0)


def test_c50_a_grey_picture_saved_in_colour(clean: np.ndarray) -> None:
    grey = np.repeat(np.clip(np.rint(clean[:1] + 20), 0, 255), 3, axis=0)
    result = inspect(Cutout(grey, encoding="display"))
    assert_warned(result, Flag.IDENTICAL_BANDS, "as in a grey image saved in colour")
    assert inspect(Cutout(grey[:1], encoding="display")).flags == Flag(0)


@pytest.mark.parametrize("factor", [1 / 255, 2.0, -1.0])
def test_a_picture_has_0_to_255(factor: float, clean: np.ndarray) -> None:
    picture = np.clip(clean + 10, 0, 255) * np.float32(factor)
    result = inspect(Cutout(picture, encoding="display"))
    assert Flag.RANGE in result.flags
    assert "where a picture has 0 to 255" in result.reason


@pytest.mark.parametrize("shape", [(3, 7, 75), (1, 1, 10_000), (2, 75, 1)])
def test_c45_too_small(shape: tuple[int, ...], rng: np.random.Generator) -> None:
    assert_bad(linear(rng.normal(size=shape)), Flag.SIZE)


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 8, 9), (5, 8, 3000), (2, 17, 33)])
@pytest.mark.parametrize("encoding", ["linear", "display"])
def test_any_shape_is_inspected(
    shape: tuple[int, ...], encoding: str, rng: np.random.Generator
) -> None:
    pixels = np.clip(rng.normal(60, 10, shape), 1, 255).astype(np.float32)
    pixels[0, 4, 4] = np.nan
    result = inspect(Cutout(pixels, encoding=encoding))  # type: ignore[arg-type]
    assert Flag.MASKED_PIXELS in result.flags
    assert result.status is Status.WARN


def test_flags_turn_with_the_image(clean: np.ndarray) -> None:
    pixels = np.minimum(clean, 300)
    pixels[:, :12] = 0
    pixels[:, 60, 60] = np.nan
    pixels[1, 30, 60] = 1e6
    expected = Flag.SATURATED | Flag.EDGE | Flag.MASKED_PIXELS | Flag.OUTLIER
    for k in range(ORDER):
        assert linear(np.ascontiguousarray(transform(pixels, k))).flags == expected


def test_earlier_flags_stay_and_a_bad_input_passes(clean: np.ndarray) -> None:
    cutout = Cutout(clean, bands=("g", "r", "i"), pixel_scale=0.4).flagged(Flag.PADDING, "short")
    result = inspect(cutout)
    assert result.flags == Flag.PADDING
    assert (result.bands, result.pixel_scale) == (cutout.bands, cutout.pixel_scale)
    bad = Cutout.bad(Flag.TRUNCATED, "cut in half")
    assert inspect(bad) is bad
    assert range_flag(bad, [0], [1]) is bad


def test_range_flag_sees_an_offset_and_counts_bands(clean: np.ndarray) -> None:
    cutout = Cutout(clean)
    mean, std = [10.0] * 3, [30.0] * 3
    assert range_flag(cutout, mean, std).flags == Flag(0)
    assert range_flag(Cutout(clean + 1e6), mean, std).flags == Flag.RANGE
    picture = Cutout(np.clip(clean + 10, 0, 255) / 255, encoding="display")
    assert range_flag(picture, [25.0] * 3, [35.0] * 3).flags == Flag.RANGE
    assert range_flag(cutout, mean, std, InspectionLimits(range_linear=1.5)).flags == Flag.RANGE
    with pytest.raises(ArgumentError, match=r"Expected `std` to be 3 numbers, but got \[1.0\]"):
        range_flag(cutout, mean, [1.0])


def real_pictures(folder: Path, every: int) -> list[Cutout]:
    paths = sorted((folder / "sdss_mergers").glob("*/*.jpeg"))[::every]
    assert len(paths) * every >= 3264
    return [
        Cutout(
            np.ascontiguousarray(np.asarray(Image.open(path)).transpose(2, 0, 1), np.float32),
            encoding="display",
        )
        for path in paths
    ]


def false_alarms(pictures: list[Cutout]) -> float:
    mean, std = (25.8, 21.1, 14.3), (35.1, 29.9, 19.8)
    grid = Grid(size=75, crop=150)
    found = [range_flag(to_grid(inspect(p), grid), mean, std) for p in pictures]
    return sum(cutout.flags != Flag(0) for cutout in found) / len(found)


def test_few_false_alarms_on_a_sample_of_real_pictures(shared_data: Path) -> None:
    assert false_alarms(real_pictures(shared_data, every=24)) < 0.03


@pytest.mark.slow
def test_few_false_alarms_on_all_real_pictures(shared_data: Path) -> None:
    """6 of 3,264 when this was written: glare of stars, an edge, and two mergers' halves."""
    pictures = real_pictures(shared_data, every=1)
    assert len(pictures) == 3264
    assert false_alarms(pictures) < 0.005


def test_a_real_picture_with_defects_is_flagged(shared_data: Path) -> None:
    picture = real_pictures(shared_data, every=3264)[0]
    assert picture.pixels is not None
    off = picture.pixels.copy()
    off[:, :, 170:] = 0
    assert Flag.EDGE in inspect(replace(picture, pixels=off)).flags
    shifted = np.roll(picture.pixels, 80, axis=2)
    assert Flag.OFFCENTRE in inspect(replace(picture, pixels=shifted)).flags


@pytest.mark.parametrize("defect", ["none", "masked", "outlier", "saturated", "blank", "centre"])
def test_a_margin_is_mended_and_not_judged(clean, rng, defect):
    """What is said is what is said of the field alone, whatever lies around it."""
    margin = 6
    whole = np.pad(clean, ((0, 0), (margin, margin), (margin, margin)), mode="reflect")
    field = whole[:, margin:-margin, margin:-margin]
    if defect == "masked":
        field[0, 3:6, 7] = np.nan
    if defect == "outlier":
        field[1, 20, 20] = 1e5
    if defect == "saturated":
        field[:] = np.minimum(field, 100.0)
    if defect == "blank":
        field[:] = 0
    if defect == "centre":
        field[:, 30:45, 30:45] = np.nan
    alone = inspect(Cutout(field.copy()))
    whole[:, :margin] = np.nan
    whole[2, 40, :margin] = np.inf
    whole[0, 50, 2], whole[0, 60, 2] = 1e6, -1e6
    found = inspect(Cutout(whole), margin=margin)
    assert (found.flags, found.notes) == (alone.flags, alone.notes)
    if alone.pixels is None:
        assert found.pixels is None
        return
    np.testing.assert_array_equal(found.pixels[:, margin:-margin, margin:-margin], alone.pixels)
    assert np.isfinite(found.pixels).all()
    assert np.abs(found.pixels[0, :, :margin]).max() < 100
