"""Which engine, and the command that slurm is given: any path, and nothing of slurm's own."""

from __future__ import annotations

import json
import os
import re
import shlex
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import typer
from astropy.io import fits
from astropy.wcs import WCS
from safetensors.torch import load_file
from typer.testing import CliRunner

from toomre.cli.classify import classify
from toomre.cli.engine_options import check_engine_options, engine_of
from toomre.errors import ArgumentError, MissingPackageError, OutputExistsError, ToomreError
from toomre.training.checkpoint import write_weights

WEIGHTS = "model.safetensors"

app = typer.Typer()
app.command()(classify)


def run(*arguments: object):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_the_engine():
    assert engine_of("local", 2, None, "auto") is None
    dask, ray = (engine_of(name, 3, None, "cuda:1") for name in ("dask", "ray"))
    assert (dask.name, dask.workers, ray.name, ray.workers) == ("dask", 3, "ray", 3)
    assert (engine_of("ray", 1, None, "auto")._gpus, ray._gpus) == (0, 1)
    assert engine_of("dask", None, "tcp://node1:8786", "cpu")._scheduler == "tcp://node1:8786"


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (("local", "tcp://a:1", None, False, None), "`scheduler` to be given with --engine dask"),
        (("slurm", None, None, False, None), "`tasks` to be the number of array jobs"),
        (("slurm", None, 2, False, "0/2"), "`part` to be left to the jobs"),
        (("dask", None, 2, False, None), "`tasks` to be given with --engine slurm only"),
        (("local", None, None, True, None), "`submit` to be given with --engine slurm only"),
    ],
)
def test_options_that_do_not_go_together(given, text):
    with pytest.raises(ArgumentError, match=text):
        check_engine_options(*given)


@pytest.fixture
def image(galaxies, rng, tmp_path):
    (tmp_path / "-in put").mkdir()
    np.save(tmp_path / "-in put" / "0.npy", galaxies(1, 64, rng, 2)[0])
    return tmp_path / "-in put"


def write_sky(path, bands):
    """Write one mosaic a band, `path` with its place for the band filled in."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype, wcs.wcs.crval, wcs.wcs.crpix = ["RA---TAN", "DEC--TAN"], [150.0, 2.0], [32, 32]
    wcs.wcs.cdelt = [-0.4 / 3600, 0.4 / 3600]
    for band in bands:
        fits.writeto(f"{path}".format(band), np.ones((64, 64), "f4"), wcs.to_header())
    pd.DataFrame({"image_id": ["a"], "ra": [150.0], "dec": [2.0]}).to_csv(path.parent / "t.csv")


@pytest.mark.usefixtures("image")
@pytest.mark.parametrize(
    ("options", "source"),
    [
        (["--bands=-g,r"], ["-in put"]),
        (
            [
                *("--no-checksums", "--mosaic=-g=a $b_-g*.fits", "--mosaic=r=a $b_r.fits"),
                "--catalog=t.csv",
            ],
            [],
        ),
    ],
)
def test_slurm_is_given_what_was_typed(make_model, tmp_path, monkeypatch, options, source):
    write_sky(tmp_path / "a $b_{}.fits", ("-g", "r"))
    monkeypatch.chdir(tmp_path)
    for name, factor in (("a b", 1.0), ("-c", 0.9)):
        made = make_model(bands=("-g", "r")).rename(tmp_path / name)
        weights = {key: factor * value for key, value in load_file(made / WEIGHTS).items()}
        card = json.loads((made / "model.json").read_text())
        card["weights_sha256"] = write_weights(made / WEIGHTS, weights)
        (made / "model.json").write_text(json.dumps(card))
    out = tmp_path / "my $out" / "o.parquet"
    done = run(
        *("--out", out, "--model", "a b", "--model", "-c", *options),
        *("--allow-domain", "--threshold", "1e-3", "--engine", "slurm", "--tasks", 4),
        *("--workers", 2, "--", *source),
    )
    assert done.exit_code == 0, done.output
    folder = out.parent / "o.parquet.slurm"
    first, last = done.stdout.splitlines()[-2:]
    assert shlex.split(first) == ["job=$(sbatch", "--parsable", f"{folder}/parts.sh)"]
    assert shlex.split(last)[-1] == str(folder / "close.sh")
    words = shlex.split((folder / "close.sh").read_text().splitlines()[-1])
    words = words[words.index("classify") :]
    assert sorted(words) == sorted(
        [
            *("classify", f"--out={out}", "--model=a b", "--model=-c", "--allow-domain"),
            *("--threshold=0.001", "--workers=2", *options, *(f"./{word}" for word in source)),
        ]
    )
    line = (folder / "parts.sh").read_text().splitlines()[-1]
    assert line.endswith(' --workers=2 --part "$SLURM_ARRAY_TASK_ID/4"')
    assert "#SBATCH --cpus-per-task=2\n" in (folder / "parts.sh").read_text()
    assert not out.exists()


def test_slurm_is_not_troubled_with_what_cannot_be_done(image, make_model, tmp_path, monkeypatch):
    model = make_model(bands=("g", "r"))
    words = ("--model", model, "--bands", "g,r", "--engine", "slurm", "--tasks", 2, "--", image)
    (tmp_path / "o.csv").touch()
    done = run("--out", tmp_path / "o.csv", *words)
    assert isinstance(done.exception, OutputExistsError)
    monkeypatch.setenv("PATH", os.fspath(tmp_path))
    done = run("--out", tmp_path / "p.csv", "--submit", *words)
    assert isinstance(done.exception, MissingPackageError)
    assert Path(tmp_path / "p.csv.slurm" / "parts.sh").is_file()


@pytest.fixture
def sky(tmp_path):
    """The words of a command on a mosaic that can be done."""
    write_sky(tmp_path / "t_{}.fits", "gri")
    words = [f"--mosaic={band}={tmp_path}/t_{band}*.fits" for band in "gri"]
    return [*words, f"--catalog={tmp_path}/t.csv"]


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("t_r*.fits", "t_rr*.fits", r"No file fits .*t_rr\*\.fits"),
        ("=r=", "=z=", "among them g,r,i, but got 'g,z,i'"),
        ("t.csv", "no.csv", r"no\.csv"),
        ("/model", "/no-model", "no-model"),
    ],
)
def test_what_each_job_would_refuse_is_refused_before_a_script(
    sky, make_model, tmp_path, right, wrong, said
):
    make_model().rename(tmp_path / "model")
    words = [*sky, f"--model={tmp_path}/model", f"--out={tmp_path}/o.csv"]
    slurm = ["--engine=slurm", "--tasks=2"]
    done = run(*(word.replace(right, wrong) for word in words), *slurm)
    assert isinstance(done.exception, ToomreError), done.output
    assert re.search(said, str(done.exception))
    assert not (tmp_path / "o.csv.slurm").exists()
    done = run(*words, *slurm, "--device=cuda")  # of which there may be none here
    assert done.exit_code == 0, done.output
    assert (tmp_path / "o.csv.slurm" / "parts.sh").is_file()
