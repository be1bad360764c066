"""`toomre.prepare` from files to a prepared set: pictures, FITS, stacks, and what goes wrong."""

from __future__ import annotations

import os
import shlex
import tracemalloc
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from PIL import Image

from toomre.errors import ArgumentError, MissingFileError
from toomre.images.flags import Flag, flag_names
from toomre.images.grid import Grid
from toomre.images.loading import Facts
from toomre.jobs.prepare import load_input, prepare
from toomre.preparation.columns import Columns
from toomre.preparation.inputs import InputItem, Source
from toomre.preparation.prepared import PreparedSet
from toomre.preparation.split import SplitOptions
from toomre.preparation.vote_table import cumulative_votes
from toomre.surveys.vote_tree import ANSWERS, GZ2_COLUMNS

IRG = Facts(bands=("i", "r", "g"), pixel_scale=0.4)
GRID = Grid(size=16, crop=32, native_pixel_scale=0.4)


def _galaxy(rng: np.random.Generator, size: int = 40) -> np.ndarray:
    """A round galaxy on a noisy sky, (3, y, x), from 0 to 255."""
    y, x = np.indices((size, size)) - (size - 1) / 2
    light = 180 * np.exp(-np.hypot(y, x) / 4)
    image = light * np.array([1.0, 0.8, 0.6])[:, None, None]
    return np.clip(image + rng.normal(20, 4, (3, size, size)), 0, 255)


def _pictures(folder: Path, rng: np.random.Generator, count: int = 20) -> Path:
    """Draw JPEGs in two folders, with a table beside them."""
    rows = []
    for i in range(count):
        kind = "mergers" if i % 2 else "others"
        (folder / kind).mkdir(parents=True, exist_ok=True)
        pixels = np.moveaxis(_galaxy(rng), 0, -1).astype("u1")
        Image.fromarray(pixels).save(folder / kind / f"G{i}.jpeg", quality=95)
        rows.append((f"G{i}", f"{kind}/G{i}.jpeg", i % 2, i * 1.5, 10.0, 587732769978777642 + i))
    table = pd.DataFrame(rows, columns=["cid", "file", "label", "ra", "dec", "objid"])
    table.to_csv(folder / "labels.csv", index=False)
    return folder / "labels.csv"


def _reasons(prepared: PreparedSet) -> dict[str, tuple[str, ...]]:
    bad = prepared.catalog[prepared.catalog["status"] == "bad"]
    return {
        name: flag_names(int(flags))
        for name, flags in zip(bad["image_id"], bad["flags"], strict=True)
    }


def test_pictures_with_a_table(tmp_path: Path, rng: np.random.Generator) -> None:
    table = _pictures(tmp_path / "in", rng)
    done = prepare(tmp_path / "in", tmp_path / "out", table, grid=GRID, facts=IRG)
    assert done.images.shape == (20, 3, 16, 16)
    assert done.info.encoding == "display"
    assert done.info.bands == ("i", "r", "g")
    assert done.info.pixel_scale == pytest.approx(0.8)
    assert done.catalog["image_id"].tolist() == [f"G{i}" for i in range(20)]
    assert done.catalog["objid"].tolist() == [587732769978777642 + i for i in range(20)]
    assert (done.catalog["status"] != "bad").all()
    # the picture in row 7 is the picture of G7
    with Image.open(tmp_path / "in" / "mergers" / "G7.jpeg") as picture:
        plain = np.asarray(picture, dtype=float)[4:36, 4:36]
    binned = plain.reshape(16, 2, 16, 2, 3).mean(axis=(1, 3)).transpose(2, 0, 1)
    correlation = np.corrcoef(binned.ravel(), done.images[7].ravel())[0, 1]
    others = [np.corrcoef(binned.ravel(), done.images[i].ravel())[0, 1] for i in (6, 8)]
    assert correlation > 0.97
    assert correlation > max(others)
    assert done.split is not None
    assert [len(done.split.rows(part)) for part in ("train", "valid", "test")] == [14, 2, 4]


