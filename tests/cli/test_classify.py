"""``toomre classify``: what is printed, and how it ends."""

from __future__ import annotations

import importlib
import json

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from toomre.cli.classify import classify
from toomre.engines.local import LocalEngine
from toomre.errors import ArgumentError
from toomre.inference.catalog_reading import read_catalog

# The package has a function of this name.
jobs_classify = importlib.import_module("toomre.jobs.classify")

app = typer.Typer()
app.command()(classify)


def run(*arguments: object):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch):
    """Let no other process begin, which takes seconds; tests/jobs/test_exactly_once.py does."""
    monkeypatch.setattr(jobs_classify, "LocalEngine", lambda workers, isolated: engine(isolated))


def engine(isolated: bool) -> LocalEngine:
    assert isolated
    return LocalEngine(1)


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


def test_the_runtime_is_handed_on_and_recorded(stack, make_model, tmp_path):
    words = (stack, "--model", make_model(), "--bands", "g,r,i", "--device", "cpu", "--workers", 1)
    for runtime in ("torch", "onnx"):
        pytest.importorskip("onnxruntime")
        done = run(*words, "--out", tmp_path / f"{runtime}.csv", "--runtime", runtime)
        assert done.exit_code == 0, done.output
        record = json.loads((tmp_path / f"{runtime}.csv.json").read_text())
        assert record["options"]["runtime"] == runtime
        assert record["options"]["precision"] == "float32"
    first, second = (read_catalog(tmp_path / f"{name}.csv") for name in ("torch", "onnx"))
    np.testing.assert_allclose(first["p_merger"], second["p_merger"], atol=1e-5)
    with pytest.raises(ArgumentError, match="'float32' for ONNX Runtime, but got 'bfloat16'"):
        CliRunner().invoke(
            app,
            [
                *map(str, words),
                *("--out", str(tmp_path / "b.csv")),
                *("--runtime", "onnx", "--precision", "bfloat16"),
            ],
            catch_exceptions=False,
        )


def test_a_finished_run_says_that_it_was_complete(stack, make_model, tmp_path):
    words = (stack, "--model", make_model(), "--bands", "g,r,i", "--out", tmp_path / "o.csv")
    assert "complete" not in run(*words).stdout
    done = run(*words)
    assert done.exit_code == 0, done.output
    assert "The catalogue was complete already: nothing was classified.\n6 images" in done.stdout


def test_a_part_says_how_to_go_on(stack, make_model, tmp_path):
    words = (stack, "--model", make_model(), "--bands", "g,r,i", "--out", tmp_path / "o.csv")
    done = run(*words, "--part", "0/2", "--workers", 1, "--strict")
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("Part 0 of 2: 6 images classified. When all parts are done")
    assert "Part 1 of 2: 0 images" in run(*words, "--part", "1/2").stdout
    assert not (tmp_path / "o.csv").exists()
    assert "nothing was classified" in run(*words).stdout
    assert len(read_catalog(tmp_path / "o.csv")) == 6


@pytest.mark.parametrize("part", ["1", "a/2", "-1/2", "1/2/3"])
def test_a_part_is_two_numbers(stack, make_model, tmp_path, part):
    words = (stack, "--model", make_model(), "--bands", "g,r,i", "--out", tmp_path / "o.csv")
    done = run(*words, "--part", part)
    assert isinstance(done.exception, ArgumentError)
    assert "Expected `part` to be I/N, such as 0/8" in str(done.exception)
