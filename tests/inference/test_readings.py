"""Each source gives the same pixels to the network, and says what is wrong with an input."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from toomre.images.flags import Flag
from toomre.images.loading import Facts
from toomre.inference.readings import Wish, read_files, read_prepared, read_stack
from toomre.networks.card import ModelCard
from toomre.preparation.inputs import InputItem, stack_inputs
from toomre.preparation.prepared import PreparedSet

STATED = Facts(bands=("g", "r", "i"), pixel_scale=0.4)


@pytest.fixture
def wish(make_model):
    return Wish(ModelCard.read(make_model() / "model.json"), STATED)


def test_a_stack_that_is_opened_anew_gives_every_row_once(
    galaxies, rng, wish, tmp_path, monkeypatch
):
    monkeypatch.setattr("toomre.inference.readings._MAPPED", 2)
    images = galaxies(5, 64, rng)
    np.save(tmp_path / "stack.npy", images)
    for index, image in enumerate(images):
        np.save(tmp_path / f"{index}.npy", image)
    rows = list(read_stack(tmp_path / "stack.npy", list(stack_inputs(5)), None, wish))
    items = [(InputItem(str(i), (tmp_path / f"{i}.npy",)), "") for i in range(5)]
    files = list(read_files(items, None, wish))
    assert [row.image_id for row in rows] == list("01234")
    for row, file in zip(rows, files, strict=True):
        assert row.cutout.status == "ok"
        np.testing.assert_array_equal(row.cutout.pixels, file.cutout.pixels)


def test_the_bands_of_files_come_in_the_models_order(galaxies, rng, wish, tmp_path):
    (image,) = galaxies(1, 64, rng)
    paths = {}
    for band, plane in zip("gri", image, strict=True):
        paths[band] = tmp_path / f"a_{band}.npy"
        np.save(paths[band], plane)
    np.save(tmp_path / "a.npy", image)
    wish = Wish(wish.card, Facts(pixel_scale=0.4))
    item = InputItem("a", tuple(paths[b] for b in "irg"), bands=("i", "r", "g"))
    (split,) = read_files([(item, "")], None, wish)
    whole = InputItem("a", (tmp_path / "a.npy",))
    (cube,) = read_files([(whole, "")], None, Wish(wish.card, STATED))
    np.testing.assert_array_equal(split.cutout.pixels, cube.cutout.pixels)
    assert split.cutout.bands == ("g", "r", "i")


@pytest.mark.parametrize(
    ("bands", "flag"), [(("g", "r"), Flag.MISSING_BAND), (("g", "r", "i", "i"), Flag.BANDS)]
)
def test_files_of_too_few_or_too_many_bands_are_bad(wish, bands, flag):
    item = InputItem("a", tuple(Path(f"{i}.fits") for i in range(len(bands))), bands=bands)
    (reading,) = read_files([(item, "")], None, wish)
    assert reading.cutout.flags == flag


def test_a_reader_that_fails_makes_one_input_bad(wish, monkeypatch):
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("two\nlines")

    monkeypatch.setattr("toomre.inference.readings.read_cutout", fail)
    (reading,) = read_files([(InputItem("a", (Path("a.fits"),)), "")], None, wish)
    assert reading.cutout.flags == Flag.UNREADABLE
    assert reading.cutout.reason.startswith("unreadable: the reader failed: RuntimeError: two")
    assert "\n" not in reading.cutout.reason


def test_a_position_off_the_sky_is_bad(galaxies, rng, wish, tmp_path):
    np.save(tmp_path / "stack.npy", galaxies(1, 64, rng))
    table = pd.DataFrame(
        {"ra": [400.0], "dec": [0.0], "flags": [Flag.COORDINATES.value], "reason": ["ra = 400"]}
    )
    (reading,) = read_stack(tmp_path / "stack.npy", list(stack_inputs(1)), table, wish)
    assert reading.cutout.reason == "coordinates: ra = 400"
    assert reading.ra == 400.0


def test_what_was_found_while_preparing_stays_known(tiny_set, make_model, monkeypatch):
    grid = {"size": 17, "crop": 17, "native_pixel_scale": 0.4}
    card = ModelCard.read(make_model(grid=grid, bands=("r", "g", "i")) / "model.json")
    prepared = PreparedSet.open(tiny_set)
    prepared.catalog.loc[3, ["flags", "reason"]] = [Flag.EDGE.value, "edge: 3 pixels"]
    prepared.catalog.loc[4, ["flags", "reason"]] = [Flag.BLANK.value, "blank: all 0"]
    readings = list(read_prepared(tiny_set, prepared.info, prepared.catalog, Wish(card)))
    assert len(readings) == 120
    assert readings[3].cutout.reason == "edge: 3 pixels"
    assert readings[4].cutout.pixels is None
    stored = np.load(tiny_set / "images.npy")
    np.testing.assert_array_equal(readings[7].cutout.pixels, stored[7, [1, 0, 2], 2:19, 2:19])
