"""The pixel scale from a header, and a26 of the list of bad inputs."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from astropy.wcs.utils import proj_plane_pixel_scales

from toomre.images.flags import Flag, Status
from toomre.images.pixel_scale import pixel_scale_of
from toomre.images.reading import read_cutout


def header(scale: float = 0.4, angle: float = 30.0, **cards: object) -> fits.Header:
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval = [150.0, 2.0]
    turn = np.deg2rad(angle)
    matrix = [[-np.cos(turn), np.sin(turn)], [np.sin(turn), np.cos(turn)]]
    wcs.wcs.cd = np.array(matrix) * scale / 3600
    result = wcs.to_header()
    for i in (1, 2):
        for j in (1, 2):
            result[f"CD{i}_{j}"] = wcs.wcs.cd[i - 1, j - 1]
            result.pop(f"PC{i}_{j}", None)
        result.pop(f"CDELT{i}", None)
    result.update(cards)
    return result


def test_scale_of_a_rotated_frame() -> None:
    assert pixel_scale_of(header(0.396), 2) == pytest.approx(0.396, rel=1e-9)


@pytest.mark.parametrize("projection", ["SIN", "ZEA", "TAN-SIP", "TPV", "CAR"])
def test_projections(projection: str) -> None:
    cards = {"CTYPE1": f"RA---{projection}", "CTYPE2": f"DEC--{projection}"}
    assert pixel_scale_of(header(0.262, **cards), 2) == pytest.approx(0.262, rel=1e-9)


def test_cdelt_rotation_and_units() -> None:
    plain = fits.Header({"CTYPE1": "GLON-SIN", "CTYPE2": "GLAT-SIN", "CROTA2": 20.0})
    plain.update({"CDELT1": -0.4, "CDELT2": 0.4, "CUNIT1": "arcsec", "CUNIT2": "arcsec"})
    assert pixel_scale_of(plain, 2) == pytest.approx(0.4, rel=1e-9)


def test_nothing_told() -> None:
    assert pixel_scale_of(fits.Header(), 2) is None
    only_axes = fits.Header({"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN"})
    assert pixel_scale_of(only_axes, 2) is None
    pixels = fits.Header({"CTYPE1": "LINEAR", "CTYPE2": "LINEAR", "CDELT1": 1.0, "CDELT2": 1.0})
    assert pixel_scale_of(pixels, 2) is None


def test_cube_with_a_band_axis() -> None:
    cube = header(0.3, CTYPE3="WAVE", CD3_3=1.0)
    assert pixel_scale_of(cube, 3) == pytest.approx(0.3, rel=1e-9)


def test_against_astropy_on_real_files(shared_data: Path) -> None:
    folder = shared_data / "fits_real"
    path = folder / "sdss_ngc6976" / "reprojected_sdss_r.fits.bz2"
    found = fits.getheader(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # astropy repairs its dates
        expected = 3600 * np.prod(proj_plane_pixel_scales(WCS(found).celestial)) ** 0.5
    assert pixel_scale_of(found, 2) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    "cards",
    [
        {"CD1_1": 0.0, "CD1_2": 0.0, "CD2_1": 0.0, "CD2_2": 0.0},
        {"CD1_1": 1e-4, "CD1_2": 1e-4, "CD2_1": 1e-4, "CD2_2": 1e-4},
        {"CTYPE1": "RA---XYZ"},
        {"CTYPE1": "GARBAGE", "CTYPE2": "RUBBISH"},
        {"CD1_1": "a lot"},
        {"CUNIT1": "bananas"},
        {"CTYPE3": "NONSENSE", "CD1_1": 0.0, "CD1_2": 0.0},
    ],
)
def test_a26_garbage_world_coordinates(tmp_path: Path, cards: dict[str, object]) -> None:
    path = tmp_path / "a.fits"
    fits.PrimaryHDU(np.zeros((20, 20), np.float32), header(**cards)).writeto(path)
    cutout = read_cutout(path)
    assert cutout.status is Status.BAD
    assert cutout.flags == Flag.WCS, cutout.reason


def test_a26_no_step(tmp_path: Path) -> None:
    cards = fits.Header({"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CDELT1": 0.0, "CDELT2": 1e-4})
    fits.PrimaryHDU(np.zeros((20, 20), np.float32), cards).writeto(tmp_path / "a.fits")
    assert read_cutout(tmp_path / "a.fits").flags == Flag.WCS


def test_good_scale_arrives_in_the_cutout(tmp_path: Path) -> None:
    path = tmp_path / "a.fits"
    fits.PrimaryHDU(np.zeros((20, 20), np.float32), header(0.396)).writeto(path)
    assert read_cutout(path).pixel_scale == pytest.approx(0.396, rel=1e-9)
