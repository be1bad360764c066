"""Galaxies by ids, by order, by the pixels."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from toomre.errors import ArgumentError, CorruptFileError
from toomre.preparation.published.galaxies import add_tables, copy_groups, galaxy_table


@pytest.fixture
def code(published_files):
    folder = published_files / "code"
    images = np.load(folder / "SB00_augmented.npy")
    return images, np.load(folder / "SB00_augmented_y.npy").astype("i1"), folder


def test_ids_agree_with_the_order(code):
    images, labels, folder = code
    known = galaxy_table(images, labels)
    told = add_tables(known, labels, folder)
    pairs = set(zip(known["galaxy_id"], told["galaxy_id"], strict=True))
    assert len(pairs) == known["galaxy_id"].nunique() == 15
    assert told["galaxy_id"][0] == "halo-0"
    assert (told["past_merger"] + told["future_merger"] == labels).all()
    assert told["log_mass"][5] == pytest.approx(10.007)
    assert told["m20"].isna().sum() == 120
    assert "concentration" not in told  # the file is not there


def test_turned_and_zoomed_copies_are_one_galaxy(published_files):
    images = np.load(published_files / "zenodo" / "SimReal_SOURCE_X_Illustris0.npy")
    expected = np.concatenate([np.repeat([0, 1, 2], 4), np.arange(3, 15)])
    assert copy_groups(images).tolist() == expected.tolist()
    labels = np.repeat([1, 0], 12).astype("i1")
    table = galaxy_table(images, labels)
    assert table["galaxy_id"].nunique() == 15
    assert "copy" not in table


@pytest.mark.parametrize(
    ("name", "values", "text"),
    [
        ("subsamples_ID.npy", np.arange(156), "gives copies of one image"),
        ("subsamples_ID.npy", np.arange(3), r"shape \(156,\), but got 'int64 \(3,\)'"),
        ("Subsamples_Y.npy", np.zeros((156, 3)), "other labels than the images"),
        ("m20.npy", np.array(["a"] * 156), "to be numbers of shape"),
    ],
)
def test_tables_of_other_images(code, tmp_path, name, values, text):
    images, labels, _ = code
    np.save(tmp_path / name, values)
    with pytest.raises(ArgumentError, match=text):
        add_tables(galaxy_table(images, labels), labels, tmp_path)


def test_a_pickle_is_not_read(code, tmp_path):
    np.save(tmp_path / "m20.npy", np.array([{}], dtype=object), allow_pickle=True)
    table = pd.DataFrame({"galaxy_id": ["a"], "view_id": ["a"]})
    with pytest.raises(CorruptFileError, match="m20.npy cannot be read"):
        add_tables(table, np.zeros(1, "i1"), tmp_path)
