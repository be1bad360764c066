from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from toomre.errors import MissingFileError, OutputExistsError
from toomre.inference.catalog_reading import read_catalog
from toomre.jobs import demo as module
from toomre.jobs.demo import COUNT, DemoResult, demo


@pytest.fixture
def random_model(make_model) -> Path:
    grid = {"size": 24, "crop": 120, "native_pixel_scale": 0.396}
    return make_model("random", bands=("i", "r", "g"), encoding="display", grid=grid)


def check_files(result: DemoResult) -> None:
    files = sorted(path.name for path in result.cutouts.iterdir())
    assert pd.read_csv(result.table)["file"].tolist() == files
    assert len(files) == COUNT
    with Image.open(result.cutouts / files[0]) as picture:
        assert (picture.format, picture.size, picture.mode) == ("JPEG", (256, 256), "RGB")
    with Image.open(result.gallery) as picture:
        assert np.asarray(picture).std() > 10
    names = {"cutouts", "table.csv", "catalog.parquet", "catalog.csv", "catalog.csv.json"}
    found = {path.name for path in result.folder.iterdir()}
    assert found == {*names, "gallery.png", "demo.json"}


def check_catalog(result: DemoResult) -> None:
    catalog, table = read_catalog(result.catalog), pd.read_csv(result.table)
    assert catalog["image_id"].tolist() == table["image_id"].tolist()
    assert catalog["p_merger"].between(0, 1).all()
    assert (catalog["status"] != "bad").all()
    assert np.allclose(catalog["ra"], table["ra"])
    pd.testing.assert_frame_equal(read_catalog(result.catalog_csv), catalog)


def check_counts(result: DemoResult) -> None:
    called = read_catalog(result.catalog)["p_merger"].to_numpy() >= 0.4  # the card's threshold
    is_merger = pd.read_csv(result.table)["label"].to_numpy() == 1
    expected = {
        "mergers": 12,
        "mergers_called": int(called[is_merger].sum()),
        "nonmergers": 12,
        "nonmergers_called": int(called[~is_merger].sum()),
    }
    assert 0 < sum(called) < COUNT  # else a count of one class would say nothing
    assert result.counts == expected
    text = result.summary
    assert f"{expected['mergers_called']} of the 12 drawn mergers" in text
    assert f"{expected['nonmergers_called']} of the 12 drawn nonmergers" in text
    assert "The cutouts are drawings, neither observed nor simulated" in text
    assert result.model_id in text
    assert json.loads((result.folder / "demo.json").read_text())["counts"] == expected


def test_files_catalog_and_counts_agree(random_model, tmp_path):
    steps = []
    result = demo(
        tmp_path / "demo",
        seed=2,
        model=random_model,
        progress=lambda done, total: steps.append((done, total)),
    )
    check_files(result)
    check_catalog(result)
    check_counts(result)
    assert steps[-1] == (COUNT, COUNT)


def test_another_seed_in_the_same_folder_replaces_all(random_model, tmp_path):
    first = read_catalog(demo(tmp_path / "a", seed=2, model=random_model).catalog)
    result = demo(tmp_path / "a", seed=3, model=random_model)
    assert not read_catalog(result.catalog).equals(first)
    check_files(result)


def test_a_folder_with_other_things_is_refused(random_model, tmp_path):
    mine = tmp_path / "out" / "catalog.parquet"
    mine.parent.mkdir()
    mine.write_text("mine")
    with pytest.raises(
        OutputExistsError, match=r"not from an earlier demo\. Give a new or an empty"
    ):
        demo(mine.parent, model=random_model)
    assert mine.read_text() == "mine"
    with pytest.raises(OutputExistsError, match="not from an earlier demo"):
        demo(mine, model=random_model)


def test_without_a_shipped_model_it_says_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setattr(module, "shipped_models", dict)
    with pytest.raises(MissingFileError, match=r"without a trained model.*Give a model's folder"):
        demo(tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_next_command_quotes_the_model():
    result = DemoResult(Path("out"), pd.DataFrame(), "my models/one", "one@0", 0.5, 1)
    expected = (
        "toomre classify FOLDER --catalog TABLE --model 'my models/one' --out mergers.parquet"
    )
    assert result.next_command == expected


def test_shipped_model_finds_the_drawn_mergers(tmp_path):
    answers = demo(tmp_path / "out").answers
    score = answers.groupby("label")["p_merger"].median()
    assert score[1] > score[0] + 0.3
