"""A mosaic that cannot be used: refused by name, or passed over and said so everywhere."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from tests.mosaics.conftest import header_of, make_wcs
from typer import Typer
from typer.testing import CliRunner

from toomre.cli.commands import register
from toomre.errors import CorruptFileError, OutputExistsError
from toomre.images.flags import Flag
from toomre.jobs.classify import ClassifyOptions, classify
from toomre.jobs.cutouts import cutouts
from toomre.mosaics.options import StampOptions
from toomre.mosaics.patterns import MosaicSource

SKIP = StampOptions(skip_bad=True)


@pytest.fixture
def tiles(tmp_path, rng, monkeypatch):
    """Three tiles a band beside one another, ten positions in each; one pixel of g1 is flipped."""
    monkeypatch.chdir(tmp_path)
    Path("m").mkdir()
    rows = []
    for number in range(3):
        wcs = make_wcs(shape=(240, 240), turn=0.0, centre=(150.0 + 0.05 * number, 2.0))
        for band in "gri":
            pixels = rng.normal(0, 1, (240, 240)).astype(np.float32)
            fits.writeto(f"m/{band}{number}.fits", pixels, header_of(wcs), checksum=True)
        x, y = rng.uniform(60, 180, (2, 10))
        places = np.column_stack(wcs.all_pix2world(x, y, 0)).tolist()
        rows += [f"t{number}-{i},{ra},{dec}\n" for i, (ra, dec) in enumerate(places)]
    Path("t.csv").write_text("objid,ra,dec\n" + "".join(rows))
    flip("m/g1.fits")
    return {band: f"m/{band}?.fits" for band in "gri"}


def flip(name: str) -> None:
    """Change a bit of a pixel, and neither the size nor the time of the file."""
    status = Path(name).stat()
    content = bytearray(Path(name).read_bytes())
    content[2880 * 4] ^= 1
    Path(name).write_bytes(content)
    os.utime(name, ns=(status.st_atime_ns, status.st_mtime_ns))


def test_the_refusal_says_which_file_and_how_to_go_on(tiles, make_model):
    said = r"The mosaic 'm/g1.fits' \(band g\).*checksum.*--no-checksums.*--skip-bad-mosaics"
    with pytest.raises(CorruptFileError, match=said):
        classify(MosaicSource(tiles), make_model(), catalog="t.csv")
    with pytest.raises(CorruptFileError, match=said):
        cutouts(tiles, "t.csv", "out", StampOptions(8.0))


def test_the_other_rows_score_as_without_the_file(tiles, make_model):
    """The judge is a run that is given the good files alone."""
    model = make_model()
    good = {**tiles, "g": ["m/g0.fits", "m/g2.fits"]}
    expected = classify(MosaicSource(good), model, catalog="t.csv").table
    done = classify(MosaicSource(tiles, SKIP), model, catalog="t.csv")
    found = done.table
    lost = found["image_id"].str.startswith("t1")
    pd.testing.assert_frame_equal(found[~lost], expected[~lost])
    assert found["flags"][lost].tolist() == [Flag.MISSING_BAND.value] * 10
    reason = "missing_band: the position lies in no mosaic of the band g"
    assert set(expected["reason"][lost]) == {reason}
    assert set(found["reason"][lost]) == {f"{reason} but perhaps in what was skipped: 'm/g1.fits'"}
    (skipped,) = done.provenance["skipped_mosaics"]
    assert (skipped["band"], skipped["file"]) == ("g", "m/g1.fits")
    assert skipped["why"].startswith("checksum: ")


def test_two_processes_skip_the_same(tiles, make_model, monkeypatch):
    """The file is whole but for its sum, which the workers do not look at."""
    monkeypatch.setattr("toomre.jobs.classify_plan.SHARD_ROWS", 4)
    model = make_model()
    for workers in (1, 2):
        options = ClassifyOptions(workers=workers)
        out = f"o{workers}.csv"
        classify(MosaicSource(tiles, SKIP), model, out, "t.csv", options=options)
    assert Path("o1.csv").read_bytes() == Path("o2.csv").read_bytes()


def test_a_mended_file_makes_another_job(tiles, make_model):
    """Also if its size and time are what they were; and the same job does nothing."""
    source, model = MosaicSource(tiles, SKIP), make_model()
    first = classify(source, model, "o.csv", "t.csv")
    assert first.summary["bad"] == 10
    assert classify(source, model, "o.csv", "t.csv").classified == 0
    flip("m/g1.fits")
    with pytest.raises(OutputExistsError):
        classify(source, model, "o.csv", "t.csv")
    options = ClassifyOptions(overwrite=True)
    again = classify(source, model, "o.csv", "t.csv", options=options)
    assert (again.classified, again.summary["bad"]) == (30, 0)
    assert again.provenance["job_sha256"] != first.provenance["job_sha256"]
    assert again.provenance["skipped_mosaics"] == []


def test_nothing_is_left_of_a_band(tiles, make_model):
    for number in (0, 2):
        Path(f"m/g{number}.fits").write_bytes(b"")
    said = "None of the 3 mosaics of the band g can be used; the first is 'm/g0.fits': unreadable"
    with pytest.raises(CorruptFileError, match=said):
        classify(MosaicSource(tiles, SKIP), make_model(), catalog="t.csv")


def test_the_commands_name_what_they_skipped(tiles, make_model):
    app = Typer()
    register(app)
    model = make_model()
    mosaics = [word for band, files in tiles.items() for word in ("--mosaic", f"{band}={files}")]
    words = ["classify", *mosaics, "--catalog", "t.csv", "--model", str(model), "--out", "o.csv"]
    done = CliRunner().invoke(app, [*words, "--skip-bad-mosaics"], catch_exceptions=False)
    assert "Mosaics skipped, as they cannot be used: 1\n  m/g1.fits (g): checksum: " in done.stdout
    words = ["cutouts", "g=m/g?.fits", "--catalog", "t.csv", "--size-arcsec", "8", "--out", "out"]
    done = CliRunner().invoke(app, [*words, "--skip-bad-mosaics"], catch_exceptions=False)
    assert "  m/g1.fits (g): checksum: " in done.stdout
    record = json.loads(Path("out/cutouts.json").read_text())
    assert [each["file"] for each in record["counts"]["skipped"]] == ["m/g1.fits"]
    assert record["counts"]["bad"] == 10
