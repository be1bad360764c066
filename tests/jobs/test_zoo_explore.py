"""``toomre.zoo_explore``: every figure and its numbers, of the images that can be used."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from typer.testing import CliRunner

from toomre.cli.zoo import zoo
from toomre.errors import ArgumentError, MissingFileError, OutputExistsError
from toomre.evaluation.votes.plots import panels
from toomre.images.grid import Grid
from toomre.images.loading import Facts
from toomre.jobs import zoo_explore as job
from toomre.jobs.prepare import prepare
from toomre.jobs.zoo_explore import zoo_explore
from toomre.preparation.prepared import PreparedSet
from toomre.preparation.split import SplitOptions
from toomre.preparation.vote_table import cumulative_votes
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
    absent = {"downsizing.png", "downsizing.pdf"}
    assert found == {*job._FILES, "explore.json"} - absent
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


@pytest.fixture
def challenge(tmp_path, rng):
    """Four pictures of 424 pixels, prepared to 64 from the central 208, with votes."""
    folder = tmp_path / "images_training_rev1"
    folder.mkdir()
    y, x = np.mgrid[:424, :424] - 211.5
    for number in range(4):
        light = 200 * np.exp(-np.hypot(y, x) / 30)[..., None] * np.array([1.0, 0.8, 0.6])
        noise = rng.normal(20, 4, light.shape)
        picture = np.clip(light + noise, 0, 255).astype(np.uint8)
        Image.fromarray(picture).save(folder / f"{391898 + number}.jpg", quality=95)
    votes = cumulative_votes(rng.random((4, 37)))
    table = pd.DataFrame(votes, columns=ANSWERS)
    table.insert(0, "GalaxyID", 391898 + np.arange(4))
    table.to_csv(tmp_path / "votes.csv", index=False)
    prepare(
        folder,
        tmp_path / "set",
        tmp_path / "votes.csv",
        grid=Grid(size=64, crop=208),
        facts=Facts(bands=("i", "r", "g")),
        split=SplitOptions((1, 0, 0), 0),
    )
    return folder, tmp_path / "set"


def test_a_galaxy_before_and_after_downsizing(challenge, tmp_path, undrawn):
    folder, data = challenge
    options = {"originals": folder, "galaxy": "391900"}
    zoo_explore(data, tmp_path / "out", **options)
    left, right = (axes.images[0].get_array() for axes in undrawn["downsizing"].axes)
    np.testing.assert_array_equal(left, np.asarray(Image.open(folder / "391900.jpg")))
    assert right.shape == (64, 64, 3)
    means = left[108:316, 108:316].reshape(16, 13, 16, 13, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(right.reshape(16, 4, 16, 4, 3).mean(axis=(1, 3)), means, atol=2)
    with pytest.raises(ArgumentError, match=r"id of a good image, such as 391898, but got 'M51'"):
        zoo_explore(data, tmp_path / "no", originals=folder, galaxy="M51")
    with pytest.raises(ArgumentError, match="--originals"):
        zoo_explore(data, tmp_path / "no", galaxy="391900")
    (folder / "391900.jpg").unlink()
    with pytest.raises(MissingFileError):
        zoo_explore(data, tmp_path / "no", **options)
    (folder / "391900.jpg").write_bytes(b"no picture")
    with pytest.raises(ArgumentError, match="original of 391900 cannot be read"):
        zoo_explore(data, tmp_path / "no", **options)


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
