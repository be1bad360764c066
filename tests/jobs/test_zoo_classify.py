from __future__ import annotations

import shutil

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from toomre.errors import ArgumentError, OutputExistsError
from toomre.evaluation.votes.drawing import Pictures
from toomre.inference.catalog_reading import read_catalog
from toomre.inference.store import open_model
from toomre.inference.votes import vote_rows
from toomre.jobs import zoo_classify as job
from toomre.jobs import zoo_mergers
from toomre.jobs.classify import ClassifyOptions, classify
from toomre.jobs.zoo_classify import zoo_classify
from toomre.preparation.prepared import PreparedSet
from toomre.surveys.vote_tree import ANSWERS

CPU = ClassifyOptions(device="cpu")


@pytest.fixture
def pictures(tmp_path, rng):
    """Three pictures with ids of the challenge, and one that is none."""
    folder = tmp_path / "images_test_rev1"
    folder.mkdir()
    y, x = np.mgrid[:42, :42] - 20.5
    for number in (100023, 100008, 100500):
        light = 150 * np.exp(-(x**2 + y**2) / rng.uniform(20, 90)) + rng.normal(40, 5, (42, 42))
        picture = np.repeat(light[..., None].clip(0, 255), 3, axis=2).astype(np.uint8)
        Image.fromarray(picture).save(folder / f"{number}.jpg", quality=95)
    (folder / "100100.jpg").write_bytes(b"no picture")
    return folder


@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_a_folder_with_a_bad_picture(vote_run, pictures, tmp_path, ending):
    out, submit = tmp_path / f"votes.{ending}", tmp_path / "submission.csv"
    done = zoo_classify(pictures, vote_run, out, submit=submit, options=CPU)
    assert (done.summary["images"], done.summary["bad"]) == (4, 1)
    table = read_catalog(out)
    pd.testing.assert_frame_equal(table, done.table)
    bad = table["status"] == "bad"
    assert table.loc[bad, "image_id"].tolist() == ["100100.jpg"]
    assert table.loc[bad, list(ANSWERS)].isna().all(axis=None)
    assert table["is_merger"].isna().tolist() == bad.tolist()
    votes = table.loc[~bad, list(ANSWERS)]
    np.testing.assert_allclose(votes[["Class1.1", "Class1.2", "Class1.3"]].sum(axis=1), 1)
    np.testing.assert_allclose(votes[["Class2.1", "Class2.2"]].sum(axis=1), votes["Class1.2"])

    lines = submit.read_text().splitlines()
    assert lines[0] == "GalaxyID," + ",".join(ANSWERS)
    assert [line.partition(",")[0] for line in lines[1:]] == [
        "100008",
        "100023",
        "100100",
        "100500",
    ]
    assert lines[3] == "100100" + 37 * ","
    table = table.sort_values("image_id")
    np.testing.assert_allclose(
        pd.read_csv(submit)[list(ANSWERS)], table[list(ANSWERS)], atol=1e-6, equal_nan=True
    )


def test_a_prepared_set_gives_what_the_evaluation_sees(vote_run, vote_set):
    done = zoo_classify(vote_set, vote_run, options=CPU)
    prepared = PreparedSet.open(vote_set)
    rows = np.flatnonzero(prepared.catalog["status"] != "bad")
    wanted = vote_rows(open_model(vote_run), prepared, rows, "cpu")
    np.testing.assert_allclose(done.table[list(ANSWERS)].to_numpy()[rows], wanted, atol=1e-5)
    assert done.table["is_merger"].sum() == (wanted[:, 23] >= 0.3).sum()


def test_figures_show_what_the_network_saw_of_the_likely_mergers(vote_run, vote_set, tmp_path):
    options = ClassifyOptions(device="cpu", threshold=0.2)
    drawn = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(zoo_mergers, "save_figures", lambda figures, folder: drawn.update(figures))
        done = zoo_classify(vote_set, vote_run, figures=tmp_path / "out", options=options)
    table = pd.read_csv(tmp_path / "out" / "mergers.csv", dtype={"image_id": str})
    likely = done.table[done.table["Class8.6"] >= 0.2]
    assert len(table) == min(9, len(likely)) > 3
    assert set(table["image_id"]) <= set(likely["image_id"])
    prepared = PreparedSet.open(vote_set)
    stored = Pictures(prepared.images[..., 2:19, 2:19], "display", prepared.info.bands)
    rows = prepared.catalog.reset_index().set_index("image_id")["index"][table["image_id"]]
    shown = [axes for axes in drawn["mergers"].axes if axes.images]
    for axes, row in zip(shown, rows, strict=True):
        np.testing.assert_array_equal(axes.images[0].get_array(), stored.rgb(row))
    words = drawn["mergers"].texts[0].get_text()
    assert words.startswith(f"{len(table)} of the {len(likely)} images with p(merger) ≥ 0.20")
    assert "all: 58 images" in words


def test_figures_of_unlabelled_pictures(vote_run, pictures, tmp_path):
    out = tmp_path / "figures"
    zoo_classify(pictures, vote_run, figures=out, options=CPU)
    assert {path.name for path in out.iterdir()} == set(zoo_mergers.MERGER_FILES)
    with pytest.raises(OutputExistsError, match="--overwrite"):
        zoo_classify(pictures, vote_run, figures=out, options=CPU)


def test_classify_takes_the_model_too(vote_run, pictures, tmp_path):
    done = classify(pictures, vote_run, options=CPU)
    assert "Class8.6" in done.table
    with pytest.raises(ArgumentError, match=r"\.parquet or \.csv for votes, but got 'a\.fits'"):
        classify(pictures, vote_run, tmp_path / "a.fits", options=CPU)


def test_what_does_not_fit_is_refused(vote_run, pictures, tmp_path, make_model):
    with pytest.raises(ArgumentError, match="predicts no vote fractions"):
        zoo_classify(pictures, make_model(), options=CPU)
    (tmp_path / "there.csv").touch()
    with pytest.raises(OutputExistsError, match=r"there\.csv is there already"):
        zoo_classify(pictures, vote_run, submit=tmp_path / "there.csv", options=CPU)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("M51.jpg", r"ids of the challenge, .* but got 'M51'"),
        ("more/100008.jpg", r"every id of a galaxy .* 1 occur more often: '100008'"),
        ("0100008.jpg", "1 occur more often: '100008'"),
    ],
)
def test_names_that_kaggle_does_not_take_are_refused_before_any_work(
    vote_run, pictures, tmp_path, monkeypatch, name, said
):
    (pictures / "more").mkdir()
    shutil.copy(pictures / "100008.jpg", pictures / name)
    monkeypatch.setattr(job, "classify", lambda *args, **options: pytest.fail("classified"))
    with pytest.raises(ArgumentError, match=said):
        zoo_classify(pictures, vote_run, tmp_path / "a.csv", submit=tmp_path / "s.csv", options=CPU)
    assert not (tmp_path / "s.csv").exists()


def test_original_pictures_of_the_challenge(vote_run, shared_data, tmp_path):
    submit = tmp_path / "submission.csv"
    folder = shared_data / "kaggle_gz_sample" / "images"
    done = zoo_classify(folder, vote_run, submit=submit, options=CPU)
    known = pd.read_csv(folder.parent / "labels_spiral.csv")["GalaxyID"]
    table = pd.read_csv(submit)
    assert table["GalaxyID"].tolist() == sorted(known)
    assert done.summary["bad"] == 0
    assert table.notna().all(axis=None)
