"""``toomre classify``: what is printed, and how it ends."""

from __future__ import annotations

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from toomre.cli.classify import classify
from toomre.errors import ArgumentError
from toomre.inference.catalog_reading import read_catalog

app = typer.Typer()
app.command()(classify)


def run(*arguments: object):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def stack(galaxies, rng, tmp_path):
    images = galaxies(6, 64, rng)
    images[4] = 0
    np.save(tmp_path / "stack.npy", images)
    return tmp_path / "stack.npy"


def test_it_says_what_was_found(stack, make_model, tmp_path):
    out = tmp_path / "o.csv"
    done = run(stack, "--model", make_model(), "--out", out, "--bands", "g, r,i")
    assert done.exit_code == 0, done.output
    table = read_catalog(out)
    lines = done.stdout.splitlines()
    mergers = int(table["is_merger"].sum())
    assert lines[0].startswith(f"6 images, {mergers} mergers (p >= 0.4; tiny@")
    assert lines[1] == "ok 0, warn 5, bad 1"
    assert "left out" not in done.stdout
    assert lines[2:4] == ["  blank (bad): 1", "  pixel_scale_unknown: 6"]
    assert lines[4] == f"Written to {out}"
    assert table["status"].tolist() == ["warn"] * 4 + ["bad", "warn"]


def test_the_options_are_handed_on(stack, make_model, tmp_path):
    (tmp_path / "t.csv").write_text("name,lon,lat\n" + ROWS)
    done = run(
        *(stack, "--model", make_model(), "--out", tmp_path / "o.fits", "--bands", "g,r,i"),
        *("--catalog", tmp_path / "t.csv", "--id-column", "name", "--ra-column", "lon"),
        *("--dec-column", "lat", "--pixel-scale", 0.4, "--threshold", 0, "--device", "cpu"),
    )
    assert done.exit_code == 0, done.output
    table = read_catalog(tmp_path / "o.fits")
    assert table["image_id"].tolist() == [f"g{i}" for i in range(6)]
    assert table["ra"].tolist() == [0, 1, 2, 3, 4, 5]
    assert table["is_merger"].sum() == 5
    assert table["status"].tolist() == ["ok"] * 4 + ["bad", "ok"]


ROWS = "".join(f"g{i},{i},1\n" for i in range(6))


def test_it_says_how_many_images_have_no_row(stack, make_model, tmp_path):
    (tmp_path / "t.csv").write_text("image_id\n0\n5\n")
    words = ("--model", make_model(), "--bands", "g,r,i", "--catalog", tmp_path / "t.csv")
    done = run(stack, *words, "--out", tmp_path / "o.csv")
    assert done.exit_code == 0, done.output
    assert "\n4 images left out, as no row of the table has them\n" in done.stdout


def test_strict_ends_with_1_after_writing(stack, make_model, tmp_path):
    options = ("--model", make_model(), "--bands", "g,r,i")
    done = run(stack, *options, "--out", tmp_path / "o.parquet", "--strict")
    assert done.exit_code == 1
    assert len(read_catalog(tmp_path / "o.parquet")) == 6
    done = run(stack, *options, "--out", tmp_path / "o.parquet", "--overwrite")
    assert done.exit_code == 0


def test_errors_are_left_to_the_one_place_that_prints_them(stack, make_model, tmp_path):
    done = run(stack, "--model", make_model(), "--out", tmp_path / "o.parquet")
    assert isinstance(done.exception, ArgumentError)
    assert "--bands" in str(done.exception)
    assert list(tmp_path.glob("*.parquet")) == []
