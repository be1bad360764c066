"""Rows that were sent to another process are the rows that stand here."""

from __future__ import annotations

import pickle
from multiprocessing.reduction import ForkingPickler
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from toomre.images.cutout import Cutout
from toomre.images.flags import Flag
from toomre.images.loading import Facts
from toomre.inference.readings import Wish
from toomre.inference.rows import StackRows, file_state, table_part
from toomre.jobs.classify_inputs import open_inputs
from toomre.networks.card import ModelCard
from toomre.preparation.columns import Columns
from toomre.preparation.inputs import Source

STATED = Facts(bands=("g", "r", "i"), pixel_scale=0.4)


def sent(rows):
    """Return what another process gets."""
    content = bytes(ForkingPickler.dumps(rows))
    assert len(content) < 100_000
    return pickle.loads(content)


@pytest.fixture
def wish(make_model):
    grid = {"size": 17, "crop": 17, "native_pixel_scale": 0.4}
    return Wish(ModelCard.read(make_model(grid=grid) / "model.json"), STATED)


@pytest.fixture
def sources(galaxies, rng, tmp_path, tiny_set):
    """The same images as files, as stacks, with a table and without; and a prepared set."""
    images = galaxies(7, 21, rng)
    (tmp_path / "in").mkdir()
    for index, image in enumerate(images):
        np.save(tmp_path / "in" / f"{index}.npy", image)
    np.save(tmp_path / "s.npy", images)
    np.savez(tmp_path / "z.npz", images)
    rows = "".join(f"{row},{10 + row},{row if row != 4 else 99}\n" for row in (6, 3, 0, 4, 1))
    (tmp_path / "t.csv").write_text("image_id,ra,dec\n" + rows)
    table = tmp_path / "t.csv"
    names = (tmp_path / "in", tmp_path / "s.npy", tmp_path / "z.npz")
    return [(name, given) for name in names for given in (None, table)] + [(tiny_set, None)]


@pytest.mark.parametrize("number", range(7))
def test_any_rows_in_any_process(sources, wish, number, monkeypatch):
    source, table = sources[number]
    monkeypatch.chdir(source.parent)
    given = table and Path(table.name), Columns()
    inputs = open_inputs(Source(Path(source.name)), given, wish, None)
    whole = list(inputs.rows(0, inputs.total).readings(wish, 0, inputs.total))
    assert len(whole) == inputs.total >= 5
    part = inputs.rows(2, 5)
    assert len(part) == 3
    assert part.names == [reading.image_id for reading in whole[2:5]]
    monkeypatch.chdir("/")
    copy = sent(part)
    assert copy.digest == part.digest != inputs.rows(1, 4).digest
    found = list(copy.readings(wish, 1, 3))
    for reading, expected in zip(found, whole[3:5], strict=True):
        assert reading.image_id == expected.image_id
        assert reading.cutout.flags == expected.cutout.flags
        np.testing.assert_array_equal([reading.ra, reading.dec], [expected.ra, expected.dec])
        if expected.cutout.pixels is not None:
            np.testing.assert_array_equal(reading.cutout.pixels, expected.cutout.pixels)
    unread = copy.unread(1, Cutout.bad(Flag.KILLED_WORKER, "why"))
    assert unread.image_id == whole[3].image_id
    assert unread.cutout.flags & Flag.KILLED_WORKER
    np.testing.assert_array_equal([unread.ra, unread.dec], [whole[3].ra, whole[3].dec])


def test_only_the_columns_that_are_read_travel():
    table = pd.DataFrame({"image_id": ["a", "b"], "mass": 1.0, "size": 2.0, "ra": 3.0})
    assert table_part(table, 0, 2, "size").columns.tolist() == ["image_id", "ra", "size"]


def test_another_content_shows_in_the_state(tmp_path):
    path = tmp_path / "a"
    assert file_state(path) == (-1, -1)
    path.write_text("1")
    before = file_state(path)
    path.write_text("12")
    assert file_state(path) != before
    assert StackRows(path, (), None).files == []