def test_without_a_table_every_file_is_a_row(tmp_path: Path, rng: np.random.Generator) -> None:
    _pictures(tmp_path / "in", rng, count=4)
    done = prepare(tmp_path / "in", tmp_path / "out", grid=GRID, facts=IRG)
    names = ["mergers/G1.jpeg", "mergers/G3.jpeg", "others/G0.jpeg", "others/G2.jpeg"]
    assert done.catalog["image_id"].tolist() == names
    assert done.catalog["label"].isna().all()
    assert done.split is None


def test_one_fits_file_a_band(tmp_path: Path, rng: np.random.Generator) -> None:
    (tmp_path / "in").mkdir()
    planes = {}
    for name in ("5", "6", "7"):
        for band in "gr":
            planes[name, band] = rng.normal(100, 5, (40, 40)).astype(">f4")
            if (name, band) != ("6", "r"):
                hdu = fits.PrimaryHDU(planes[name, band])
                hdu.writeto(tmp_path / "in" / f"{name}_{band}band.fits")
    facts = Facts(bands=("r", "g"))
    source = Source(tmp_path / "in", "{image_id}_{band}band.fits")
    for number, each in enumerate((tmp_path / "in", source)):
        done = prepare(each, tmp_path / f"out{number}", grid=Grid(size=40), facts=facts)
        assert done.catalog["image_id"].tolist() == ["5", "6", "7"]
        assert _reasons(done) == {"6": ("missing_band",)}
        assert "band r" in done.catalog.loc[1, "reason"]
        assert np.isnan(done.images[1]).all()
        for row, name in ((0, "5"), (2, "7")):
            np.testing.assert_allclose(done.images[row, 0], planes[name, "r"], rtol=1e-5)
            np.testing.assert_allclose(done.images[row, 1], planes[name, "g"], rtol=1e-5)


def test_two_files_for_one_band(tmp_path: Path, rng: np.random.Generator) -> None:
    (tmp_path / "in").mkdir()
    for name in ("1_g.fits", "1_r.fits", "2_g.fits", "2_g.fits.gz", "2_r.fits"):
        fits.PrimaryHDU(rng.normal(0, 1, (20, 20))).writeto(tmp_path / "in" / name)
    done = prepare(
        tmp_path / "in", tmp_path / "out", grid=Grid(size=20), facts=Facts(bands=("g", "r"))
    )
    assert _reasons(done) == {"2": ("bands",)}


@pytest.mark.parametrize("form", ["npy", "npz"])
def test_stacks(tmp_path: Path, rng: np.random.Generator, form: str) -> None:
    stack = rng.normal(0, 1, (20, 2, 24, 24)).astype(">f4")
    stack[4] = np.nan
    path = tmp_path / f"stack.{form}"
    if form == "npy":
        np.save(path, stack)
    else:
        np.savez(path, stack)
    facts = Facts(bands=("g", "r"))
    done = prepare(path, tmp_path / "out", grid=Grid(size=24), facts=facts)
    assert done.catalog["image_id"].tolist() == [str(i) for i in range(20)]
    np.testing.assert_allclose(done.images[5], stack[5], rtol=1e-5)
    assert _reasons(done) == {"4": ("all_masked",)}
    pd.DataFrame({"id": ["7", "3"]}).to_csv(tmp_path / "some.csv", index=False)
    some = prepare(path, tmp_path / "some", tmp_path / "some.csv", grid=Grid(size=24), facts=facts)
    np.testing.assert_allclose(some.images, stack[[7, 3]], rtol=1e-5)
    assert some.info.left_out == some.summary()["left_out"] == 18
    assert done.info.left_out == 0


