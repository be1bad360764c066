from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from toomre.errors import ArgumentError, CorruptFileError, MissingFileError, OutputExistsError
from toomre.jobs import measure as job
from toomre.jobs import measure_shards
from toomre.jobs.measure import measure, read_measurements
from toomre.mocks.sdss_picture import develop
from toomre.morphology.measure import OTHERS, SHAPES, measure_image
from toomre.preparation.prepared import PreparedSet
from toomre.storage import read_json, write_json


def quick(image: np.ndarray) -> dict:
    """Stands for the measurement: the peak is everything."""
    names = (*SHAPES, *OTHERS, "sky_level", "sky_scatter")
    return {**dict.fromkeys(names, float(image.max())), "flag": 0, "reason": ""}


@pytest.fixture
def quickly(monkeypatch):
    monkeypatch.setattr(measure_shards, "measure_image", quick)


def test_every_image_and_band_is_a_row_in_order(tiny_set, tmp_path, quickly):
    steps = []
    done = measure(tiny_set, tmp_path / "m", workers=1, progress=lambda k, n: steps.append((k, n)))
    prepared = PreparedSet.open(tiny_set)
    assert done.table["image_id"].tolist() == np.repeat(prepared.catalog["image_id"], 3).tolist()
    assert done.table["band"].tolist() == ["g", "r", "i"] * 120
    wanted = np.asarray(prepared.images, np.float64).max(axis=(2, 3)).ravel()
    assert done.table["gini"].to_numpy() == pytest.approx(wanted)
    assert done.flags == {0: 360}
    assert done.rate > 0
    assert done.light == "flux"
    assert steps[-1] == (120, 120)
    assert sorted(path.name for path in done.folder.iterdir()) == [
        "measurements.json",
        "measurements.parquet",
    ]
    record = read_json(done.folder / "measurements.json")
    assert record["dataset_sha256"] == prepared.info.sha256
    assert record["libraries"]["numpy"] == np.__version__


def test_one_image_is_measured_as_by_hand(tiny_set, tmp_path, monkeypatch):
    monkeypatch.setattr(job, "_rows", lambda *_: np.array([1, 2]))
    done = measure(tiny_set, tmp_path / "m", bands=["r"], workers=1)
    image = PreparedSet.open(tiny_set).images[2, 1]
    row = done.table.iloc[1]
    for name, value in measure_image(image.astype(np.float64)).items():
        assert row[name] == value or (np.isnan(row[name]) and np.isnan(value)), name


def test_a_stopped_run_goes_on_to_the_same_bytes(tiny_set, tmp_path, quickly, monkeypatch):
    measure(tiny_set, tmp_path / "whole", workers=1)
    calls = []

    def stops(image):
        calls.append(1)
        if len(calls) == 150:
            raise KeyboardInterrupt
        return quick(image)

    monkeypatch.setattr(measure_shards, "measure_image", stops)
    with pytest.raises(KeyboardInterrupt):
        measure(tiny_set, tmp_path / "stopped", workers=1)
    with pytest.raises(MissingFileError):
        read_measurements(tmp_path / "stopped")
    with pytest.raises(OutputExistsError, match="another bands"):
        measure(tiny_set, tmp_path / "stopped", bands=["r"], workers=1)
    measure(tiny_set, tmp_path / "stopped", workers=1)
    # 32 images of 3 bands are a file: one was done, so that 54 of 150 calls were in vain.
    assert len(calls) == 360 + 54
    whole, stopped = (tmp_path / name / "measurements.parquet" for name in ("whole", "stopped"))
    assert whole.read_bytes() == stopped.read_bytes()

    again = measure(tiny_set, tmp_path / "stopped", workers=1)
    assert len(calls) == 360 + 54
    assert np.isnan(again.rate)
    pd.testing.assert_frame_equal(again.table, pd.read_parquet(whole))


def test_fewer_training_images_keep_whole_galaxies_and_all_others(tiny_set, tmp_path, quickly):
    done = measure(tiny_set, tmp_path / "m", bands=["r"], at_most={"train": 20}, workers=1)
    prepared = PreparedSet.open(tiny_set)
    table = prepared.own_split().table
    known = table["image_id"].isin(done.table["image_id"])
    train = table["part"] == "train"
    assert known[~train].all()
    assert known[train].sum() == 20
    assert table[train & known]["group"].value_counts().eq(2).all()


def test_a_pictures_stretch_is_undone(tiny_set, tmp_path, quickly):
    folder = as_picture(tiny_set, tmp_path / "pictures", bands=["i", "r", "g"])
    plain = measure(folder, tmp_path / "plain", workers=1)
    assert plain.light == "brightness on a screen, not flux"
    undone = measure(folder, tmp_path / "undone", stretched="sdss", workers=1)
    assert undone.light.startswith("flux [nanomaggy]")
    wanted = np.load(tiny_set / "images.npy").max(axis=(2, 3)).ravel() / 10
    assert undone.table["gini"].to_numpy() == pytest.approx(wanted, rel=0.05, abs=0.01)


def test_a_stretch_that_the_images_do_not_have_is_refused(tiny_set, tmp_path):
    with pytest.raises(ArgumentError, match="pictures of the bands i, r, g"):
        measure(tiny_set, tmp_path / "m", stretched="sdss")
    assert not (tmp_path / "m").exists()


@pytest.mark.parametrize("bands", [[], ["u"], ["r", "r"]])
def test_bands_that_are_not_there_are_refused(tiny_set, tmp_path, bands):
    with pytest.raises(ArgumentError, match="some of g, r, i"):
        measure(tiny_set, tmp_path / "m", bands=bands)


def test_measurements_of_other_images_are_refused(tiny_set, tmp_path, quickly):
    measure(tiny_set, tmp_path / "m", bands=["r"], workers=1)
    with pytest.raises(ArgumentError, match="another data set"):
        read_measurements(tmp_path / "m", "0" * 64)
    (tmp_path / "m" / "measurements.json").write_text("{")
    with pytest.raises(CorruptFileError):
        read_measurements(tmp_path / "m")


def as_picture(tiny_set, folder, bands):
    """Write the tiny set as SDSS shows it, a tenth as bright."""
    import shutil

    from toomre.storage import sha256_file

    shutil.copytree(tiny_set, folder)
    images = np.load(folder / "images.npy").astype(np.float64) / 10
    np.save(folder / "images.npy", np.stack([develop(image) for image in images]).astype("f4"))
    info = read_json(folder / "dataset.json")
    info |= {"bands": bands, "encoding": "display"}
    write_json(
        folder / "dataset.json", {**info, "images_sha256": sha256_file(folder / "images.npy")}
    )
    return folder
