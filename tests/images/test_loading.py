"""From files to grids: what the caller states, what the file says, and what is wanted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from PIL import Image

from toomre.images.cutout import Cutout
from toomre.images.flags import Flag, Status
from toomre.images.grid import Grid
from toomre.images.inspection import InspectionLimits, inspect
from toomre.images.loading import Facts, finish, load_cutout
from toomre.images.read_limits import ReadLimits
from toomre.images.resample import to_grid

GRID = Grid(size=32, crop=64)
BANDS = ("g", "r", "i")


@pytest.fixture
def pixels(rng: np.random.Generator) -> np.ndarray:
    y, x = np.mgrid[:75, :75] - 37
    light = 200 * np.exp(-np.hypot(y, x) / 4)
    weights = np.array([0.5, 1.0, 1.5])[:, None, None]
    return (weights * light + rng.normal(0, 1, (3, 75, 75))).astype(np.float32)


NOTHING = Flag(0)


def values(cutout: Cutout, flags: Flag = NOTHING) -> np.ndarray:
    assert cutout.flags == flags, cutout.reason
    assert cutout.pixels is not None
    return cutout.pixels


def test_a_file_is_read_inspected_and_resampled(pixels: np.ndarray, tmp_path: Path) -> None:
    holed = pixels.copy()
    holed[:, 10, 10] = np.nan
    np.save(tmp_path / "a.npy", holed)
    found = load_cutout(tmp_path / "a.npy", GRID, Facts(bands=BANDS, pixel_scale=0.4))
    expected = to_grid(inspect(Cutout(holed)), GRID)
    np.testing.assert_array_equal(values(found, Flag.MASKED_PIXELS), expected.pixels)
    assert found.bands == BANDS
    assert found.pixel_scale == pytest.approx(0.8)
    assert found.encoding == "linear"


def test_a_picture(pixels: np.ndarray, tmp_path: Path) -> None:
    picture = np.clip(np.rint(pixels + 10), 0, 255).astype(np.uint8)
    Image.fromarray(np.ascontiguousarray(picture.transpose(1, 2, 0))).save(tmp_path / "a.png")
    found = load_cutout(tmp_path / "a.png", GRID, Facts(wanted=("i", "r", "g")))
    expected = to_grid(Cutout(picture.astype(np.float32), encoding="display"), GRID)
    np.testing.assert_array_equal(values(found), expected.pixels)
    assert found.encoding == "display"
    assert found.bands is None


def test_several_files_one_a_band(pixels: np.ndarray, tmp_path: Path) -> None:
    paths = []
    for name, plane in zip(BANDS, pixels, strict=True):
        paths.append(tmp_path / f"{name}.fits")
        header = fits.Header({"FILTER": name})
        fits.writeto(paths[-1], plane, header)
    found = load_cutout(paths, GRID, Facts(bands=BANDS, wanted=("i", "g")))
    np.testing.assert_array_equal(values(found), values(finish(Cutout(pixels[[2, 0]]), GRID)))
    assert found.bands == ("i", "g")


def test_c47_a_file_with_another_number_of_bands(pixels: np.ndarray, tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", pixels[:2])
    for facts in (Facts(bands=BANDS), Facts(wanted=BANDS)):
        found = load_cutout(tmp_path / "a.npy", GRID, facts)
        assert found.flags == Flag.BANDS
        assert found.notes == ("the input has 2 unnamed bands; expected 3 (g, r, i)",)


def test_a_bad_file_is_bad(tmp_path: Path) -> None:
    (tmp_path / "a.fits").write_bytes(b"<html>404</html>")
    assert load_cutout(tmp_path / "a.fits", GRID).flags == Flag.NOT_FITS
    assert load_cutout(tmp_path / "b.fits", GRID).flags == Flag.MISSING_FILE
    np.save(tmp_path / "c.npy", np.zeros((1, 75, 75), np.float32))
    assert load_cutout(tmp_path / "c.npy", GRID).flags == Flag.BLANK


def test_the_limits_are_handed_on(pixels: np.ndarray, tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", pixels)
    strict = InspectionLimits(offcentre_radius=-1)
    assert load_cutout(tmp_path / "a.npy", GRID, inspection=strict).flags == Flag.OFFCENTRE
    small = ReadLimits(max_bytes=1000)
    assert load_cutout(tmp_path / "a.npy", GRID, reading=small).status is Status.BAD


@pytest.mark.parametrize(
    ("wanted", "places"),
    [(("i", "r", "g"), [2, 1, 0]), (("r",), [1]), (("i", "g"), [2, 0]), (BANDS, [0, 1, 2])],
)
@pytest.mark.parametrize("named_by", ["file", "caller"])
def test_bands_are_selected_by_name(
    wanted: tuple[str, ...], places: list[int], named_by: str, pixels: np.ndarray
) -> None:
    if named_by == "file":
        cutout, facts = Cutout(pixels, bands=BANDS), Facts(wanted=wanted)
    else:
        cutout, facts = Cutout(pixels), Facts(bands=BANDS, wanted=wanted)
    found = finish(cutout, GRID, facts)
    np.testing.assert_array_equal(values(found), values(finish(Cutout(pixels[places]), GRID)))
    assert found.bands == wanted


def test_a_file_that_names_its_bands_is_believed(pixels: np.ndarray) -> None:
    found = finish(Cutout(pixels, bands=BANDS), GRID, Facts(bands=("i", "r", "g")))
    np.testing.assert_array_equal(values(found), values(finish(Cutout(pixels[::-1]), GRID)))
    assert found.bands == ("i", "r", "g")


@pytest.mark.parametrize(
    ("bands", "facts", "note"),
    [
        (BANDS, Facts(wanted=("g", "z")), "the input has 3 bands (g, r, i); expected 2 (g, z)"),
        (BANDS, Facts(bands=("u", "g", "r", "i")), "expected 4 (u, g, r, i)"),
        (None, Facts(wanted=("g", "r")), "the input has 3 unnamed bands; expected 2 (g, r)"),
        (None, Facts(bands=BANDS, wanted=("z",)), "the input has 3 bands (g, r, i); expected 1"),
        (("g", "g", "r"), Facts(wanted=("g", "r")), "expected 2 (g, r)"),
    ],
)
def test_bands_that_are_not_there(
    bands: tuple[str, ...] | None, facts: Facts, note: str, pixels: np.ndarray
) -> None:
    found = finish(Cutout(pixels, bands=bands), GRID, facts)
    assert found.flags == Flag.BANDS
    assert found.pixels is None
    assert note in found.notes[0]


def test_unnamed_bands_stay_unnamed(pixels: np.ndarray) -> None:
    """So that who asks can see that the order is only believed."""
    found = finish(Cutout(pixels), GRID, Facts(wanted=BANDS))
    np.testing.assert_array_equal(values(found), values(finish(Cutout(pixels), GRID)))
    assert found.bands is None


def test_the_callers_encoding_counts(pixels: np.ndarray) -> None:
    picture = np.clip(np.rint(pixels + 10), 0, 255)
    as_linear = finish(Cutout(picture, encoding="display"), GRID, Facts(encoding="linear"))
    assert Flag.STRETCH in as_linear.flags
    assert as_linear.encoding == "linear"
    as_display = finish(Cutout(picture), GRID, Facts(encoding="display"))
    assert values(as_display).mean() == pytest.approx(picture[:, 5:-5, 5:-5].mean(), rel=0.02)


SCALED = Grid(size=32, crop=64, native_pixel_scale=0.396)


def test_c51_the_pixel_scale_of_the_file_and_of_the_caller(pixels: np.ndarray) -> None:
    told = finish(Cutout(pixels, pixel_scale=0.396), SCALED)
    assert told.flags == Flag(0)
    stated = finish(Cutout(pixels), SCALED, Facts(pixel_scale=0.396))
    np.testing.assert_array_equal(values(stated), values(told))
    assert stated.pixel_scale == pytest.approx(0.792)
    both = finish(Cutout(pixels, pixel_scale=0.262), SCALED, Facts(pixel_scale=0.396))
    np.testing.assert_array_equal(values(both, Flag.PIXEL_SCALE), values(told))
    assert both.notes == (
        "the file says 0.262 arcsec/pixel; 0.396 is used, as stated by the caller",
    )
    same = finish(Cutout(pixels, pixel_scale=0.39613), SCALED, Facts(pixel_scale=0.396))
    assert same.flags == Flag(0)


def test_c51_an_unknown_pixel_scale_is_assumed_and_flagged(pixels: np.ndarray) -> None:
    found = finish(Cutout(pixels), SCALED)
    expected = finish(Cutout(pixels, pixel_scale=0.396), SCALED)
    np.testing.assert_array_equal(values(found, Flag.PIXEL_SCALE_UNKNOWN), values(expected))
    assert found.notes == ("no pixel scale was given; 0.396 arcsec/pixel is assumed",)
    assert found.pixel_scale == pytest.approx(0.792)
    assert finish(Cutout(pixels), GRID).flags == Flag(0)


def test_c51_a_double_pixel_scale_is_flagged(pixels: np.ndarray) -> None:
    wide = np.pad(pixels, ((0, 0), (40, 40), (40, 40)), mode="wrap")
    found = finish(Cutout(wide, pixel_scale=0.198), SCALED)
    assert Flag.PIXEL_SCALE in found.flags


def test_a_bad_cutout_passes_and_the_input_is_kept(pixels: np.ndarray) -> None:
    bad = Cutout.bad(Flag.TRUNCATED, "cut in half")
    facts = Facts(bands=BANDS, pixel_scale=1.0, encoding="display", wanted=("r",))
    found = finish(bad, SCALED, facts)
    assert (found.flags, found.notes, found.pixels) == (bad.flags, bad.notes, None)
    before = pixels.copy()
    finish(Cutout(pixels), SCALED, Facts(bands=BANDS, wanted=("i", "g")))
    np.testing.assert_array_equal(pixels, before)


def test_real_fits_and_pictures(shared_data: Path) -> None:
    picture = shared_data / "sdss_mergers" / "mergers" / "M340.jpeg"
    found = load_cutout(picture, Grid(size=75, crop=150), Facts(bands=("i", "r", "g")))
    assert values(found).shape == (3, 75, 75)
    folder = shared_data / "fits_real" / "sdss_ngc6976"
    paths = [folder / f"reprojected_sdss_{band}.fits.bz2" for band in BANDS]
    grid = Grid(size=75, crop=300, native_pixel_scale=0.396)
    found = load_cutout(paths, grid, Facts(bands=BANDS, wanted=("i", "r", "g")))
    assert found.bands == ("i", "r", "g")
    assert found.pixels is not None
    assert found.pixels.shape == (3, 75, 75)
    assert np.isfinite(found.pixels).all()
    assert Flag.HEADER_ODD in found.flags  # all three say that they are g
