"""``toomre.zoo_explore``: every figure and its numbers, of the images that can be used."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from toomre.cli.zoo import zoo
from toomre.errors import ArgumentError, OutputExistsError
from toomre.evaluation.votes.plots import panels
from toomre.jobs import zoo_explore as job
from toomre.jobs.zoo_explore import zoo_explore
from toomre.preparation.prepared import PreparedSet
from toomre.surveys.vote_tree import ANSWERS


@pytest.fixture(scope="module")
def done(vote_set, tmp_path_factory):
    return zoo_explore(vote_set, tmp_path_factory.mktemp("explore") / "out", seed=4)


@pytest.fixture
def undrawn(monkeypatch):
    """Figures are remembered, not drawn."""
    saved = {}
    monkeypatch.setattr(panels, "save_figures", lambda figures, folder: saved.update(figures))
    return saved


def test_every_file_is_there(done):
    found = {path.name for path in done.folder.iterdir()}
    assert found == {*job._FILES, "explore.json"}
    assert (done.folder / "parts.png").read_bytes()[1:4] == b"PNG"
    assert (done.folder / "parts.pdf").read_bytes()[1:4] == b"PDF"
    record = json.loads((done.folder / "explore.json").read_text())
    assert (record["images"], record["left_out"], record["seed"]) == (58, 2, 4)


def test_numbers_are_those_of_the_good_images(done, vote_set):
    prepared = PreparedSet.open(vote_set)
    good = prepared.catalog[prepared.catalog["status"] != "bad"]
    votes = good[list(ANSWERS)]
    table = pd.read_csv(done.folder / "answers.csv", dtype={"prototype": str})
    np.testing.assert_allclose(table["mean"], votes.mean())
    np.testing.assert_allclose(table["median"], votes.median())
    best = [good["image_id"].iloc[int(votes[name].to_numpy().argmax())] for name in ANSWERS]
    assert table["prototype"].tolist() == best
    train = prepared.catalog.iloc[prepared.split.rows("train")][list(ANSWERS)].mean()
    np.testing.assert_allclose(table["train_mean"], train)
    assert table["distance"].between(0, 1).all()
    matrix = pd.read_csv(done.folder / "correlations.csv", index_col="answer")
    np.testing.assert_allclose(matrix, np.corrcoef(votes.to_numpy().T), atol=1e-9)
    bins = pd.read_csv(done.folder / "histograms.csv")
    width = bins["high"] - bins["low"]
    np.testing.assert_allclose((bins["density"] * width).groupby(bins["answer"]).sum(), 1)
    sheet = pd.read_csv(done.folder / "sheet.csv", dtype=str)["image_id"]
    assert sheet.nunique() == 25
    assert sheet.isin(good["image_id"]).all()


@pytest.mark.slow
def test_the_sheet_follows_from_the_seed(vote_set, tmp_path, undrawn, done):
    sheets = []
    for number, seed in enumerate((4, 4, 5)):
        zoo_explore(vote_set, tmp_path / str(number), seed=seed)
        sheets.append((tmp_path / str(number) / "sheet.csv").read_text())
    assert sheets[0] == sheets[1] == (done.folder / "sheet.csv").read_text()
    assert sheets[0] != sheets[2]


def test_without_a_split_the_parts_are_not_compared(vote_set, tmp_path, undrawn):
    folder = tmp_path / "set"
    shutil.copytree(vote_set, folder)
    (folder / "split.csv").unlink()
    out = tmp_path / "out"
    said = CliRunner().invoke(zoo, ["explore", str(folder), "--out", str(out)])
    assert said.exit_code == 0, said.output
    assert "58 images, 2 left out" in said.stdout
    assert "no training and validation part" in said.stdout
    assert "parts" not in undrawn
    assert "distance" not in pd.read_csv(out / "answers.csv")


def test_a_name_that_would_be_a_formula_is_guarded(vote_set, tmp_path, undrawn):
    prepared = PreparedSet.open(vote_set)
    prepared.catalog["image_id"] = "=1+1"
    zoo_explore(prepared, tmp_path / "out")
    assert set(pd.read_csv(tmp_path / "out" / "sheet.csv")["image_id"]) == {"'=1+1"}
    assert set(pd.read_csv(tmp_path / "out" / "answers.csv")["prototype"]) == {"'=1+1"}


def test_errors(tiny_set, vote_set, tmp_path, undrawn):
    with pytest.raises(ArgumentError, match="no column Class1.1. Prepare it with Galaxy Zoo's"):
        zoo_explore(tiny_set, tmp_path / "out")
    prepared = PreparedSet.open(vote_set)
    prepared.catalog["Class3.1"] = np.nan
    with pytest.raises(ArgumentError, match="no good image with all 37 votes"):
        zoo_explore(prepared, tmp_path / "out")
    zoo_explore(vote_set, tmp_path / "out")
    with pytest.raises(OutputExistsError, match="--overwrite"):
        zoo_explore(vote_set, tmp_path / "out")
    zoo_explore(vote_set, tmp_path / "out", overwrite=True)
