from __future__ import annotations

from dataclasses import replace

import pytest

import toomre
from toomre.jobs.table_head import table_head
from toomre.jobs.table_options import ReproduceOptions
from toomre.preparation.prepared import PreparedSet
from toomre.reproduction.table import read_table


@pytest.fixture
def images(tiny_set):
    return dict.fromkeys(read_table("T4").data, PreparedSet.open(tiny_set))


def head(images, **options):
    table = read_table("T4")
    return "\n".join(table_head(table, table.rows(), images, ReproduceOptions(**options)))


def test_mocks_come_first(images, tmp_path):
    text = head(images)
    assert text.startswith("**Ours are not of the published images**")
    assert f"version {toomre.__version__}, seed 1)" in text
    assert "Unlike the recipes: training.epochs = 40." in text
    wanted = "of MMD + transfer: transfer.normalisation = measured, input.stretch = asinh."
    assert wanted in text
    assert "over 10 seeds" in text
    assert "but for the target real)" not in text
    assert ", but for the target real." in head(images, target=tmp_path / "real")
    published = head(images, data=tmp_path)
    assert "mocks" not in published
    assert "Unlike" not in published


def test_images_and_their_split(images):
    assert "120 images of 60 galaxies (60 of mergers), split by galaxy; `drawn for" in head(images)
    one = images["source"]
    info = one.info.model_copy(update={"protocol": "paper"})
    text = head({**images, "source": replace(one, info=info)})
    assert "the published split, which has copies of test images in training" in text


def test_a_quick_look_says_so(images):
    assert "quick look" not in head(images)
    text = head(images, quick=True, seeds=1)
    assert "**A quick look** (--quick): few galaxies, epochs and seeds. No result." in text
    assert "Ours: one seed (95 % interval over the galaxies" in text
