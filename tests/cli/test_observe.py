"""``toomre observe`` and ``toomre look``: options are read and handed over."""

from __future__ import annotations

import pytest
import typer
from typer.testing import CliRunner

from toomre.cli.look import look
from toomre.cli.observe import observe, parse_band_map
from toomre.errors import ArgumentError
from toomre.preparation.prepared import PreparedSet


def run(command, *words: str):
    app = typer.Typer()
    app.command()(command)
    return CliRunner().invoke(app, list(words))


def test_the_recorded_command_makes_the_same_set(tiny_set, tmp_path):
    words = [str(tiny_set), "--survey", "decals", "--band-map", "g=g,i=z"]
    words += ["--out", str(tmp_path / "a"), "--unit", "nanomaggy", "--move-to", "0.2"]
    words += ["--size", "30", "--noise", "brightness", "--level", "25", "--field", "--seed", "4"]
    found = run(observe, *words)
    assert found.exit_code == 0, found.output
    assert "120 images: 120 ok, 0 warn, 0 bad" in found.stdout
    made = PreparedSet.open(tmp_path / "a")
    assert made.info.bands == ("g", "z")
    assert made.images.shape == (120, 2, 30, 30)
    import shlex

    again = shlex.split(made.info.command)[2:]
    again[again.index("--out") + 1] = str(tmp_path / "b")
    assert run(observe, *again).exit_code == 0
    assert PreparedSet.open(tmp_path / "b").info.images_sha256 == made.info.images_sha256
    shown = run(look, str(tmp_path / "a"), "--count", "5")
    assert shown.exit_code == 0
    assert (tmp_path / "a_sheet.png").is_file()


@pytest.mark.parametrize("text", ["", "g,", "g=a,r", "a=b=c", "=g"])
def test_band_maps_that_mean_nothing(text):
    with pytest.raises(ArgumentError, match="Expected `band_map` to be such as g,r,i"):
        parse_band_map(text)
