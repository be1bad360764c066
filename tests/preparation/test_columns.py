"""Columns are guessed by the usual names and can be named."""

from __future__ import annotations

import pandas as pd
import pytest

from toomre.errors import ArgumentError
from toomre.preparation.columns import Columns, find_columns


def _table(*names: str) -> pd.DataFrame:
    return pd.DataFrame({name: ["a", "b"] for name in names})


@pytest.mark.parametrize(
    ("names", "role", "found"),
    [
        (("cid", "file", "objid"), "image_id", "cid"),
        (("cid", "file", "objid"), "galaxy_id", "objid"),
        (("file", "label"), "image_id", "file"),
        (("ID", "RAJ2000", "DEJ2000"), "ra", "RAJ2000"),
        (("ID", "RAJ2000", "DEJ2000"), "dec", "DEJ2000"),
        (("id", " Is_Merger "), "label", " Is_Merger "),
        (("id", "zspec"), "redshift", "zspec"),
        (("id", "label"), "redshift", None),
    ],
)
def test_guesses(names: tuple[str, ...], role: str, found: str | None) -> None:
    table = _table(*names)
    table.iloc[:, 0] = ["1", "2"]
    assert find_columns(table, Columns())[role] == found


def test_an_object_id_that_repeats_does_not_name_the_image() -> None:
    table = pd.DataFrame({"objid": ["1", "1"], "file": ["a.jpg", "b.jpg"]})
    found = find_columns(table, Columns())
    assert (found["image_id"], found["galaxy_id"]) == ("file", "objid")


def test_the_user_has_the_last_word() -> None:
    table = _table("id", "z", "name")
    found = find_columns(table, Columns(image_id="NAME", redshift=""))
    assert (found["image_id"], found["redshift"]) == ("name", None)


def test_a_column_that_is_not_there() -> None:
    with pytest.raises(ArgumentError, match=r"Expected `label` to be a column .*\(id, x\).*'y'"):
        find_columns(_table("id", "x"), Columns(label="y"))


def test_no_column_names_the_images() -> None:
    with pytest.raises(ArgumentError, match=r"no column that names the images.*flux.*--id-column"):
        find_columns(_table("flux"), Columns())
