"""``toomre prepare``: options are read, the summary is safe to print, --strict counts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from typer import Typer
from typer.testing import CliRunner

from toomre.cli.prepare import parse_split, prepare
from toomre.errors import ArgumentError
from toomre.preparation.prepared import PreparedSet
from toomre.surveys.vote_tree import ANSWERS


def _run(*words: str) -> tuple[int, str]:
    app = Typer()
    app.command()(prepare)
    result = CliRunner().invoke(app, list(words))
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout


@pytest.fixture
def folder(tmp_path: Path, rng: np.random.Generator) -> Path:
    (tmp_path / "in").mkdir()
    for name in ("a", "b", "[red]c\x1b[31m\u202e"):
        np.save(tmp_path / "in" / f"{name}.npy", rng.normal(0, 1, (2, 20, 24)).astype("f4"))
    for number in range(12):
        (tmp_path / "in" / f"bad{number:02d}[bold].npy").write_bytes(b"")
    return tmp_path


def test_images_without_votes_are_told(folder: Path) -> None:
    lines = [f"GalaxyID,{','.join(ANSWERS)},label"]
    for name, last in (("a", "0.5"), ("b", "")):
        lines.append(f"{name}.npy,{','.join(['0.5'] * 36)},{last},")
    (folder / "votes.csv").write_text("\n".join(lines))
    code, text = _run(
        *(str(folder / "in"), "--out", str(folder / "out"), "--size", "10", "--bands", "g,r"),
        *("--encoding", "linear", "--catalog", str(folder / "votes.csv"), "--split", "100:0:0"),
    )
    assert code == 0
    assert "1 images lack some of the 37 vote fractions: they are in no part" in text


def test_options_and_summary(folder: Path) -> None:
    code, text = _run(
        str(folder / "in"),
        *("--out", str(folder / "out"), "--size", "10", "--crop", "20", "--bands", "g, r"),
        *("--pixel-scale", "0.5", "--encoding", "linear", "--seed", "4", "--wanted", "r"),
    )
    assert code == 0
    done = PreparedSet.open(folder / "out")
    assert done.images.shape == (15, 1, 10, 10)
    assert done.info.bands == ("r",)
    assert done.info.seed == 4
    assert done.info.pixel_scale == 1.0
    assert "15 images of 15 galaxies: 0 mergers, 0 nonmergers, 15 unlabelled" in text
    assert "bad 12" in text
    assert "bad: bad09[bold].npy: unreadable" in text  # no markup is interpreted
    assert "bad10" not in text
    assert "... and 2 more" in text
    assert str(folder / "out") in text.replace("\n", "")


def test_images_without_a_row_are_counted(folder: Path) -> None:
    (folder / "t.csv").write_text("image_id\nb\nlost\n")
    words = [str(folder / "in"), "--bands", "g,r", "--size", "16", "--out", str(folder / "out")]
    _, text = _run(*words, "--catalog", str(folder / "t.csv"))
    assert "\n14 images left out, as no row of the table has them\n" in text
    assert PreparedSet.open(folder / "out").info.left_out == 14
    assert "left out" not in _run(*words, "--overwrite")[1]


def test_strict(folder: Path) -> None:
    words = [str(folder / "in"), "--bands", "g,r", "--size", "16", "--strict", "--out"]
    assert _run(*words, str(folder / "out"))[0] == 1
    assert len(PreparedSet.open(folder / "out")) == 15  # the result is there all the same
    for path in (folder / "in").glob("bad*"):
        path.unlink()
    assert _run(*words, str(folder / "good"))[0] == 0


def test_hostile_names_cannot_move_the_cursor(folder: Path) -> None:
    name = "evil\x1b[2J\u202e\n.npy"
    (folder / "in" / name).write_bytes(b"")
    for path in (folder / "in").glob("bad*"):
        path.unlink()
    text = _run(str(folder / "in"), "--bands", "g,r", "--size", "16", "--out", str(folder / "out"))[
        1
    ]
    assert r"evil\x1b[2J\u202e\n.npy" in text
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_errors_come_through(folder: Path) -> None:
    with pytest.raises(ArgumentError, match="--bands"):
        _run(str(folder / "in"), "--out", str(folder / "out"))
    assert _run(str(folder / "in"), "--out", "x", "--encoding", "sepia")[0] == 2


@pytest.mark.parametrize(
    ("text", "shares"),
    [("70:10:20", (0.7, 0.1, 0.2)), ("0:0:1", (0, 0, 1)), ("2:1:1", (0.5, 0.25, 0.25))],
)
def test_split(text: str, shares: tuple[float, float, float]) -> None:
    assert parse_split(text) == pytest.approx(shares)


@pytest.mark.parametrize("text", ["70:30", "a:b:c", "0:0:0", ""])
def test_split_refused(text: str) -> None:
    with pytest.raises(ArgumentError, match=r"`split`.*70:10:20"):
        parse_split(text)
