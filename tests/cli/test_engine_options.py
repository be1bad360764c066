"""Which engine, and the command that slurm is given: any path, and nothing of slurm's own."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from toomre.cli.classify import classify
from toomre.cli.engine_options import check_engine_options, engine_of
from toomre.errors import ArgumentError, MissingPackageError, OutputExistsError

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


@pytest.mark.parametrize(
    ("options", "source"),
    [(["--bands=-g,r"], ["-in put"]), (["--no-checksums", "--mosaic=g=a $b*.fits"], [])],
)
def test_slurm_is_given_what_was_typed(tmp_path, monkeypatch, options, source):
    monkeypatch.chdir(tmp_path)
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


def test_slurm_is_not_troubled_with_what_cannot_be_done(tmp_path, monkeypatch):
    words = ("in", "--engine", "slurm", "--tasks", 2)
    (tmp_path / "o.csv").touch()
    done = run(*words, "--out", tmp_path / "o.csv")
    assert isinstance(done.exception, OutputExistsError)
    monkeypatch.setenv("PATH", os.fspath(tmp_path))
    done = run(*words, "--out", tmp_path / "p.csv", "--submit")
    assert isinstance(done.exception, MissingPackageError)
    assert Path(tmp_path / "p.csv.slurm" / "parts.sh").is_file()
