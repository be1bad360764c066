"""Rows of mosaics give the same stamps in any process, and the images are opened once."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from tests.mosaics.conftest import header_of, make_wcs, table_of

from toomre.images.cutout import Cutout
from toomre.images.flags import Flag
from toomre.inference import mosaic_rows
from toomre.inference.mosaic_readings import for_model, read_mosaics
from toomre.inference.mosaic_rows import OpenMosaics
from toomre.inference.readings import Wish
from toomre.mosaics.options import StampOptions
from toomre.mosaics.patterns import MosaicSource
from toomre.mosaics.stamps import Mosaics
from toomre.networks.card import ModelCard


@pytest.fixture
def wish(make_model):
    grid = {"size": 17, "crop": 17, "native_pixel_scale": 0.4}
    return Wish(ModelCard.read(make_model(grid=grid) / "model.json"))


@pytest.fixture
def sky(rng, tmp_path, wish):
    """Two images a band, one of them an extension that is named, and thirty positions."""
    files = {}
    for band in "gri":
        for number, centre in enumerate([(150.0, 2.0), (150.02, 2.0)]):
            wcs = make_wcs(shape=(200, 200), turn=0.0, centre=centre)
            image = rng.normal(0, 1, (200, 200)).astype(np.float32)
            path = tmp_path / f"{band}{number}.fits"
            hdus = [fits.PrimaryHDU(), fits.ImageHDU(image, header_of(wcs), name="R")]
            fits.HDUList([*hdus, fits.ImageHDU(image, name="OTHER")]).writeto(path)
        files[band] = str(tmp_path / f"{band}?.fits[R]")
    ra = rng.uniform(149.99, 150.03, 30)
    dec = rng.uniform(1.99, 2.01, 30)
    table = table_of(ra, dec, petro=rng.uniform(6.0, 8.0, 30), mass=1.0)
    options = for_model(wish.card, StampOptions(size_column="petro"))
    return MosaicSource(files, options), options, table


def same(found, expected) -> None:
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert (one.image_id, one.ra, one.dec) == (other.image_id, other.ra, other.dec)
        assert (one.cutout.flags, one.cutout.reason) == (other.cutout.flags, other.cutout.reason)
        np.testing.assert_array_equal(one.cutout.pixels, other.cutout.pixels)


def test_the_same_stamps_in_any_process(sky, wish, monkeypatch):
    source, options, table = sky
    expected = list(read_mosaics(Mosaics.open(source.files, table, options), wish))
    assert {reading.cutout.status for reading in expected} >= {"ok"}
    opened = OpenMosaics(source, options, table)
    assert len(opened) == 30
    part = opened.rows(10, 20)
    assert part.table.columns.tolist() == ["image_id", "ra", "dec", "flags", "reason", "petro"]
    same(list(part.readings(wish, 0, 10)), expected[10:20])
    assert part.names == [reading.image_id for reading in expected[10:20]]
    copy = pickle.loads(pickle.dumps(part))
    assert copy.digest == part.digest != opened.rows(11, 21).digest
    monkeypatch.setattr(mosaic_rows, "_opened", {})
    monkeypatch.chdir("/")
    same(list(copy.readings(wish, 3, 7)), expected[13:17])
    unread = copy.unread(4, Cutout.bad(Flag.KILLED_WORKER, "why"))
    assert (unread.image_id, unread.ra) == ("g14", float(table["ra"][14]))


def test_the_images_are_opened_and_their_sums_checked_once(sky, wish, monkeypatch):
    source, options, table = sky
    calls = []

    def open_counted(files, table, how):
        calls.append(how.checksums)
        return real(files, table, how)

    real = Mosaics.open
    monkeypatch.setattr(Mosaics, "open", open_counted)
    opened = OpenMosaics(source, options, table)
    for start in (0, 10, 20):
        list(opened.rows(start, start + 10).readings(wish, 0, 10))
    assert calls == [True]
    monkeypatch.setattr(mosaic_rows, "_opened", {})
    for start in (0, 10):
        list(opened.rows(start, start + 10).readings(wish, 0, 10))
    assert calls == [True, False]
    unsummed = OpenMosaics(source, options, table, sums=False)
    assert calls == [True, False, False]
    assert unsummed.rows(0, 5).digest == opened.rows(0, 5).digest


def test_another_file_or_size_shows(sky):
    source, options, table = sky
    digest = OpenMosaics(source, options, table).rows(0, 5).digest
    assert OpenMosaics(source, options, table.assign(mass=2.0)).rows(0, 5).digest == digest
    changed = table.assign(petro=pd.Series(np.full(30, 7.0)))
    assert OpenMosaics(source, options, changed).rows(0, 5).digest != digest
    path = source.files["g"].removesuffix("?.fits[R]") + "0.fits"
    with Path(path).open("ab") as file:
        file.write(bytes(2880))
    assert OpenMosaics(source, options, table).rows(0, 5).digest != digest
