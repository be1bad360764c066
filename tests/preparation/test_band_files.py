"""One file a band: which files belong together."""

from __future__ import annotations

import pytest

from toomre.errors import ArgumentError
from toomre.preparation.band_files import BandFiles, band_problem, group_by_band


def _groups(names: list[str], bands: str | None, pattern: str | None = None) -> list[BandFiles]:
    return list(group_by_band(names, bands.split(",") if bands else None, pattern))


@pytest.mark.parametrize(
    "template",
    [
        "7_{}.fits",
        "7-{}.fits.gz",
        "sub/7_{}band.fit",
        "{}_7.fits",
        "{}-band_7.FITS",
        "{}/7.fits.fz",
    ],
)
def test_usual_names(template: str) -> None:
    names = sorted(template.format(band) for band in "gri")
    (found,) = _groups(names, "i,r,g")
    assert found.image_id == ("sub/7" if "sub" in template else "7")
    assert found.names == tuple(template.format(band) for band in "irg")
    assert found.bands == ("i", "r", "g")


def test_without_bands_or_with_one_every_file_is_an_image() -> None:
    names = ["7_g.fits", "7_r.fits"]
    for bands in (None, "g"):
        assert [found.image_id for found in _groups(names, bands)] == names


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        ("gri", None),
        ("uirg", None),
        ("g", "missing_band: there is no file for the band r, i"),
        ("ggi", "missing_band: there is no file for the band r"),
        ("griir", "bands: there are several files for the band i, r"),
        ("griuu", "bands: there are several files for the band u"),
    ],
)
def test_why_files_cannot_be_put_together(found: str, reason: str | None) -> None:
    problem = band_problem(tuple(found), ("g", "r", "i"))
    assert (problem and problem.reason) == reason


def test_pictures_are_not_put_together_by_a_guess() -> None:
    names = ["7_g.jpg", "7_r.jpg"]
    assert [found.image_id for found in _groups(names, "g,r")] == names


def test_case_tells_bands_apart() -> None:
    names = ["7_J.fits", "7_j.fits"]
    (found,) = _groups(names, "j,J")
    assert found.names == ("7_j.fits", "7_J.fits")
    assert [each.bands for each in _groups(["7_G.fits", "7_R.fits"], "g,r")] == [None, None]


def test_longer_band_names_win() -> None:
    names = ["7_f160w.fits", "7_f160w2.fits"]
    (found,) = _groups(names, "f160w,f160w2")
    assert found.names == tuple(names)


def test_a_missing_and_a_repeated_band_are_told() -> None:
    names = ["1_g.fits", "1_r.fits", "2_g.fits", "3_g.fits", "3_g.fits.gz", "3_r.fits"]
    found = {each.image_id: each.bands for each in _groups(names, "g,r")}
    assert found == {"1": ("g", "r"), "2": ("g",), "3": ("g", "g", "r")}


def test_patterns() -> None:
    names = ["cut_5_g_v1.png", "cut_5_r_v1.png", "a/cut_5_g_v1.png", "other.png"]
    found = _groups(names, "g,r", "cut_{image_id}_{band}_v1.png")
    assert [(each.image_id, each.bands) for each in found] == [("5", ("g", "r")), ("a/5", ("g",))]
    (only,) = _groups(names, "g", "a/cut_{image_id}_{band}_v1.png")
    assert only.image_id == "5"
    plain = _groups(names, None, "{image_id}_v1.png")
    assert [each.image_id for each in plain] == ["cut_5_g", "cut_5_r", "a/cut_5_g"]
    assert plain[0].bands is None


def test_a_pattern_is_no_regular_expression() -> None:
    with pytest.raises(ArgumentError):
        _groups(["xx.fits"], None, "{image_id}.*")


@pytest.mark.parametrize(
    "pattern", ["x", "{band}.fits", "{image_id}{image_id}", "{id}", "{{image_id}"]
)
def test_patterns_that_are_refused(pattern: str) -> None:
    with pytest.raises(ArgumentError, match=r"\{image_id\} and, for one file a band, \{band\}"):
        _groups(["a.fits"], "g", pattern)


def test_a_band_needs_the_names_of_the_bands() -> None:
    with pytest.raises(ArgumentError, match="--bands"):
        _groups(["a_g.fits"], None, "{image_id}_{band}.fits")
