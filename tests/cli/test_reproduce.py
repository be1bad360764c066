from __future__ import annotations

import re
import shlex
from inspect import signature
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from typer import Typer
from typer.testing import CliRunner

from toomre.cli.prepare import prepare
from toomre.cli.reproduce import reproduce
from toomre.errors import ArgumentError, MissingFileError
from toomre.jobs import reproduce as job
from toomre.jobs.table_target import open_target
from toomre.reproduction.table import read_table


@pytest.fixture
def run():
    app = Typer()
    app.command()(reproduce)
    return lambda *words: CliRunner().invoke(app, [str(word) for word in words])


def test_options_reach_the_job(run, monkeypatch, tmp_path):
    seen = {}

    class Done:
        markdown, csv, json = "T3.md", "T3.csv", "T3.json"

        class comparison:  # noqa: N801
            @staticmethod
            def to_markdown():
                return "| a |\n"

    def fake(table, out, *, options, progress, finished):
        seen.update(table=table, out=out, options=options)
        progress("training T3")(1, 2)
        return Done

    monkeypatch.setattr(job, "reproduce", fake)
    words = (
        "--seeds",
        4,
        "--quick",
        "--rows",
        "MMD",
        "--workers",
        2,
        "--data",
        "a",
        "--paper",
        "b",
    )
    result = run("T3", "--out", tmp_path, *words)
    assert result.exit_code == 0, result.output
    assert "| a |" in result.output
    assert "Saved as T3.md, T3.csv and T3.json." in result.output
    options = seen["options"]
    assert (seen["table"], seen["out"]) == ("T3", tmp_path)
    assert (options.seeds, options.quick, options.rows, options.workers) == (4, True, "MMD", 2)
    assert (options.data, options.paper) == (Path("a"), Path("b"))


def test_mocks_and_published_sets_exclude_each_other(run, tmp_path):
    result = run("T1", "--mocks", "--data", tmp_path)
    assert isinstance(result.exception, ArgumentError)
    assert "either" in str(result.exception)


@pytest.mark.parametrize("table", ["T4", "T6", "T7", "T8"])
def test_the_command_that_is_given_makes_a_target_that_fits(run, table, tmp_path, rng):
    """Of pictures of 120 pixels, as SDSS cutouts are."""
    (tmp_path / "pictures").mkdir()
    for number in range(20):
        pixels = rng.integers(0, 255, (120, 120, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / "pictures" / f"i{number}.jpg", quality=95)
    names = pd.DataFrame({"image_id": [f"i{number}" for number in range(20)]})
    names.assign(label=np.arange(20) % 2).to_csv(tmp_path / "labels.csv", index=False)
    error = run(table, "--target", tmp_path / "pictures", "--out", tmp_path / "out").exception
    assert isinstance(error, MissingFileError)
    assert not (tmp_path / "out").exists()
    (command,) = re.findall("`toomre prepare (.*)`", str(error))
    # The help names the same one.
    (said,) = [
        option.help
        for parameter in signature(reproduce, eval_str=True).parameters.values()
        for option in getattr(parameter.annotation, "__metadata__", ())
        if "--crop" in (option.help or "")
    ]
    assert command in said
    own = {"PICTURES": "pictures", "TABLE": "labels.csv", "FOLDER": "made"}
    words = [str(tmp_path / own[word]) if word in own else word for word in shlex.split(command)]
    app = Typer()
    app.command()(prepare)
    assert CliRunner().invoke(app, words).exit_code == 0
    (images,) = [one for one in read_table(table).data.values() if one.replaceable]
    assert len(open_target(tmp_path / "made", images)) == 20


def test_an_unknown_table(run, tmp_path):
    result = run("T9", "--out", tmp_path)
    assert isinstance(result.exception, ArgumentError)
    assert "'T8'" in str(result.exception)
