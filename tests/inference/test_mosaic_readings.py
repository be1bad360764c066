"""A galaxy in a mosaic gets the score that it gets as a cutout."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import typer
from astropy.io import fits
from tests.mosaics.conftest import header_of, make_wcs, table_of
from typer.testing import CliRunner

from toomre.cli.classify import classify as command
from toomre.errors import ArgumentError
from toomre.images.flags import Flag
from toomre.inference.catalog_reading import read_catalog
from toomre.inference.mosaic_readings import for_model
from toomre.inference.store import open_model
from toomre.jobs.classify import ClassifyOptions, classify
from toomre.mosaics.options import StampOptions
from toomre.mosaics.patterns import MosaicSource


@pytest.fixture
def sky(tmp_path, galaxies, rng):
    """Ten galaxies of 64 pixels in a mosaic of three bands, and the same as a stack."""
    wcs = make_wcs(shape=(300, 460), turn=0.0)
    drawn = galaxies(10, 64, rng)
    pixels = rng.normal(0, 1, (3, 300, 460)).astype(np.float32)
    x, y = np.meshgrid(np.arange(5) * 80 + 60.0, np.arange(2) * 80 + 60.0)
    x, y = x.ravel() - 0.5, y.ravel() - 0.5
    for galaxy, a, b in zip(drawn, x, y, strict=True):
        pixels[:, int(b - 31.5) : int(b + 32.5), int(a - 31.5) : int(a + 32.5)] = galaxy
    files = {}
    for band, plane in zip("gri", pixels, strict=True):
        files[band] = tmp_path / f"sky_{band}.fits"
        fits.writeto(files[band], plane, header_of(wcs))
    # A hair off, so that no position is exactly between two pixels.
    ra, dec = wcs.all_pix2world(x - 1e-3, y - 1e-3, 0)
    table = table_of([*ra, 10.0], [*dec, -50.0]).drop(columns=["flags", "reason"])
    table["petro"] = 2.4
    table.to_csv(tmp_path / "table.csv", index=False)
    np.save(tmp_path / "stack.npy", drawn)
    return files, tmp_path / "table.csv", tmp_path / "stack.npy"


def test_a_mosaic_scores_as_its_cutouts(sky, make_model):
    files, table, stack = sky
    model = make_model()
    options = ClassifyOptions(bands=("g", "r", "i"), pixel_scale=0.4)
    expected = classify(stack, model, options=options).table
    found = classify(MosaicSource(files), model, catalog=table)
    scores = found.table
    assert scores["image_id"].tolist() == [f"g{i}" for i in range(11)]
    np.testing.assert_allclose(scores["p_merger"][:10], expected["p_merger"], atol=1e-5)
    assert scores["status"].tolist() == [*expected["status"], "bad"]
    assert scores["flags"][10] == Flag.OUTSIDE.value
    np.testing.assert_allclose(scores["ra"], pd.read_csv(table)["ra"])
    assert found.provenance["input"].startswith("g=")


def test_another_field_is_flagged(sky, make_model):
    files, table, _ = sky
    sized = MosaicSource(files, StampOptions(size_column="petro", size_factor=8))
    same = classify(sized, make_model("same"), catalog=table)
    assert "pixel_scale" not in same.summary["flags"]  # 19.2 arcsec is the model's field
    wide = MosaicSource(files, StampOptions(size_column="petro", size_factor=9))
    found = classify(wide, make_model("other"), catalog=table)
    assert found.summary["flags"]["pixel_scale"] == 10
    assert (
        "the stamp's size gives 0.675 arcsec/pixel, the model was trained on 0.6"
        in (found.table["reason"][0])
    )


def test_what_must_be_given(sky, make_model, tmp_path):
    files, _, _ = sky
    with pytest.raises(ArgumentError, match="`catalog` to be a table with ra and dec for mosaics"):
        classify(MosaicSource(files), make_model())
    card = open_model(make_model("whole", grid={"size": 32})).card
    with pytest.raises(ArgumentError, match="does not say how large a field.*--size-arcsec"):
        for_model(card, None)
    assert for_model(card, StampOptions(10.0)).margin == 0


def test_the_command(sky, make_model, tmp_path):
    files, table, _ = sky
    app = typer.Typer()
    app.command()(command)
    mosaics = [word for band, path in files.items() for word in ("--mosaic", f"{band}={path}")]
    arguments = [*mosaics, "--catalog", table, "--out", tmp_path / "o.parquet"]
    arguments += ["--model", make_model(), "--size-arcsec", 19.2]
    done = CliRunner().invoke(app, [str(word) for word in arguments])
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("11 images, ")
    assert len(read_catalog(tmp_path / "o.parquet")) == 11
    done = CliRunner().invoke(app, ["--out", str(tmp_path / "p.parquet")])
    assert isinstance(done.exception, ArgumentError)
    assert "one of the two (INPUT, or --mosaic BAND=FILES)" in str(done.exception)