def test_bad_inputs_are_rows(tmp_path: Path, rng: np.random.Generator) -> None:
    table = _pictures(tmp_path / "in", rng)
    folder = tmp_path / "in" / "others"
    good = prepare(tmp_path / "in", tmp_path / "good", table, grid=GRID, facts=IRG)
    (folder / "G0.jpeg").write_bytes(b"")
    (folder / "G2.jpeg").write_bytes((folder / "G2.jpeg").read_bytes()[:300])
    (folder / "G4.jpeg").unlink()
    (folder / "G6.jpeg").unlink()
    os.mkfifo(folder / "G6.jpeg")
    (folder / "G8.jpeg").unlink()
    (folder / "G8.jpeg").mkdir()
    rows = pd.read_csv(table)
    rows.loc[10, "ra"] = 400.0
    rows.to_csv(table, index=False)
    done = prepare(tmp_path / "in", tmp_path / "out", table, grid=GRID, facts=IRG)
    assert _reasons(done) == {
        "G0": ("unreadable",),
        "G2": ("truncated",),
        "G4": ("missing_file",),
        "G6": ("unreadable",),
        "G8": ("unreadable",),
        "G10": ("coordinates",),
    }
    bad = (done.catalog["status"] == "bad").to_numpy()
    assert np.isnan(done.images[bad]).all()
    # the others are the same to the bit as without the bad ones
    np.testing.assert_array_equal(done.images[~bad], good.images[~bad])
    assert done.split is not None
    assert set(done.split.table["part"][bad]) == {""}


