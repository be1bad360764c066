from __future__ import annotations

import glob
import os
from pathlib import Path

import pytest

from toomre.errors import ArgumentError, MissingFileError
from toomre.mosaics.patterns import band_patterns, find_files, pattern_of


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


@pytest.mark.parametrize("pattern", ["**/*_g.fits", "d*/c_?.fits", "deep/../?_g.fits", "deep/**"])
def test_a_pattern_fits_what_glob_finds(folder, monkeypatch, pattern):
    """The judge is glob; a file that is not there is judged as one that is."""
    monkeypatch.chdir(folder)
    names = ["a_g.fits", "deep/c_g.fits", "a_r.fits", "odd[1].fits", "deep/new_g.fits"]
    found = [name for name in names if pattern_of(Path(name), {"g": pattern}) == pattern]
    (folder / "deep/new_g.fits").touch()
    there = [os.path.normpath(name) for name in glob.glob(pattern, recursive=True)]  # noqa: PTH207 - the judge
    assert found == [name for name in names if name in there]
    assert pattern_of(Path("a_g.fits"), {"g": ["x.fits", "a_g.fits[SCI]"]}) == "a_g.fits[SCI]"
