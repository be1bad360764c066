from __future__ import annotations

import shutil

import numpy as np
import pytest

from toomre.errors import ArgumentError, MissingFileError
from toomre.jobs import table_data
from toomre.jobs.table_data import DataPlan, find_images
from toomre.preparation.prepared import PreparedSet
from toomre.reproduction.table import Images, read_table

# The middle of the tiny images, for they are smaller than real ones.
PICTURES = Images(published="a/b", mocks="nearby/sdss", crop=15, replaceable=True)
SIMSIM, SIMREAL = read_table("T3"), read_table("T4")
SIMREAL = SIMREAL.model_copy(update={"data": {**SIMREAL.data, "target": PICTURES}})


def quiet(description):
    return lambda done, total: None


@pytest.fixture
def simulated(monkeypatch, tiny_set, tmp_path):
    """Put a tiny set in the place of all that is simulated, and record the calls."""
    calls = []

    def fake(out, *, pair, galaxies, **options):
        calls.append((out.name, pair, galaxies, options["overwrite"]))
        for twin in table_data.PAIRS[pair]().twins:
            shutil.copytree(tiny_set, out / twin, dirs_exist_ok=True)

    monkeypatch.setattr(table_data, "simulate", fake)
    return calls


@pytest.fixture
def plan(tmp_path):
    return DataPlan(None, None, {"distant": 7, "nearby": 5}, tmp_path / "mocks")


def test_mocks_are_made_once_and_only_those_that_are_needed(simulated, plan):
    found = find_images(SIMSIM, SIMSIM.rows(), plan, quiet)
    assert found["source"].folder == plan.folder / "distant-7" / "pristine"
    assert found["target"].folder == plan.folder / "distant-7" / "noisy"
    assert simulated == [("distant-7", "distant", 7, True)]
    find_images(SIMSIM, SIMSIM.rows(), plan, quiet)
    assert len(simulated) == 1
    (plan.folder / "distant-7" / "noisy" / "dataset.json").unlink()
    find_images(SIMSIM, SIMSIM.rows(), plan, quiet)
    assert len(simulated) == 2


def test_a_transfer_needs_the_images_of_its_start_too(simulated, plan):
    found = find_images(SIMREAL, SIMREAL.rows("source only"), plan, quiet)
    assert set(found) == {"source", "target"}
    found = find_images(SIMREAL, SIMREAL.rows("transfer"), plan, quiet)
    assert set(found) == {"source", "target", "distant-source", "distant-target"}


def test_bands_in_order_and_the_centre_at_75_pixels(simulated, plan, tiny_set):
    images = PICTURES.model_copy(update={"bands": ("i", "r", "g")})
    table = SIMREAL.model_copy(update={"data": {**SIMREAL.data, "target": images}})
    made = find_images(table, table.rows("trained on"), plan, quiet)["target"]
    tiny = PreparedSet.open(tiny_set)
    assert made.info.bands == ("i", "r", "g")
    assert made.images.shape == (120, 3, 75, 75)
    assert made.info.pixel_scale == pytest.approx(0.4 * 15 / 75)
    assert made.split.sha256 == tiny.split.sha256
    assert made.catalog["label"].tolist() == tiny.catalog["label"].tolist()
    # Flux is conserved, and the planes are turned round.
    window = tiny.images[:, ::-1, 3:18, 3:18]
    np.testing.assert_allclose(made.images.sum(axis=(2, 3)), window.sum(axis=(2, 3)), rtol=0.02)
    again = find_images(table, table.rows("trained on"), plan, quiet)["target"]
    assert again.info == made.info


def test_a_real_set_in_the_place_of_the_target(simulated, plan):
    # The tiny set with the bands and pixels that the table wants.
    images = PICTURES.model_copy(update={"bands": ("i", "r", "g")})
    table = SIMREAL.model_copy(update={"data": {**SIMREAL.data, "target": images}})
    real = find_images(table, table.rows("trained on"), plan, quiet)["target"].folder
    own = DataPlan(None, real, plan.galaxies, plan.folder.parent / "others")
    found = find_images(SIMREAL, SIMREAL.rows("MMD"), own, quiet)
    assert found["target"].folder == real
    assert found["source"].folder == own.folder / "nearby-5" / "noisy-fitted"
    with pytest.raises(ArgumentError, match="rows of T3, which have no real target"):
        find_images(SIMSIM, SIMSIM.rows(), own, quiet)


def test_a_target_that_does_not_fit_is_known_before_anything_is_simulated(
    simulated, plan, tiny_set, tmp_path
):
    for wrong, words in ((tiny_set, "target's bands"), (tmp_path, "is not a prepared data set")):
        own = DataPlan(None, wrong, plan.galaxies, plan.folder)
        with pytest.raises((ArgumentError, MissingFileError), match=words):
            find_images(SIMREAL, SIMREAL.rows("MMD"), own, quiet)
    assert simulated == []


def test_published_sets(tiny_set, plan, tmp_path):
    root = tmp_path / "published"
    shutil.copytree(tiny_set, root / "deepmerge2-simsim" / "source")
    own = DataPlan(root, None, {}, plan.folder)
    with pytest.raises(MissingFileError, match="deepmerge2-simsim/target.*toomre convert"):
        find_images(SIMSIM, SIMSIM.rows(), own, quiet)
    shutil.copytree(tiny_set, root / "deepmerge2-simsim" / "target")
    found = find_images(SIMSIM, SIMSIM.rows(), own, quiet)
    assert found["source"].folder == root / "deepmerge2-simsim" / "source"
