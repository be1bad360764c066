"""``toomre convert``: options are handed over, and the published protocol is named."""

from __future__ import annotations

import warnings

import pytest
from typer import Typer
from typer.testing import CliRunner

from toomre.cli.convert import convert
from toomre.preparation.prepared import PreparedSet


def _run(*words: str) -> str:
    app = Typer()
    app.command()(convert)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = CliRunner().invoke(app, list(words))
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.mark.parametrize("protocol", ["grouped", "paper"])
def test_convert(published_files, tmp_path, protocol):
    text = _run(
        *("deepmerge1", str(published_files / "code"), "--out", str(tmp_path / "out")),
        *("--filters", "3", "--protocol", protocol, "--split", "60:20:20", "--seed", "4"),
    )
    done = PreparedSet.open(tmp_path / "out" / "noisy")
    assert done.info.bands == ("F814W", "F160W", "F356W")
    assert done.info.protocol == protocol
    assert done.info.seed == (4 if protocol == "grouped" else 5)
    images = 60 if protocol == "grouped" else 156
    assert f"noisy: {images} images of 15 galaxies" in text
    assert ("test galaxies are in training" in text) == (protocol == "paper")
