from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, roc_auc_score

from toomre.errors import ArgumentError, OutputExistsError, SplitMismatchError
from toomre.jobs import measure_shards
from toomre.jobs.crossvalidate import splits_of
from toomre.jobs.forest import forest
from toomre.jobs.measure import measure
from toomre.morphology.forest import ForestOptions
from toomre.morphology.measure import OTHERS, SHAPES
from toomre.preparation.prepared import PreparedSet
from toomre.storage import read_json

OPTIONS = ForestOptions(trees=40, min_leaf=2)


def shapes(image: np.ndarray) -> dict:
    """Stands for the measurement: how much light is away from the brightest pixel."""
    y, x = np.unravel_index(image.argmax(), image.shape)
    near = image[max(0, y - 2) : y + 3, max(0, x - 2) : x + 3].sum()
    names = (*SHAPES, *OTHERS, "sky_level", "sky_scatter")
    return {**dict.fromkeys(names, float(near / image.sum())), "flag": 0, "reason": ""}


@pytest.fixture(scope="module")
def measured(tiny_set, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(measure_shards, "measure_image", shapes)
        folder = tmp_path_factory.mktemp("measured") / "tiny"
        return measure(tiny_set, folder, bands=["r"], workers=1).folder


def test_the_scores_are_of_the_stored_test_part_with_a_networks_columns(
    tiny_set, measured, tmp_path
):
    done = forest(tiny_set, measured, tmp_path / "f", options=OPTIONS)
    split = PreparedSet.open(tiny_set).own_split()
    scores = pd.read_parquet(tmp_path / "f" / "scores.parquet")
    assert list(scores.columns) == [
        "image_id",
        "galaxy_id",
        "label",
        "group",
        "p_merger",
        "p_merger_raw",
        "p_merger_std",
        "is_merger",
    ]
    test = split.table.iloc[split.rows("test")]
    assert scores["image_id"].tolist() == test["image_id"].tolist()
    assert scores["group"].tolist() == test["group"].tolist()
    wanted = roc_auc_score(scores["label"].astype(int), scores["p_merger"])
    assert done.evaluation.metrics["roc_auc"].value == pytest.approx(wanted)
    assert wanted > 0.9
    metrics = read_json(tmp_path / "f" / "metrics.json")
    assert metrics["metrics"]["roc_auc"]["value"] == pytest.approx(wanted)
    assert metrics["baselines"]["lookup"]["seen"] == 0
    assert (tmp_path / "f" / "split.csv").read_text() == split.text
    assert (tmp_path / "f" / "figures" / "roc.png").exists()
    assert read_json(tmp_path / "f" / "forest.json")["dataset_sha256"] == (
        PreparedSet.open(tiny_set).info.sha256
    )


def test_the_same_seed_gives_the_same_bytes(tiny_set, measured, tmp_path):
    for name in ("one", "two"):
        forest(tiny_set, measured, tmp_path / name, options=OPTIONS)
    for name in ("scores.parquet", "metrics.json", "split.csv"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    with pytest.raises(OutputExistsError):
        forest(tiny_set, measured, tmp_path / "one", options=OPTIONS)
    forest(tiny_set, measured, tmp_path / "one", options=OPTIONS, overwrite=True)


def test_cross_validation_has_the_folds_of_the_networks(tiny_set, measured, tmp_path):
    done = forest(tiny_set, measured, tmp_path / "cv", folds=3, options=OPTIONS)
    scores = done.scores
    assert sorted(scores["image_id"]) == sorted(PreparedSet.open(tiny_set).catalog["image_id"])
    for fold, split in enumerate(splits_of(PreparedSet.open(tiny_set), 3)):
        wanted = split.table["image_id"].iloc[split.rows("test")].tolist()
        assert scores.loc[scores["fold"] == fold, "image_id"].tolist() == wanted
    accuracy = accuracy_score(scores["label"].astype(bool), scores["is_merger"])
    assert done.evaluation.metrics["accuracy"].value == pytest.approx(accuracy)
    assert done.evaluation.n_images == 120


def test_a_twin_is_judged_without_growing_anew(tiny_set, measured, tmp_path):
    done = forest(tiny_set, measured, tmp_path / "f", target=(tiny_set, measured), options=OPTIONS)
    assert done.target.metrics == done.evaluation.metrics
    assert done.target.part == "target test"
    one, other = (pd.read_parquet(tmp_path / "f" / n / "scores.parquet") for n in ("", "target"))
    pd.testing.assert_frame_equal(one, other)


def test_a_target_with_galaxies_of_the_training_is_refused(tiny_set, measured, tmp_path):
    import shutil

    folder = shutil.copytree(tiny_set, tmp_path / "other")
    text = (folder / "split.csv").read_text()
    swapped = text.replace(",train", ",x").replace(",test", ",train").replace(",x", ",test")
    (folder / "split.csv").write_text(swapped)
    with pytest.raises(SplitMismatchError, match="72 images"):
        forest(tiny_set, measured, tmp_path / "f", target=(folder, measured), options=OPTIONS)
    assert not (tmp_path / "f").exists()


def test_a_target_and_folds_together_are_refused(tiny_set, measured, tmp_path):
    with pytest.raises(ArgumentError, match="not both"):
        forest(tiny_set, measured, tmp_path / "f", target=(tiny_set, measured), folds=3)
