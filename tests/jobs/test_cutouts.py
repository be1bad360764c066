from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from tests.mosaics.conftest import SCALE, header_of, make_wcs

from toomre.errors import ArgumentError, OutputExistsError
from toomre.images.flags import Flag
from toomre.images.grid import Grid
from toomre.images.loading import Facts
from toomre.images.reading import read_cutout
from toomre.jobs.cutouts import CutoutOptions, cutouts
from toomre.jobs.prepare import prepare
from toomre.mosaics.options import StampOptions
from toomre.preparation.columns import Columns


@pytest.fixture
def sky(tmp_path, galaxies, rng):
    """A mosaic in three bands with a galaxy at each of 12 places; the table has two more rows."""
    wcs = make_wcs("SIP", shape=(300, 400))
    pixels = rng.normal(0, 1, (3, 300, 400)).astype(np.float32)
    drawn = galaxies(12, 48, rng)
    x, y = np.meshgrid(np.arange(4) * 90 + 60.2, np.arange(3) * 90 + 60.7)
    for galaxy, a, b in zip(drawn, x.ravel(), y.ravel(), strict=True):
        x0, y0 = int(np.ceil(a - 24)), int(np.ceil(b - 24))
        pixels[:, y0 : y0 + 48, x0 : x0 + 48] = galaxy
    files = {}
    for band, plane in zip("gri", pixels, strict=True):
        files[band] = tmp_path / f"sky_{band}.fits"
        fits.writeto(files[band], plane, header_of(wcs), checksum=True)
    ra, dec = wcs.all_pix2world(x.ravel(), y.ravel(), 0)
    table = pd.DataFrame({"objid": 2**60 + np.arange(14), "label": [0, 1] * 7})
    table["ra"], table["dec"] = [*ra, 10.0, ra[0]], [*dec, -50.0, dec[0]]
    edge = wcs.all_pix2world(5.0, 150.0, 0)
    table.loc[13, ["ra", "dec"]] = [float(v) for v in edge]
    table["petro"] = 2.4
    table.to_csv(tmp_path / "table.csv", index=False)
    return files, tmp_path / "table.csv", pixels, wcs, (x.ravel(), y.ravel())


def test_written_positions_go_round(sky, tmp_path):
    """The header of each file gives the galaxy's own pixel to 0.01, resampled or not."""
    files, catalog, pixels, _, (x, y) = sky
    for name, size in (("plain", None), ("resampled", 75)):
        options = CutoutOptions(pixels=size)
        found = cutouts(files, catalog, tmp_path / name, StampOptions(19.2), options=options)
        assert found["images"] == 14
        assert found["bad"] == 1
        written = pd.read_parquet(tmp_path / name / "catalog.parquet")
        for row, (a, b) in enumerate(zip(x, y, strict=True)):
            path = tmp_path / name / written["file"][row]
            with fits.open(path, checksum=True) as hdus:
                wcs = WCS(hdus[0].header, naxis=2)
                shape = hdus[0].data.shape
                got = wcs.all_world2pix(written["ra"][row], written["dec"][row], 0)
            x0, y0 = np.ceil(a - 24), np.ceil(b - 24)
            ratio = 1.0 if size is None else size / (19.2 / SCALE)
            wanted = [(v - s - 23.5) * ratio + (shape[-1] - 1) / 2 for v, s in ((a, x0), (b, y0))]
            np.testing.assert_allclose([float(v) for v in got], wanted, atol=0.01)
            read = read_cutout(path)
            assert read.bands == ("g", "r", "i")
            assert read.pixel_scale == pytest.approx(SCALE / ratio, rel=0.005)
            if size is None:
                part = pixels[:, int(y0) : int(y0) + 48, int(x0) : int(x0) + 48]
                np.testing.assert_array_equal(read.pixels, part)
            else:  # the same galaxy: flux is kept
                assert read.pixels.sum() == pytest.approx(
                    pixels[:, int(y0) : int(y0) + 48, int(x0) : int(x0) + 48].sum(), rel=0.05
                )
        assert written["flags"][12] == Flag.OUTSIDE.value
        assert written["file"][12] == ""
        assert written["flags"][13] & Flag.EDGE.value
        assert written["image_id"].tolist() == [str(2**60 + i) for i in range(14)]


@pytest.mark.parametrize("layout", ["fits", "npy"])
def test_prepare_reads_what_was_written(layout, sky, tmp_path):
    files, catalog, pixels, _, (x, y) = sky
    out, options = tmp_path / "out", CutoutOptions(layout=layout)
    stamps = StampOptions(size_column="petro", size_factor=8)
    cutouts(files, catalog, out, stamps, options=options)
    source = out if layout == "fits" else out / "images.npy"
    done = prepare(
        source,
        tmp_path / "prepared",
        out / "catalog.parquet",
        grid=Grid(size=48),
        facts=Facts(bands=("g", "r", "i")),
        columns=Columns(label=""),  # too few for a split
    )
    x0, y0 = int(np.ceil(x[3] - 24)), int(np.ceil(y[3] - 24))
    part = pixels[:, y0 : y0 + 48, x0 : x0 + 48]
    np.testing.assert_array_equal(done.images[3], part)
    assert pd.read_parquet(out / "catalog.parquet")["label"].tolist() == [0, 1] * 7
    assert (done.catalog["status"] == "bad").tolist() == [False] * 12 + [True, False]


def test_the_folder_is_whole_or_absent(sky, tmp_path):
    files, catalog, *_ = sky
    out = tmp_path / "out"
    cutouts(files, catalog, out, StampOptions(8.0))
    record = json.loads((out / "cutouts.json").read_text())
    assert record["counts"]["images"] == 14
    assert record["stamps"]["size_arcsec"] == 8.0
    with pytest.raises(OutputExistsError, match="--overwrite"):
        cutouts(files, catalog, out, StampOptions(9.0))
    cutouts(files, catalog, out, StampOptions(9.0), options=CutoutOptions(overwrite=True))
    table = pd.read_csv(catalog)
    table["size"] = np.where(table.index < 5, 8.0, 9.2)
    table.to_csv(catalog, index=False)
    varied = StampOptions(size_column="size")
    with pytest.raises(ArgumentError, match="one shape.*Resample them .--pixels."):
        cutouts(files, catalog, tmp_path / "a", varied, options=CutoutOptions(layout="npy"))
    options = CutoutOptions(layout="npy", pixels=20)
    cutouts(files, catalog, tmp_path / "b", varied, options=options)
    assert np.load(tmp_path / "b" / "images.npy").shape == (14, 3, 20, 20)
    table.assign(ra=10.0, dec=-50.0).to_csv(catalog, index=False)
    with pytest.raises(ArgumentError, match="None of the 14 positions has a stamp"):
        cutouts(files, catalog, tmp_path / "c", varied, options=options)
    assert not (tmp_path / "a").exists()
    assert not (tmp_path / "c").exists()


def test_options_are_checked():
    with pytest.raises(ArgumentError, match="'fits' or 'npy', but got 'jpg'"):
        CutoutOptions(layout="jpg")
    with pytest.raises(ArgumentError, match="8 to 4096"):
        CutoutOptions(pixels=5)
