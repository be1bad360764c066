from __future__ import annotations

import pytest

from toomre.errors import ArgumentError, MissingFileError
from toomre.mosaics.patterns import band_patterns, find_files


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "deep").mkdir()
    for name in ("a_g.fits", "b_g.fits", "deep/c_g.fits", "a_r.fits", "odd[1].fits"):
        (tmp_path / name).touch()
    return tmp_path


def test_patterns_lists_and_extensions(folder):
    found = find_files(
        {
            "g": f"{folder}/**/*_g.fits",
            "r": folder / "a_r.fits",
            "i": [f"{folder}/a_r.fits[I]", f"{folder}/?_g.fits", f"{folder}/a_g.fits"],
            "z": f"{folder}/odd[1].fits",
        },
        "SCI",
    )
    named = {b: [(p.relative_to(folder).as_posix(), e) for p, e in f] for b, f in found.items()}
    assert named == {
        "g": [("a_g.fits", "SCI"), ("b_g.fits", "SCI"), ("deep/c_g.fits", "SCI")],
        "r": [("a_r.fits", "SCI")],
        "i": [("a_g.fits", "SCI"), ("a_r.fits", "I"), ("b_g.fits", "SCI")],
        "z": [("odd[1].fits", "SCI")],
    }


def test_what_is_not_there(folder):
    with pytest.raises(MissingFileError, match="No file fits .*none.fits.*quotes"):
        find_files({"g": [f"{folder}/a_g.fits", f"{folder}/none.fits"]})
    with pytest.raises(ArgumentError, match="at least one band"):
        find_files({})
    for text in ("g", "=x.fits", "g=", "tiles/*.fits"):
        with pytest.raises(ArgumentError, match="BAND=FILES"):
            band_patterns([text])
