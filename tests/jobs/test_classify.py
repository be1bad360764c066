"""From files to a catalogue: every input once, in order, and nothing silent."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from PIL import Image
from safetensors.torch import load_file

import toomre
from toomre.errors import ArgumentError, MissingFileError, OutputExistsError
from toomre.images.flags import BAD, Flag
from toomre.inference.catalog import FORMATS, SCHEMA
from toomre.inference.catalog_reading import read_catalog, read_provenance
from toomre.inference.predictor import Predictor
from toomre.inference.store import open_model
from toomre.jobs.classify import ClassifyOptions, classify
from toomre.training.checkpoint import write_weights

BANDS = ("g", "r", "i")
STATED = ClassifyOptions(bands=BANDS, pixel_scale=0.4)


def header(bands: tuple[str, ...] = BANDS, scale: float | None = 0.4) -> fits.Header:
    cards = fits.Header()
    cards["BANDS"] = "".join(bands)
    for index, band in enumerate(bands):
        cards[f"BAND{index}"] = band
    if scale is not None:
        cards.update({"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN"})
        cards.update({"CDELT1": -scale / 3600, "CDELT2": scale / 3600})
    return cards


def write_fits(path: Path, image: np.ndarray, **options: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fits.PrimaryHDU(image, header(**options)).writeto(path)


def only(result) -> pd.Series:
    assert len(result.table) == 1
    return result.table.iloc[0]


@pytest.fixture
def image(galaxies, rng):
    return galaxies(1, 64, rng)[0]


@pytest.fixture
def folder(galaxies, rng, tmp_path):
    """Nine good FITS cutouts and three bad ones, in nested folders."""
    folder = tmp_path / "in"
    for index, image in enumerate(galaxies(9, 64, rng)):
        write_fits(folder / f"{index % 2}" / f"{index}.fits", image)
    write_fits(folder / "blank.fits", np.zeros((3, 64, 64), np.float32))
    (folder / "empty.fits").touch()
    (folder / "web.fits").write_text("<html>404 not found</html>")
    return folder


NAMES = [
    *(f"0/{i}.fits" for i in (0, 2, 4, 6, 8)),
    *(f"1/{i}.fits" for i in (1, 3, 5, 7)),
    *("blank.fits", "empty.fits", "web.fits"),
]


def test_every_input_comes_once_and_in_order(folder, make_model, tmp_path):
    result = toomre.classify(folder, make_model(), tmp_path / "out.parquet")
    table = result.table
    assert table.columns.tolist() == SCHEMA.names
    assert table["image_id"].tolist() == NAMES
    assert table["status"].tolist() == ["ok"] * 9 + ["bad"] * 3
    assert result.summary == {
        "images": 12,
        "ok": 9,
        "warn": 0,
        "bad": 3,
        "mergers": int((table["p_merger"] >= 0.4).sum()),
        "threshold": 0.4,
        "flags": {"blank": 1, "unreadable": 1, "not_fits": 1},
        "left_out": 0,
    }
    assert len(result) == 12
    bad = table[table["status"] == "bad"]
    assert bad[["p_merger", "p_merger_raw", "p_merger_std"]].isna().all(axis=None)
    assert bad["is_merger"].isna().all()
    assert (bad["flags"] & BAD.value > 0).all()
    assert bad["reason"].str.startswith(("blank:", "unreadable:", "not_fits:")).all()
    good = table[table["status"] == "ok"]
    assert good["p_merger"].between(0, 1).all()
    assert (good["is_merger"] == (good["p_merger"] >= 0.4)).all()
    assert 0 < good["is_merger"].sum() < 9
    assert (good["reason"] == "").all()
    assert table["model_id"].unique().tolist() == [result.provenance["model_id"]]


@pytest.mark.parametrize("ending", FORMATS)
def test_every_format_holds_the_same(folder, make_model, tmp_path, ending):
    model = make_model()
    in_memory = classify(folder, model)
    assert in_memory.path is None
    result = classify(folder, model, tmp_path / f"out{ending}")
    pd.testing.assert_frame_equal(result.table, in_memory.table, check_exact=True)
    found = read_provenance(result.path)
    assert found == json.loads(json.dumps(found))
    assert found["weights_sha256"] == open_model(model).card.weights_sha256
    assert found["counts"]["bad"] == 3
    assert found["libraries"]["numpy"] == np.__version__
    assert found["toomre"] == toomre.__version__
    assert found["flag_bits"]["blank"] == Flag.BLANK.value
    assert found["options"]["device"] == "cpu"
    assert found["created"] == result.provenance["created"]
    assert found["inputs_sha256"] == in_memory.provenance["inputs_sha256"]


def test_chunks_batches_and_neighbours_change_nothing(folder, make_model):
    model = open_model(make_model())
    expected = classify(folder, model).table["p_merger"]
    for chunk, batch in ((1, 1), (5, 7), (256, 64)):
        options = ClassifyOptions(chunk_size=chunk, batch_size=batch)
        found = classify(folder, model, options=options).table["p_merger"]
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)
    for name in ("blank.fits", "empty.fits", "web.fits"):
        (folder / name).unlink()
    alone = classify(folder, model).table["p_merger"]
    np.testing.assert_array_equal(alone, expected.dropna())


def test_a_table_gives_order_ids_positions_and_the_missing(folder, make_model, tmp_path):
    ids = ["587732769978777642", "=cmd()", "lost", "offsky", "../../etc/passwd"]
    table = pd.DataFrame(
        {
            "objid": ids,
            "file": ["1/3.fits", "0/0.fits", "no.fits", "1/1.fits", "../../etc/passwd"],
            "ra": [10.5, 350.0, 20.0, 400.0, 1.0],
            "dec": [-5.0, 0.0, 20.0, 0.0, 1.0],
            "mass": [1.0, 2.0, 3.0, 4.0, 5.0],
        }
    )
    table.to_csv(tmp_path / "table.csv", index=False)
    plain = classify(folder, make_model()).table.set_index("image_id")
    result = classify(folder, make_model("b"), tmp_path / "o.csv", tmp_path / "table.csv")
    found = read_catalog(tmp_path / "o.csv")
    assert found["image_id"].tolist() == ids
    assert found["ra"].tolist() == table["ra"].tolist()
    assert found["status"].tolist() == ["ok", "ok", "bad", "bad", "bad"]
    assert found["flags"].tolist()[2:] == [
        Flag.MISSING_FILE.value,
        Flag.COORDINATES.value,
        Flag.MISSING_FILE.value,
    ]
    assert found.loc[2, "reason"].startswith("missing_file: no image is named 'no.fits'")
    assert (
        found["p_merger"].tolist()[:2] == plain.loc[["1/3.fits", "0/0.fits"], "p_merger"].tolist()
    )
    assert "mass" not in found
    assert result.summary["images"] == 5
    assert result.summary["left_out"] == 12 - 3
    assert read_provenance(tmp_path / "o.csv")["counts"]["left_out"] == 9


def test_columns_that_are_not_needed_stop_nothing(folder, make_model, tmp_path):
    rows = ["image_id,class,galaxy_id,z", "1/3.fits,GALAXY,1.5,?", "0/0.fits,QSO,2.5,?"]
    (tmp_path / "t.csv").write_text("\n".join(rows) + "\n")
    pd.read_csv(tmp_path / "t.csv").to_parquet(tmp_path / "t.parquet")
    model = make_model()
    for name in ("t.csv", "t.parquet"):
        table = classify(folder, model, catalog=tmp_path / name).table
        assert table["image_id"].tolist() == ["1/3.fits", "0/0.fits"]
        assert table["status"].tolist() == ["ok", "ok"]


def test_rows_of_a_stack_that_no_row_names_are_counted(galaxies, rng, make_model, tmp_path):
    np.save(tmp_path / "stack.npy", galaxies(5, 64, rng))
    (tmp_path / "t.csv").write_text("image_id\n3\n1\n")
    stack = tmp_path / "stack.npy"
    some = classify(stack, make_model(), catalog=tmp_path / "t.csv", options=STATED)
    assert some.table["image_id"].tolist() == ["3", "1"]
    assert some.summary["left_out"] == 3


@pytest.mark.parametrize("link", [False, True])
def test_the_output_of_an_earlier_run_is_no_input(folder, make_model, tmp_path, link):
    source, model, out = folder, make_model(), folder / "1" / "x.fits"
    if link:
        source = tmp_path / "link"
        source.symlink_to(folder)
    again = ClassifyOptions(overwrite=True)
    for options in (ClassifyOptions(), again, again):
        assert classify(source, model, out, options=options).table["image_id"].tolist() == NAMES
    out.replace(folder / "1" / "3.fits")  # another name is an input like any other
    assert len(classify(source, model, out, options=again).table) == 12


def test_an_output_never_replaces_what_is_read(folder, image, make_model, tmp_path):
    model, options = make_model(), ClassifyOptions(overwrite=True)
    (tmp_path / "t.csv").write_text("image_id\n1/3.fits\n")
    cutout = folder / "1" / "3.fits"
    for source, out in ((folder, tmp_path / "t.csv"), (cutout, cutout)):
        before = out.read_bytes()
        with pytest.raises(ArgumentError, match="`out` to be another file than those to be read"):
            classify(source, model, out, tmp_path / "t.csv", options=options)
        assert out.read_bytes() == before


def test_a_table_without_any_image_is_refused(folder, make_model, tmp_path):
    (tmp_path / "table.csv").write_text("image_id\nx\ny\n")
    with pytest.raises(MissingFileError, match="None of the 2 rows of the table has an image"):
        classify(folder, make_model(), tmp_path / "o.csv", tmp_path / "table.csv")
    assert not (tmp_path / "o.csv").exists()


def test_a_stack_is_named_by_its_rows_or_by_the_table(galaxies, rng, make_model, tmp_path):
    images = galaxies(5, 64, rng)
    np.save(tmp_path / "stack.npy", images)
    model = make_model()
    table = classify(tmp_path / "stack.npy", model, options=STATED).table
    assert table["image_id"].tolist() == list("01234")
    assert table["status"].tolist() == ["ok"] * 5
    (tmp_path / "t.csv").write_text("name,ra,dec\n" + "".join(f"g{i},{i},{-i}\n" for i in range(5)))
    named = classify(
        tmp_path / "stack.npy",
        model,
        catalog=tmp_path / "t.csv",
        columns=toomre.jobs.classify.Columns(image_id="name"),
        options=STATED,
    ).table
    assert named["image_id"].tolist() == [f"g{i}" for i in range(5)]
    assert named["dec"].tolist() == [0, -1, -2, -3, -4]
    assert named["p_merger"].tolist() == table["p_merger"].tolist()
    np.savez(tmp_path / "stack.npz", images)
    packed = classify(tmp_path / "stack.npz", model, options=STATED).table
    assert packed["p_merger"].tolist() == table["p_merger"].tolist()


def test_a_prepared_set_gives_what_the_network_was_trained_on(tiny_set, make_model):
    grid = {"size": 17, "crop": 17, "native_pixel_scale": 0.4}
    model = open_model(make_model(grid=grid))
    result = classify(tiny_set, model)
    images = np.load(tiny_set / "images.npy")
    expected = Predictor(model).scores(images[:, :, 2:19, 2:19]).p
    np.testing.assert_allclose(result.table["p_merger"], expected, rtol=0, atol=1e-6)
    catalog = pd.read_parquet(tiny_set / "catalog.parquet")
    assert result.table["image_id"].tolist() == catalog["image_id"].tolist()
    assert result.table["ra"].tolist() == catalog["ra"].tolist()


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"bands": ("g", "r", "z")}, "the bands of the prepared images` to be g,r,z, but got"),
        ({"encoding": "display"}, "the encoding of the prepared images` to be 'display', but got"),
        ({"grid": {"size": 18, "crop": 18, "native_pixel_scale": 0.4}}, "to be 18 pixels, or an"),
        ({"grid": {"size": 23, "crop": 23, "native_pixel_scale": 0.4}}, "to be 23 pixels, or an"),
        ({"grid": {"size": 17, "crop": 34, "native_pixel_scale": 0.4}}, r"to be 0\.8 arcsec/pixel"),
    ],
)
def test_a_prepared_set_that_does_not_fit_is_refused(tiny_set, make_model, changes, match):
    changes = {"grid": {"size": 17, "crop": 17, "native_pixel_scale": 0.4}, **changes}
    with pytest.raises(ArgumentError, match=match):
        classify(tiny_set, make_model(**changes))


def test_a_prepared_set_takes_no_table(tiny_set, make_model):
    with pytest.raises(ArgumentError, match="give no --catalog"):
        classify(tiny_set, make_model(), catalog="any.csv")


def test_refused_before_any_work(folder, make_model, tmp_path):
    model = make_model()
    with pytest.raises(ArgumentError, match=r"ends in \.parquet, \.fits, \.vot, \.ecsv, \.csv"):
        classify(folder, "no-such-model", tmp_path / "o.txt")
    (tmp_path / "o.csv").write_text("mine")
    with pytest.raises(OutputExistsError, match="is there already"):
        classify(folder, model, tmp_path / "o.csv")
    assert (tmp_path / "o.csv").read_text() == "mine"
    done = classify(folder, model, tmp_path / "o.csv", options=ClassifyOptions(overwrite=True))
    assert len(done.table) == 12
    with pytest.raises(ArgumentError, match="Expected `threshold` to be a number from 0 to 1"):
        classify(folder, model, options=ClassifyOptions(threshold=50))
    with pytest.raises(MissingFileError, match="Expected images at"):
        classify(tmp_path / "nowhere", model)


def test_another_threshold_changes_only_the_decision(folder, make_model):
    model = make_model()
    none = classify(folder, model, options=ClassifyOptions(threshold=1.0))
    everything = classify(folder, model, options=ClassifyOptions(threshold=0.0))
    assert none.summary["mergers"] == 0
    assert everything.summary["mergers"] == 9
    assert none.table["p_merger"].equals(everything.table["p_merger"])


def test_progress_ends_at_the_total(folder, make_model):
    calls = []
    options = ClassifyOptions(chunk_size=5)
    classify(folder, make_model(), options=options, progress=lambda *call: calls.append(call))
    assert calls == [(5, 12), (10, 12), (12, 12)]


def twins(tmp_path: Path, make_model, clean: np.ndarray, changed: np.ndarray) -> pd.DataFrame:
    write_fits(tmp_path / "in" / "a.fits", clean)
    write_fits(tmp_path / "in" / "b.fits", changed)
    table = classify(tmp_path / "in", make_model()).table
    assert table.loc[0, "status"] == "ok"
    return table


def test_b29_one_masked_pixel_changes_little(image, make_model, tmp_path):
    changed = image.copy()
    changed[1, 30, 35] = np.nan
    table = twins(tmp_path, make_model, image, changed)
    assert table.loc[1, "flags"] == Flag.MASKED_PIXELS.value
    assert table.loc[1, "p_merger"] == pytest.approx(table.loc[0, "p_merger"], abs=0.02)


def test_b34_one_hot_pixel_changes_little(image, make_model, tmp_path):
    changed = image.copy()
    changed[1, 20, 41] = 1e6
    table = twins(tmp_path, make_model, image, changed)
    assert table.loc[1, "flags"] == Flag.OUTLIER.value
    assert table.loc[1, "p_merger"] == pytest.approx(table.loc[0, "p_merger"], abs=0.05)


@pytest.mark.parametrize("gain", [1e6, 1e-6])
def test_b37_another_unit_is_flagged(image, make_model, tmp_path, gain):
    table = twins(tmp_path, make_model, image, image * np.float32(gain))
    assert table.loc[1, "flags"] & Flag.RANGE.value
    assert table.loc[1, "status"] == "warn"


def test_b38_the_largest_numbers_do_not_overflow(image, make_model, tmp_path):
    table = twins(tmp_path, make_model, image, image * np.float32(1e36))
    assert table.loc[1, "flags"] & Flag.RANGE.value
    assert 0 <= table.loc[1, "p_merger"] <= 1


def write_jpeg(path: Path, image: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = np.clip(20 + 3 * np.moveaxis(image, 0, -1), 0, 255).astype(np.uint8)
    Image.fromarray(picture).save(path, quality=95)


def test_b44_a_picture_for_a_model_of_flux_is_refused(image, make_model, tmp_path):
    write_jpeg(tmp_path / "in" / "a.jpg", image)
    model = make_model()
    with pytest.raises(
        ArgumentError, match="None of the first 1 inputs fits the model tiny.*--all"
    ):
        classify(tmp_path / "in", model, tmp_path / "o.csv", options=STATED)
    assert not (tmp_path / "o.csv").exists()
    options = ClassifyOptions(bands=BANDS, pixel_scale=0.4, allow_domain=True)
    row = only(classify(tmp_path / "in", model, options=options))
    assert row["flags"] & Flag.STRETCH.value
    assert row["status"] == "warn"
    assert 0 <= row["p_merger"] <= 1


def test_b44_flux_for_a_model_of_pictures_is_refused(folder, make_model):
    with pytest.raises(ArgumentError, match="dtype: the pixels are flux"):
        classify(folder, make_model(encoding="display"))
    with pytest.raises(
        ArgumentError, match="Expected `encoding` to be 'linear', but got 'display'"
    ):
        classify(folder, make_model("b"), options=ClassifyOptions(encoding="display"))


def test_c55_broken_files_are_rejected_and_do_not_refuse_the_run(make_model, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.fits").touch()
    np.save(tmp_path / "in" / "b.npy", np.ones((3, 64, 64), complex))
    table = classify(tmp_path / "in", make_model(), tmp_path / "o.csv", options=STATED).table
    assert table["status"].tolist() == ["bad", "bad"]
    assert table["flags"].tolist() == [Flag.UNREADABLE.value, Flag.DTYPE.value]


def test_c49_a_blank_band_and_a_missing_one_do_not_refuse_the_run(image, make_model, tmp_path):
    image[1] = np.nan
    write_fits(tmp_path / "in" / "a.fits", image)
    for band in "gi":
        write_fits(tmp_path / "in" / f"b_{band}.fits", image[0], bands=(band,))
    for band in "gri":
        (tmp_path / "in" / f"c_{band}.fits").touch()  # the group that shows what belongs together
    table = classify(tmp_path / "in", make_model()).table
    assert table["image_id"].tolist() == ["a.fits", "b", "c"]
    assert table["flags"].tolist()[:2] == [Flag.MISSING_BAND.value] * 2
    assert table["status"].tolist() == ["bad"] * 3


def test_one_misfit_beside_an_image_that_fits_but_is_blank(image, make_model, tmp_path):
    write_fits(tmp_path / "in" / "a.fits", image[:2], bands=("g", "r"))
    write_fits(tmp_path / "in" / "b.fits", np.zeros((3, 64, 64), np.float32))
    table = classify(tmp_path / "in", make_model()).table
    assert table["flags"].tolist() == [Flag.BANDS.value, Flag.BLANK.value]


def test_b44_a_picture_among_flux_is_bad_and_stops_nothing(folder, image, make_model):
    write_jpeg(folder / "z.jpg", image)
    table = classify(folder, make_model(), options=STATED).table
    assert table["flags"].tolist()[-1] == Flag.DTYPE.value
    assert table["status"].tolist()[:9] == ["ok"] * 9


def test_pictures_need_no_names_for_red_green_and_blue(image, make_model, tmp_path):
    write_jpeg(tmp_path / "in" / "a.jpg", image)
    model = make_model(encoding="display", bands=("i", "r", "g"))
    row = only(classify(tmp_path / "in", model))
    assert row["flags"] == Flag.PIXEL_SCALE_UNKNOWN.value
    stated = only(classify(tmp_path / "in", model, options=ClassifyOptions(pixel_scale=0.4)))
    assert stated["status"] == "ok"
    assert stated["p_merger"] == row["p_merger"]


def test_c47_two_bands_for_a_model_of_three_are_bad(folder, image, make_model):
    write_fits(folder / "two.fits", image[:2], bands=("g", "r"))
    table = classify(folder, make_model()).table.set_index("image_id")
    assert table.loc["two.fits", "flags"] == Flag.BANDS.value
    reason = "bands: the input has 2 bands (g, r); expected 3 (g, r, i)"
    assert table.loc["two.fits", "reason"] == reason


def test_c47_two_bands_only_are_refused(image, make_model, tmp_path):
    write_fits(tmp_path / "in" / "a.fits", image[:2], bands=("g", "r"))
    with pytest.raises(ArgumentError, match=r"has 2 bands \(g, r\); expected 3 \(g, r, i\)"):
        classify(tmp_path / "in", make_model())
    with pytest.raises(ArgumentError, match="Expected `bands` to be the names of all bands"):
        classify(tmp_path / "in", make_model("b"), options=ClassifyOptions(bands=("g", "r")))


def test_c48_named_bands_are_put_in_order(image, make_model, tmp_path):
    write_fits(tmp_path / "in" / "a.fits", image)
    write_fits(tmp_path / "in" / "b.fits", image[[2, 1, 0]], bands=("i", "r", "g"))
    five = np.stack([image[0] + 1, *image, image[0] - 1])
    write_fits(tmp_path / "in" / "c.fits", five, bands=("u", "g", "r", "i", "z"))
    model = make_model()
    table = classify(tmp_path / "in", model).table
    assert table["p_merger"].nunique() == 1
    assert table["status"].tolist() == ["ok"] * 3
    trap = make_model("trap", bands=("i", "r", "g"))
    other = classify(tmp_path / "in", trap).table["p_merger"]
    assert abs(other[0] - table["p_merger"][0]) > 1e-4  # the order does matter


def test_c48_bands_without_names_are_refused_unless_stated(image, make_model, tmp_path):
    np.save(tmp_path / "stack.npy", image[None])
    np.save(tmp_path / "reversed.npy", image[None, ::-1])
    model = make_model()
    with pytest.raises(ArgumentError, match=r"does not name its 3 bands.*\(--bands\)"):
        classify(tmp_path / "stack.npy", model)
    row = only(classify(tmp_path / "stack.npy", model, options=STATED))
    backwards = ClassifyOptions(bands=("i", "r", "g"), pixel_scale=0.4)
    assert only(classify(tmp_path / "reversed.npy", model, options=backwards)).equals(row)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("last", [False, True])
def test_a_stack_of_one_band_is_no_image_for_a_model_of_three(
    galaxies, rng, make_model, tmp_path, packed, last
):
    """Only 3 axes leave open whether the first counts images or bands; the model tells."""
    images = galaxies(5, 64, rng)
    single = np.moveaxis(images[:, :1], 1, -1) if last else images[:, :1]
    path = tmp_path / ("stack.npz" if packed else "stack.npy")
    (np.savez if packed else np.save)(path, single)
    with pytest.raises(ArgumentError, match="number of bands of the images` to be 3, but got 1"):
        classify(path, make_model(), options=STATED)
    one = make_model("one", bands=("r",))
    known = ClassifyOptions(bands=("r",), pixel_scale=0.4)
    assert classify(path, one, options=known).summary["images"] == 5
    (np.savez if packed else np.save)(path, single.reshape(5, 64, 64))
    assert classify(path, one, options=known).summary["images"] == 5
    (np.savez if packed else np.save)(path, images[0])
    assert classify(path, make_model("three"), options=STATED).summary["images"] == 1


def test_c49_one_file_a_band_and_a_missing_one(image, make_model, tmp_path):
    for name, bands in (("whole", "gri"), ("part", "gi")):
        for band in bands:
            write_fits(
                tmp_path / "in" / f"{name}_{band}.fits", image["gri".index(band)], bands=(band,)
            )
    table = classify(tmp_path / "in", make_model()).table.set_index("image_id")
    assert table.index.tolist() == ["part", "whole"]
    assert table.loc["part", "flags"] == Flag.MISSING_BAND.value
    assert table.loc["whole", "status"] == "ok"


def test_c51_another_pixel_scale_is_cut_by_angle_and_flagged(image, make_model, tmp_path):
    coarse = image.reshape(3, 32, 2, 32, 2).sum(axis=(2, 4))
    write_fits(tmp_path / "in" / "a.fits", image)
    write_fits(tmp_path / "in" / "b.fits", coarse, scale=0.8)
    write_fits(tmp_path / "in" / "c.fits", image, scale=None)
    table = classify(tmp_path / "in", make_model()).table
    assert table["flags"].tolist() == [0, Flag.PIXEL_SCALE.value, Flag.PIXEL_SCALE_UNKNOWN.value]
    assert table["status"].tolist() == ["ok", "warn", "warn"]
    p = table["p_merger"]
    assert p[1] == pytest.approx(p[0], abs=0.05)
    assert p[2] == p[0]


def test_c51_a_scale_that_cannot_be_met_is_refused(folder, make_model):
    model = make_model(grid={"size": 32, "crop": None, "native_pixel_scale": 0.4})
    with pytest.raises(ArgumentError, match=r"within 2 % of the 0\.4 arcsec/pixel of the model"):
        classify(folder, model, options=ClassifyOptions(pixel_scale=0.8))


def test_twelve_encodings_of_one_galaxy_have_one_score(image, make_model, tmp_path):
    image = np.round(image * 4).astype(np.float32)  # whole numbers fit in every type
    folder = tmp_path / "in"
    for kind in ("i2", "i4", "f4", "f8"):
        write_fits(folder / f"{kind}.fits", image.astype(kind))
    scaled = fits.PrimaryHDU(image.astype(np.int32), header())
    scaled.scale("int16", bscale=1, bzero=1000)
    scaled.writeto(folder / "bzero.fits")
    half = fits.PrimaryHDU(image.astype(np.float64) / 4, header())
    half.scale("int32", bscale=0.25, bzero=0)
    half.writeto(folder / "bscale.fits")
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(image, header())]).writeto(
        folder / "extension.fits"
    )
    fits.HDUList(
        [
            fits.PrimaryHDU(),
            fits.CompImageHDU(image.astype("i4"), header(), compression_type="RICE_1"),
        ]
    ).writeto(folder / "rice.fits.fz")
    packed = gzip.compress((folder / "f4.fits").read_bytes())
    (folder / "packed.fits.gz").write_bytes(packed)
    np.save(folder / "big_endian.npy", image.astype(">f4"))
    np.save(folder / "fortran.npy", np.asfortranarray(image))
    np.save(folder / "last.npy", np.ascontiguousarray(np.moveaxis(image, 0, -1)))
    table = classify(folder, make_model(), options=STATED).table.set_index("image_id")
    assert len(table) == 12
    assert table["reason"].tolist() == [""] * 12
    half_flux = table.pop("p_merger")
    expected = half_flux.pop("f4.fits")
    one_quarter = half_flux.pop("bscale.fits")
    np.testing.assert_allclose(half_flux, expected, rtol=0, atol=1e-4)
    write_fits(tmp_path / "quarter" / "f8.fits", image.astype("f8") / 4)
    other = classify(tmp_path / "quarter", make_model("b"), options=STATED).table
    assert one_quarter == pytest.approx(other.loc[0, "p_merger"], abs=1e-4)


def test_real_images_of_every_format_never_stop_the_run(shared_data, make_model):
    result = classify(shared_data / "fits_real", make_model(), options=ClassifyOptions())
    files = {row.split("/")[0] for row in result.table["image_id"]}
    assert {"decam_a2670", "m51", "sep_field"} <= files
    assert result.table["image_id"].is_unique


def test_several_models_are_averaged_with_their_spread(folder, make_model, tmp_path):
    first, second = make_model("one"), make_model("two")
    weights = load_file(second / "model.safetensors")
    weights = {name: 0.9 * value for name, value in weights.items()}
    card = json.loads((second / "model.json").read_text())
    card["weights_sha256"] = write_weights(second / "model.safetensors", weights)
    (second / "model.json").write_text(json.dumps(card))
    each = [classify(folder, model, options=STATED).table["p_merger"] for model in (first, second)]
    out = tmp_path / "mergers.fits"
    found = classify(folder, [first, second], out, options=STATED)
    np.testing.assert_allclose(found.table["p_merger"], (each[0] + each[1]) / 2, atol=1e-9)
    np.testing.assert_allclose(found.table["p_spread"], abs(each[0] - each[1]) / 2, atol=1e-9)
    assert found.table["model_id"].str.startswith("one+two-ensemble-of-2@").all()
    assert len(read_provenance(out)["members"]) == 2


MEASURE = """
import sys
from pathlib import Path
from toomre.jobs.classify import ClassifyOptions, classify
from toomre.training.checkpoint import write_weights
stack, model, out = sys.argv[1:]
classify(stack, model, out, options=ClassifyOptions(bands=("g", "r", "i"), pixel_scale=0.4))
# Unlike getrusage's, this peak does not begin with that of the process that started this one.
status = Path("/proc/self/status").read_text()
print(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux")
def test_memory_does_not_grow_with_the_number_of_inputs(galaxies, rng, make_model, tmp_path):
    model = make_model()
    images = galaxies(50, 64, rng)
    peak = {}
    for count in (400, 4000):
        path = tmp_path / f"{count}.npy"
        stack = np.lib.format.open_memmap(path, "w+", "<f4", (count, *images.shape[1:]))
        for start in range(0, count, len(images)):
            stack[start : start + len(images)] = images
        del stack
        command = [sys.executable, "-c", MEASURE, str(path), str(model), f"{path}.parquet"]
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        peak[count] = int(done.stdout) / 1024
        assert len(read_catalog(f"{path}.parquet")) == count
    assert peak[400] > 50
    assert peak[4000] - peak[400] < 30, peak
