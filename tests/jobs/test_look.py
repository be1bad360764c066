"""``toomre.look``: which images are shown, and where."""

from __future__ import annotations

import pytest
from PIL import Image

import toomre
from toomre.errors import ArgumentError, MissingFileError, OutputExistsError


def test_a_sheet_of_some_images(tiny_set, tmp_path):
    path = toomre.look(tiny_set, tmp_path / "sheet.png", count=13)
    with Image.open(path) as image:
        assert image.size == (10 * 132 + 4, 2 * 150 + 4)
    again = toomre.look(tiny_set, tmp_path / "again.png", count=13)
    assert path.read_bytes() == again.read_bytes()
    other = toomre.look(tiny_set, tmp_path / "other.png", count=13, seed=1)
    assert path.read_bytes() != other.read_bytes()


def test_parts_and_labels(tiny_set, tmp_path):
    path = toomre.look(tiny_set, tmp_path / "sheet.png", part="valid", label=0, count=100)
    with Image.open(path) as image:
        assert image.size == (10 * 132 + 4, 2 * 150 + 4)  # 12 of the 24
        colours = {image.getpixel((4 + 132 * number, 4)) for number in range(10)}
    assert colours == {(0x00, 0x72, 0xB2)}


def test_errors(tiny_set, tmp_path):
    with pytest.raises(ArgumentError, match="no image to show"):
        toomre.look(tiny_set, tmp_path / "sheet.png", part="all")
    with pytest.raises(MissingFileError, match="not a prepared data set"):
        toomre.look(tmp_path)
    path = toomre.look(tiny_set, tmp_path / "sheet.png", count=1)
    with pytest.raises(OutputExistsError, match="Choose another --out"):
        toomre.look(tiny_set, path, overwrite=False)
