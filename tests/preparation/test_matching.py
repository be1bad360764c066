"""Rows of a table find their images, and only images that were listed."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from toomre.errors import ArgumentError, MissingFileError
from toomre.preparation.hats import ALONG_SKY
from toomre.preparation.inputs import InputItem, find_inputs
from toomre.preparation.matching import match_files, match_rows


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("in/a/1.jpg", "in/b/2.jpg", "in/b/1.jpg", "in/3.1.fits.gz", "x.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path / "in"


def _match(folder: Path, *names: str, column: str = "image_id") -> list[tuple[str | None, str]]:
    table = pd.DataFrame({"image_id": [f"row{i}" for i in range(len(names))], column: names})
    matches = match_files(table, find_inputs(folder), folder)
    found = []
    for match in matches:
        path = match.item.paths[0].relative_to(folder).as_posix() if match.item.paths else None
        found.append((path, match.problem))
    return found


@pytest.mark.parametrize("column", ["image_id", "file"])
@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("a/1.jpg", "a/1.jpg"),
        ("./a/1.jpg", "a/1.jpg"),
        ("2.jpg", "b/2.jpg"),
        ("2", "b/2.jpg"),
        ("3.1", "3.1.fits.gz"),
        ("{folder}/b/1.jpg", "b/1.jpg"),
    ],
)
def test_path_name_stem(folder: Path, column: str, name: str, path: str) -> None:
    assert _match(folder, name.format(folder=folder), column=column) == [(path, "")]


@pytest.mark.parametrize(
    "name", ["../../x", "../x.jpg", "../x", "x", "", "a\0", "3", "/etc/passwd"]
)
def test_e73_a_name_never_leaves_the_folder(folder: Path, name: str) -> None:
    found = _match(folder, "2", name)
    assert found == [("b/2.jpg", ""), (None, f"no image is named {name!r}")]


def test_ambiguous_names(folder: Path) -> None:
    found = _match(folder, "2", "1")
    assert found[1] == (None, "2 images are named '1': 'a/1.jpg', 'b/1.jpg'")


def test_an_empty_file_falls_back_to_the_id(folder: Path) -> None:
    table = pd.DataFrame({"image_id": ["2", "z"], "file": [None, "a/1.jpg"]})
    matches = match_files(table, find_inputs(folder), folder)
    assert [match.problem for match in matches] == ["", ""]
    assert [match.item.image_id for match in matches] == ["2", "z"]


def test_one_image_for_two_rows(folder: Path) -> None:
    with pytest.raises(ArgumentError, match=r"image named by the table.*'b/2.jpg'"):
        _match(folder, "2", "2.jpg")


def test_e72_all_missing(folder: Path) -> None:
    with pytest.raises(MissingFileError, match=r"None of the 2 rows.*'p'.*'3.1.fits.gz'"):
        _match(folder, "p", "q")


def test_one_file_a_band(tmp_path: Path) -> None:
    for name in ("5_g.fits", "5_r.fits"):
        (tmp_path / name).touch()
    for name in ("5", "5_r.fits", "5_r"):
        table = pd.DataFrame({"image_id": ["x"], "file": [name]})
        (match,) = match_files(table, find_inputs(tmp_path, ("g", "r")), tmp_path)
        assert match.item.bands == ("g", "r")


def test_long_names_are_cut_in_the_reason(folder: Path) -> None:
    assert len(_match(folder, "2", "y" * 10_000)[1][1]) < 200


def test_rows_of_a_stack() -> None:
    by_number = match_rows(pd.DataFrame({"image_id": ["2", "0"]}), 3)
    assert [match.item for match in by_number] == [InputItem("2", row=2), InputItem("0", row=0)]
    by_order = match_rows(pd.DataFrame({"image_id": ["1", "2", "3"]}), 3)
    assert [match.item.row for match in by_order] == [0, 1, 2]
    with pytest.raises(ArgumentError, match="2 rows and the stack 3 images"):
        match_rows(pd.DataFrame({"image_id": ["a", "b"]}), 3)
    sorted_by_position = pd.DataFrame({"image_id": ["1", "2", "3"]})
    sorted_by_position.attrs[ALONG_SKY] = True
    with pytest.raises(ArgumentError, match="HATS catalogue are sorted along the sky"):
        match_rows(sorted_by_position, 3)
    by_number = match_rows(sorted_by_position, 4)
    assert [match.item.row for match in by_number] == [1, 2, 3]
