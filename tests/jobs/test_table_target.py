from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from toomre.errors import ArgumentError, MissingFileError
from toomre.images.cutout import Cutout
from toomre.images.grid import Grid
from toomre.jobs.table_target import open_target
from toomre.preparation.split import SplitOptions
from toomre.preparation.writing import Plan, write_prepared
from toomre.reproduction.table import read_table

TARGET = read_table("T4").data["target"]
COMMAND = "--bands i,r,g --pixel-scale 0.396 --crop 93.678 --size 75 --no-stratify"


@pytest.fixture
def write(tmp_path, rng):
    """Write a set of ten images; what is not said is as the table wants it."""

    def write(size=75, bands=("i", "r", "g"), scale=0.4946, labels=True, stratified=True):
        catalog = pd.DataFrame({"image_id": [f"i{n}" for n in range(10)]})
        label = np.arange(10) % 2 if labels else [pd.NA] * 10
        catalog = catalog.assign(galaxy_id=catalog["image_id"], label=pd.array(label, "Int8"))
        catalog = catalog.assign(ra=np.nan, dec=np.nan, redshift=np.nan)
        plan = Plan(
            Grid(size=size, crop=size, native_pixel_scale=scale),
            SplitOptions(stratified=stratified),
            "drawn for the tests",
            "2026-01-01T00:00:00",
        )
        images = rng.uniform(0, 255, (10, len(bands), size, size)).astype(np.float32)
        cutouts = [Cutout(image, bands, scale, "display") for image in images]
        write_prepared(tmp_path / "own", catalog, cutouts, plan)
        return tmp_path / "own"

    return write


@pytest.mark.parametrize("fitting", [{}, {"size": 105}, {"scale": None}, {"scale": 0.5}], ids=str)
def test_a_set_that_fits(write, fitting):
    assert len(open_target(write(**fitting), TARGET)) == 10


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"bands": ("g", "r", "i")}, r"bands` to be \('i', 'r', 'g'\), but got \('g', 'r', 'i'\)"),
        (
            {"scale": 0.396},
            r"pixel scale` to be within 2 % of 0\.4946 arcsec/pixel, but got 0\.396",
        ),
        ({"size": 64}, r"images` to be 75 pixels or more on a side, but got \(64, 64\)"),
        ({"labels": False}, "images` to be labelled: the labels serve to test, but got 'no label'"),
        (
            {"labels": False, "stratified": False},
            "images` to be labelled: the labels serve to test, but got 'no label'",
        ),
    ],
)
def test_a_set_that_does_not_fit_and_the_command_for_one_that_does(write, wrong, words):
    with pytest.raises(ArgumentError, match=words) as error:
        open_target(write(**wrong), TARGET)
    assert COMMAND in str(error.value)


def test_a_folder_that_is_no_prepared_set(tmp_path):
    with pytest.raises(MissingFileError, match="is not a prepared data set") as error:
        open_target(tmp_path, TARGET)
    assert COMMAND in str(error.value)