def test_e72_one_percent_missing(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    stack = rng.normal(0, 1, (100, 1, 10, 10)).astype("f4")
    (tmp_path / "in").mkdir()
    for i in range(99):
        np.save(tmp_path / "in" / f"{i}.npy", stack[i, 0])
    table = tmp_path / "t.csv"
    table.write_text("id,label\n" + "".join(f"{i},{i % 2}\n" for i in range(100)))
    facts = Facts(bands=("r",))
    done = prepare(tmp_path / "in", tmp_path / "out", table, grid=Grid(size=10), facts=facts)
    assert _reasons(done) == {"99": ("missing_file",)}
    assert done.summary()["bad"] == 1
    assert "no image is named '99'" in done.catalog["reason"].iloc[99]


def test_e72_all_missing(tmp_path: Path, rng: np.random.Generator) -> None:
    table = _pictures(tmp_path / "in", rng, count=4)
    table.write_text("id,label\nx,1\ny,0\n")
    with pytest.raises(MissingFileError, match="None of the 2 rows"):
        prepare(tmp_path / "in", tmp_path / "out", table, grid=GRID, facts=IRG)
    assert not (tmp_path / "out").exists()


def test_e80_files_that_change_during_the_run(tmp_path: Path, rng: np.random.Generator) -> None:
    table = _pictures(tmp_path / "in", rng)

    def meddle(done: int, total: int) -> None:
        if done == 1:
            (tmp_path / "in" / "others" / "G18.jpeg").unlink()
            (tmp_path / "in" / "mergers" / "G19.jpeg").write_text("not a picture")

    done = prepare(tmp_path / "in", tmp_path / "out", table, grid=GRID, facts=IRG, progress=meddle)
    assert _reasons(done) == {"G18": ("missing_file",), "G19": ("not_an_image",)}


def test_c48_unnamed_bands_are_refused(tmp_path: Path, rng: np.random.Generator) -> None:
    _pictures(tmp_path / "in", rng, count=4)
    with pytest.raises(ArgumentError, match=r"do not name them.*--bands"):
        prepare(tmp_path / "in", tmp_path / "out", grid=GRID)
    assert list(tmp_path.iterdir()) == [tmp_path / "in"]


def test_one_class_is_refused_before_reading(tmp_path: Path, rng: np.random.Generator) -> None:
    table = _pictures(tmp_path / "in", rng, count=4)
    table.write_text("id,label\nG0,1\nG1,1\n")
    calls: list[int] = []
    with pytest.raises(ArgumentError, match="Training needs both classes"):
        prepare(
            tmp_path / "in",
            tmp_path / "out",
            table,
            grid=GRID,
            facts=IRG,
            progress=lambda done, total: calls.append(done),
        )
    assert calls == []


def test_neighbours_stay_together(tmp_path: Path, rng: np.random.Generator) -> None:
    table = _pictures(tmp_path / "in", rng)
    rows = pd.read_csv(table)
    rows["ra"] = np.repeat(np.arange(10) * 10.0, 2) + np.tile([0, 0.02], 10)
    rows["dec"] = 0.0
    rows.to_csv(table, index=False)
    done = prepare(tmp_path / "in", tmp_path / "out", table, grid=GRID, facts=IRG)
    assert done.split is not None
    parts = done.split.table["part"].to_numpy().reshape(10, 2)
    assert (parts[:, 0] == parts[:, 1]).all()
    assert done.split.table["group"].nunique() == 10


def test_without_strata_labels_have_no_say_in_the_split(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    table = _pictures(tmp_path / "in", rng)
    rows = pd.read_csv(table)

    def split(name: str, labels: np.ndarray, *, stratified: bool) -> PreparedSet:
        rows.assign(label=labels).to_csv(tmp_path / f"{name}.csv", index=False)
        options = SplitOptions(seed=3, stratified=stratified)
        out = tmp_path / name
        catalog = tmp_path / f"{name}.csv"
        return prepare(tmp_path / "in", out, catalog, grid=GRID, facts=IRG, split=options)

    true = rows["label"].to_numpy(dtype=float)
    some = np.where(rng.random(20) < 0.5, np.nan, rng.permutation(true))
    blind = [
        split("true", true, stratified=False),
        split("noise", some, stratified=False),
        split("none", np.full(20, np.nan), stratified=False),
    ]
    assert [each.info.split_by_label for each in blind] == [False] * 3
    assert len({each.own_split().sha256 for each in blind}) == 1
    assert blind[0].own_split().table["part"].value_counts().to_dict() == {
        "train": 14,
        "test": 4,
        "valid": 2,
    }
    seeing = split("seeing", true, stratified=True)
    assert seeing.info.split_by_label
    assert seeing.own_split().sha256 != blind[0].own_split().sha256


@pytest.mark.parametrize("stratified", [True, False])
def test_the_command_is_recorded_and_can_be_typed(
    tmp_path: Path, rng: np.random.Generator, stratified: bool
) -> None:
    from typer import Typer
    from typer.testing import CliRunner

    from toomre.cli.prepare import prepare as command

    table = _pictures(tmp_path / "in here", rng)
    first = prepare(
        tmp_path / "in here",
        tmp_path / "out",
        table,
        columns=Columns(image_id="cid", redshift=""),
        grid=GRID,
        facts=IRG,
        split=SplitOptions((0.5, 0.25, 0.25), link_length=0, seed=3, stratified=stratified),
    )
    words = shlex.split(first.info.command)
    assert words[:3] == ["toomre", "prepare", str(tmp_path / "in here")]
    app = Typer()
    app.command()(command)
    words[words.index(str(tmp_path / "out"))] = str(tmp_path / "again")
    result = CliRunner().invoke(app, words[2:])
    assert result.exit_code == 0, result.output
    again = PreparedSet.open(tmp_path / "again")
    assert again.info.images_sha256 == first.info.images_sha256
    assert again.info.catalog_sha256 == first.info.catalog_sha256
    assert again.split is not None
    assert first.split is not None
    assert again.split.sha256 == first.split.sha256


def test_a_failing_reader_is_a_bad_row(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr("toomre.jobs.prepare.load_cutout", fail)
    cutout = load_input(InputItem("a", (Path("a.fits"),)), None, GRID)
    assert cutout.flags == Flag.UNREADABLE
    assert "RuntimeError: boom" in cutout.reason


@pytest.mark.slow
def test_sdss(tmp_path: Path, shared_data: Path) -> None:
    folder = shared_data / "sdss_mergers"
    done = prepare(
        folder,
        tmp_path / "out",
        folder / "labels.csv",
        grid=Grid(size=105, crop=150, native_pixel_scale=0.396),
        facts=Facts(bands=("i", "r", "g"), pixel_scale=0.396),
    )
    assert done.images.shape == (3264, 3, 105, 105)
    assert done.info.status_counts["bad"] == 0
    table = pd.read_csv(folder / "labels.csv", dtype=str, keep_default_na=False)
    assert done.catalog["objid"].astype("string").fillna("").tolist() == table["objid"].tolist()
    assert done.split is not None
    assert [len(done.split.rows(part)) for part in ("train", "valid", "test")] == [2285, 326, 653]


def _challenge(folder: Path, rng: np.random.Generator, count: int) -> Path:
    """Draw Kaggle's Galaxy Zoo challenge as one downloads it; return the table."""
    images = folder / "images_training_rev1"
    images.mkdir(parents=True)
    for number in range(count):
        picture = _galaxy(rng, 424).astype(np.uint8).transpose(1, 2, 0)
        Image.fromarray(picture).save(images / f"{100008 + number}.jpg")
    votes = cumulative_votes(rng.random((count, len(ANSWERS))))
    table = pd.DataFrame(votes, columns=ANSWERS)
    table.insert(0, "GalaxyID", np.arange(count) + 100008)
    table.to_csv(folder / "training_solutions_rev1.csv", index=False)
    return folder / "training_solutions_rev1.csv"


def test_the_galaxy_zoo_challenge_with_one_image_in_memory_at_a_time(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    peaks = []
    for count in (6, 24):
        table = _challenge(tmp_path / str(count), rng, count)
        tracemalloc.start()
        made = prepare(
            table.parent / "images_training_rev1",
            table.parent / "out",
            table,
            grid=Grid(size=64, crop=207),
            facts=Facts(bands=("i", "r", "g")),
            split=SplitOptions((0.8, 0.2, 0.0)),
        )
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    # The 18 more images have 39 MB as float32, and 0.9 MB when they are downsized.
    assert peaks[1] - peaks[0] < 4e6
    known = pd.read_csv(table, dtype={"GalaxyID": str})
    assert made.images.shape == (24, 3, 64, 64)
    assert made.catalog["image_id"].tolist() == known["GalaxyID"].tolist()
    np.testing.assert_allclose(made.catalog[list(ANSWERS)], known[list(ANSWERS)])
    assert made.own_split().table["part"].value_counts().to_dict() == {"train": 19, "valid": 5}


@pytest.mark.parametrize("kind", ["challenge", "own"])
def test_a_table_that_lost_a_column_of_votes(
    tmp_path: Path, rng: np.random.Generator, kind: str
) -> None:
    folder = tmp_path / "pictures"
    path = _pictures(folder, rng, 4)
    names = (
        list(ANSWERS) if kind == "challenge" else [f"{n}_weighted_fraction" for n in GZ2_COLUMNS]
    )
    votes = dict.fromkeys(names[:23] + names[24:], 0.5)
    pd.read_csv(path).drop(columns="label").assign(**votes).to_csv(path, index=False)
    with pytest.raises(ArgumentError, match=f"all 37 or none, but got '36 without {names[23]}'"):
        prepare(folder, tmp_path / "out", path, grid=GRID, facts=IRG)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("labelled", [False, True])
def test_images_without_all_votes_are_counted(
    tmp_path: Path, rng: np.random.Generator, labelled: bool
) -> None:
    folder = tmp_path / "pictures"
    path = _pictures(folder, rng)
    table = pd.read_csv(path).assign(**dict.fromkeys(ANSWERS, 0.5))
    table.loc[[4, 9], "Class7.2"] = np.nan
    table.loc[5, "file"] = "lost.jpeg"
    table.loc[5, "Class8.6"] = np.nan  # bad anyway
    kept = table if labelled else table.drop(columns="label")
    kept.to_csv(path, index=False)
    made = prepare(folder, tmp_path / "out", path, grid=GRID, facts=IRG)
    assert made.summary()["without_votes"] == 2
    assert (made.own_split().table["part"] == "").sum() == (1 if labelled else 3)


def test_real_galaxies_with_votes(tmp_path: Path, shared_data: Path) -> None:
    folder = shared_data / "gz2_37"
    table = pd.read_csv(folder / "gz2_votes_full.csv", dtype=str).head(12)
    table.to_csv(tmp_path / "gz2.csv", index=False)
    made = prepare(
        folder / "images",
        tmp_path / "out",
        tmp_path / "gz2.csv",
        grid=Grid(size=64, crop=207),
        facts=Facts(bands=("i", "r", "g")),
        split=SplitOptions((0, 0, 1)),
    )
    assert made.catalog["galaxy_id"].tolist() == table["dr7objid"].tolist()
    assert made.info.left_out == 385 - 12
    known = pd.read_csv(folder / "labels37_kaggle_format_weighted.csv", dtype={"GalaxyID": str})
    known = known.set_index("GalaxyID").loc[made.catalog["image_id"], list(ANSWERS)]
    np.testing.assert_allclose(made.catalog[list(ANSWERS)], known, atol=1e-6)
