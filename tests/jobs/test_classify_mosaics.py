"""A catalogue from mosaics: what is read is never written over, and the same run goes on."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from tests.mosaics.conftest import header_of, make_wcs
from typer import Typer
from typer.testing import CliRunner

from toomre.cli.commands import register
from toomre.errors import ArgumentError
from toomre.images.flags import Flag
from toomre.jobs.classify import ClassifyOptions, classify
from toomre.jobs.cutouts import CutoutOptions, cutouts
from toomre.mosaics.options import PSFMatching, StampOptions
from toomre.mosaics.patterns import MosaicSource
from toomre.preparation.columns import Columns

OVERWRITE = ClassifyOptions(overwrite=True)


@pytest.fixture
def sky(tmp_path, rng):
    """Two tiles a band, side by side, and ten positions in each."""
    folder = tmp_path / "m"
    folder.mkdir()
    rows = []
    for number, centre in enumerate([(150.0, 2.0), (150.05, 2.0)]):
        wcs = make_wcs(shape=(240, 240), turn=0.0, centre=centre)
        for band in "gri":
            pixels = rng.normal(0, 1, (240, 240)).astype(np.float32)
            fits.writeto(folder / f"tile{number}_{band}.fits", pixels, header_of(wcs))
        x, y = rng.uniform(60, 180, (2, 10))
        places = np.column_stack(wcs.all_pix2world(x, y, 0)).tolist()
        rows += [f"t{number}-{i},{ra},{dec}\n" for i, (ra, dec) in enumerate(places)]
    (tmp_path / "t.csv").write_text("objid,ra,dec\n" + "".join(rows))
    return {band: str(folder / f"*_{band}.fits") for band in "gri"}, tmp_path / "t.csv"


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_the_catalogue_never_replaces_a_mosaic(sky, make_model, tmp_path):
    """Also not by way of a link, nor where the pattern would find it only the next time."""
    files, table = sky
    model, source = make_model(), MosaicSource(files)
    (tmp_path / "link").symlink_to(tmp_path / "m")
    before = contents(tmp_path / "m")
    for name in ("m/tile1_g.fits", "link/tile0_i.fits"):
        with pytest.raises(ArgumentError, match="`out` to be another file than those to be read"):
            classify(source, model, tmp_path / name, table, options=OVERWRITE)
    with pytest.raises(ArgumentError, match=r"the pattern '.*_r.fits' of the mosaics does not fit"):
        classify(source, model, tmp_path / "m" / "cat_r.fits", table)
    assert contents(tmp_path / "m") == before
    out = tmp_path / "m" / "cat.fits"
    for options in (ClassifyOptions(), ClassifyOptions(), OVERWRITE):
        assert len(classify(source, model, out, table, options=options)) == 20


def test_a_folder_of_cutouts_keeps_its_images(make_model, galaxies, rng, tmp_path):
    (tmp_path / "in").mkdir()
    for number, image in enumerate(galaxies(2, 64, rng)):
        fits.writeto(tmp_path / "in" / f"{number}.fits", image)
    before = contents(tmp_path / "in")
    with pytest.raises(ArgumentError, match="`out` to be another file than those to be read"):
        classify(tmp_path / "in", make_model(), tmp_path / "in" / "1.fits", options=OVERWRITE)
    assert contents(tmp_path / "in") == before


def test_stamps_never_replace_what_they_are_cut_from(sky, tmp_path):
    files, table = sky
    out, again = tmp_path / "out", CutoutOptions(overwrite=True)
    cutouts({"g": files["g"]}, table, out, StampOptions(8.0))
    image = next((out / "images").rglob("*.fits"))
    before = image.read_bytes()
    given = ({"g": str(image)}, table), ({"g": files["g"]}, out / "catalog.parquet")
    for mosaics, catalog in given:
        with pytest.raises(ArgumentError, match="`out` to be another file than those to be read"):
            cutouts(mosaics, catalog, out, StampOptions(8.0), options=again)
    assert image.read_bytes() == before


def test_a_table_without_positions_is_refused(sky, make_model, tmp_path):
    files, table = sky
    table.write_text(table.read_text().replace("objid,ra,dec", "objid,lon,lat"))
    said = "for ra and dec. Its columns are objid, lon, lat"
    with pytest.raises(ArgumentError, match=said):
        classify(MosaicSource(files), make_model(), tmp_path / "o.csv", table)
    with pytest.raises(ArgumentError, match=said):
        cutouts(files, table, tmp_path / "out", StampOptions(8.0))
    named = Columns(ra="lon", dec="lat")
    done = classify(MosaicSource(files), make_model("named"), catalog=table, columns=named)
    assert done.summary["bad"] == 0


def test_near_an_edge_only_the_field_is_judged(make_model, galaxies, rng, tmp_path):
    """The model's field ends two pixels within the image; the filter's margin lies beyond."""
    galaxy = galaxies(1, 48, rng)[0]
    pixels = rng.normal(0, 1, (3, 200, 200)).astype(np.float32)
    pixels[:, 76:124, 2:50] = galaxy
    wcs = make_wcs(shape=(200, 200), turn=0.0)
    for band, plane in zip("gri", pixels, strict=True):
        fits.writeto(tmp_path / f"{band}.fits", plane, header_of(wcs))
    x, y = np.array([25.499, 15.499]), np.array([99.499, 99.499])
    places = np.column_stack(wcs.all_pix2world(x, y, 0)).tolist()
    rows = "".join(f"g{i},{ra},{dec}\n" for i, (ra, dec) in enumerate(places))
    (tmp_path / "t.csv").write_text("objid,ra,dec\n" + rows)
    np.save(tmp_path / "stack.npy", galaxy[None])
    files, model = {band: tmp_path / f"{band}.fits" for band in "gri"}, make_model()
    inside, beyond = classify(MosaicSource(files), model, catalog=tmp_path / "t.csv").table["flags"]
    stated = ClassifyOptions(bands=("g", "r", "i"), pixel_scale=0.4)
    alone = classify(tmp_path / "stack.npy", model, options=stated).table["flags"]
    assert inside == alone[0]
    assert Flag(beyond) & (Flag.EDGE | Flag.MASKED_PIXELS) == Flag.EDGE | Flag.MASKED_PIXELS
    size, small = StampOptions(19.2), CutoutOptions(pixels=32)
    for name in "gri":
        cut = cutouts({name: files[name]}, tmp_path / "t.csv", tmp_path / name, size, options=small)
        assert cut["flags"].get("masked_pixels") == cut["flags"].get("edge") == 1


def test_the_sharpness_of_the_model(sky, make_model):
    """As with its numbers, a band at a time; a card that does not tell them is refused."""
    files, table = sky
    own = {"g": 1.1, "r": 1.2, "i": 1.3}
    widths = {"g": 1.5, "r": 1.9, "i": 1.3}
    model = make_model("sharp", psf_fwhm=tuple(widths.values()))
    scores = []
    for target in ("model", widths, 1.5):
        options = StampOptions(psf=PSFMatching(target, own))
        scores.append(classify(MosaicSource(files, options), model, catalog=table).table)
    np.testing.assert_array_equal(scores[0]["p_merger"], scores[1]["p_merger"])
    assert (scores[0]["p_merger"] != scores[2]["p_merger"]).any()
    source = MosaicSource(files, StampOptions(psf=PSFMatching("model", own)))
    with pytest.raises(ArgumentError, match="`psf_target` to be a number .* the card of the model"):
        classify(source, make_model("old"), catalog=table)
    options = StampOptions(8.0, psf=PSFMatching("model", own))
    with pytest.raises(ArgumentError, match="`psf_target` to be a number .* no model is named"):
        cutouts(files, table, table.parent / "out", options)


def test_positions_from_a_hats_catalogue(sky, make_model, tmp_path):
    """Each galaxy scores as with a plain table of the same positions."""
    files, table = sky
    model = make_model()
    plain = classify(MosaicSource(files), model, catalog=table).table
    folder = tmp_path / "hats" / "dataset" / "Norder=0" / "Dir=0"
    folder.mkdir(parents=True)
    (tmp_path / "hats" / "hats.properties").write_text("dataproduct_type=object\nhats_nrows=20\n")
    rows = pd.read_csv(table).sample(frac=1, random_state=1)
    rows.to_parquet(folder / "Npix=4.parquet", index=False)
    found = classify(MosaicSource(files), model, catalog=tmp_path / "hats").table
    assert found["image_id"].tolist() == rows["objid"].tolist()
    found = found.sort_values("image_id", ignore_index=True)
    plain = plain.sort_values("image_id", ignore_index=True)
    pd.testing.assert_frame_equal(found, plain, rtol=0, atol=1e-5)


def test_the_bands_of_mosaics_are_named_once(sky, make_model):
    files, table = sky
    options = ClassifyOptions(bands=("g", "r", "i"))
    with pytest.raises(ArgumentError, match="`bands` to be left out with mosaics"):
        classify(MosaicSource(files), make_model(), catalog=table, options=options)


DOCS = Path(__file__).resolve().parents[2] / "docs"


def commands_of(page: str, *, words: str) -> list[list[str]]:
    """Return the commands of a page that begin so, each as the shell hands it over."""
    blocks = re.findall(r"^```\n(.*?)^```", (DOCS / page).read_text(), re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    return [shlex.split(line, comments=True) for line in lines if line.startswith(words)]


def test_the_first_example_runs_as_it_stands(sky, make_model, tmp_path, monkeypatch):
    _, table = sky
    (tmp_path / "m").rename(tmp_path / "tiles")
    table.rename(tmp_path / "galaxies.csv")
    (tmp_path / "runs").mkdir()
    make_model().rename(tmp_path / "runs" / "mine")
    monkeypatch.chdir(tmp_path)
    app = Typer()
    register(app)
    words = commands_of("mosaics.md", words="toomre classify")[0]
    done = CliRunner().invoke(app, words[1:], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert "20 images, " in done.stdout
    assert (tmp_path / "mergers.parquet").exists()


@pytest.mark.parametrize("page", ["mosaics.md", "survey-scale.md"])
def test_examples_with_mosaics_name_a_model(page):
    """The default model is for pictures, and refuses mosaics."""
    for words in commands_of(page, words="toomre classify --mosaic"):
        assert "--model" in words, words
