"""What is found in a folder: odd names, loops of links, pipes, and nothing outside."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toomre.errors import ArgumentError, MissingFileError
from toomre.preparation.inputs import (
    InputItem,
    Source,
    escape_name,
    find_inputs,
    list_images,
    stack_inputs,
    unescape_name,
)


def _touch(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def test_listing_is_recursive_sorted_and_by_ending(tmp_path: Path) -> None:
    kept = ["B.FITS", "a b.jpeg", "a/2.png", "a/b/1.fits.gz", "a/10.tif", "q'\"\n.jpg", "x.npy"]
    _touch(tmp_path, *kept, "labels.csv", ".hidden.jpg", ".git/x.jpg", "a/readme", "fits", ".fits")
    assert list_images(tmp_path) == sorted(kept, key=os.fsencode)


@pytest.mark.skipif(sys.platform != "linux", reason="needs names that are no UTF-8")
def test_names_that_are_no_utf8(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9 \\ 1.fits")
    _touch(tmp_path, name)
    (item,) = find_inputs(tmp_path)
    assert item.image_id == "caf\\xe9 \\\\ 1.fits"
    item.image_id.encode()  # valid text
    assert unescape_name(item.image_id) == name
    assert item.paths is not None
    assert item.paths[0].exists()


def test_one_file_can_be_left_out(tmp_path: Path) -> None:
    _touch(tmp_path, "a/x_g.fits", "a/x_r.fits", "a/y_g.fits", "a/y_r.fits", "x_g.fits")
    out = tmp_path / "a" / ".." / "x_g.fits"
    found = [item.image_id for item in find_inputs(tmp_path, ("g", "r"), without=out)]
    assert found == ["a/x", "a/y"]
    assert len(list(find_inputs(tmp_path, ("g", "r")))) == 3
    (tmp_path / "empty").mkdir()
    _touch(tmp_path, "empty/o.fits")
    with pytest.raises(MissingFileError, match="no file there or below"):
        list(find_inputs(tmp_path / "empty", without=tmp_path / "empty" / "o.fits"))


@given(st.binary(max_size=20))
def test_escaping_is_reversible(content: bytes) -> None:
    name = content.decode("utf-8", "surrogateescape")
    escaped = escape_name(name)
    assert escaped.encode().decode() == escaped
    assert unescape_name(escaped) == name


def test_e80_loops_of_links_end(tmp_path: Path) -> None:
    _touch(tmp_path, "a/1.jpg")
    (tmp_path / "a" / "loop").symlink_to(tmp_path)
    (tmp_path / "a" / "self.jpg").symlink_to(tmp_path / "a" / "self.jpg")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    assert list_images(tmp_path) == ["a/1.jpg", "a/self.jpg"]


def test_links_to_other_folders_are_followed(tmp_path: Path) -> None:
    _touch(tmp_path / "store", "1.jpg")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "data").symlink_to(tmp_path / "store")
    assert list_images(tmp_path / "in") == ["data/1.jpg"]


def test_e80_pipes_and_folders_are_listed_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.fits")
    _touch(tmp_path, "folder.fits/1.jpg")
    assert list_images(tmp_path) == ["folder.fits", "pipe.fits"]


def test_a_file_and_a_missing_one(tmp_path: Path) -> None:
    _touch(tmp_path, "a.fits")
    assert list(find_inputs(tmp_path / "a.fits")) == [InputItem("a.fits", (tmp_path / "a.fits",))]
    with pytest.raises(MissingFileError, match="no such file or folder"):
        list(find_inputs(tmp_path / "b.fits"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(MissingFileError, match="Expected images in"):
        list(find_inputs(tmp_path / "empty"))


def test_real_names(shared_data: Path) -> None:
    folder = shared_data / "fits_real" / "decam_a2670"
    for source in (folder, Source(folder, "{image_id}_{band}band.fits")):
        items = {item.image_id: item for item in find_inputs(source, ("g", "r"))}
        fits = {name: item.bands for name, item in items.items() if item.bands}
        assert fits == dict.fromkeys(("132", "150", "190", "360"), ("g", "r")) | {"731": ("g",)}
        paths = items["132"].paths or ()
        assert [path.name for path in paths] == ["132_gband.fits", "132_rband.fits"]


def test_pattern_that_fits_nothing(tmp_path: Path) -> None:
    _touch(tmp_path, "a.fits")
    with pytest.raises(ArgumentError, match=r"fits the names, such as 'a.fits'"):
        list(find_inputs(Source(tmp_path, "x_{image_id}.fits")))


def test_rows() -> None:
    assert list(stack_inputs(2)) == [InputItem("0", row=0), InputItem("1", row=1)]
