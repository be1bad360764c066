"""Which images are kept, and that the grouped split divides no galaxy."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from toomre.images.flags import Flag
from toomre.preparation.published.arrays import open_published
from toomre.preparation.published.choosing import catalog_of, choose, cutouts
from toomre.preparation.published.finding import find_files
from toomre.preparation.published.galaxies import galaxy_table
from toomre.preparation.published.schema import PUBLISHED
from toomre.preparation.split import SplitOptions

SIMSIM = PUBLISHED["deepmerge2-simsim"]


@pytest.fixture(scope="module")
def found(published_files):
    domains = []
    for files in find_files(SIMSIM, published_files / "zenodo"):
        array = open_published(files)
        known = galaxy_table(array.images, array.labels)
        domains.append((files.domain, array, catalog_of(known, array.labels, 2.0)))
    return domains


def test_grouped_keeps_originals_and_one_split(found):
    source, target = choose(SIMSIM, found, "grouped", SplitOptions(seed=3))
    assert source.split.text == target.split.text
    assert source.table["row"].tolist() == [*range(24), *range(120, 156)]
    assert set(source.table["copy"]) == {"original"}
    parts = pd.Series(source.split.table["part"]).groupby(source.table["galaxy_id"])
    assert (parts.nunique() == 1).all()
    assert set(source.split.table["part"]) == {"train", "valid", "test"}


def test_paper_keeps_all_and_the_published_splits(found):
    chosen = choose(SIMSIM, found, "paper", SplitOptions(seed=3))
    for each, parts in zip(chosen, SIMSIM.parts([156, 156]), strict=True):
        assert each.split.table["part"].tolist() == parts.tolist()
        assert len(each.table) == 156
        assert each.options.seed == 1


def test_the_target_alone_has_the_same_published_split(found):
    both = choose(SIMSIM, found, "paper", SplitOptions())[1]
    (alone,) = choose(SIMSIM, found[1:], "paper", SplitOptions())
    counted = SIMSIM.parts([SIMSIM.domains[0].images, 156])[1]
    assert alone.split.table["part"].tolist() == counted.tolist()
    assert len(alone.split.table) == len(both.split.table)


def test_planes_are_reordered_and_pixels_kept(published_files):
    simreal = PUBLISHED["deepmerge2-simreal"]
    files = find_files(simreal, published_files / "zenodo")[0]
    array = open_published(files)
    names = [f"c{row}" for row in range(24)]
    known = pd.DataFrame({"galaxy_id": names, "view_id": names})
    table = catalog_of(known, array.labels, float("nan"))
    (chosen,) = choose(simreal, [(files.domain, array, table)], "grouped", SplitOptions())
    for cutout, image in zip(cutouts(chosen), np.load(files.images), strict=True):
        assert cutout.bands == ("i", "r", "g")
        np.testing.assert_array_equal(cutout.pixels, image[::-1])  # the file says g, r, i


def test_blank_and_masked_images_are_told(found):
    domain, array, table = found[0]
    images = np.array(array.images)
    images[0] = 1
    images[1, 0, 2, 2] = np.nan
    broken = type(array)(images, array.labels, array.bands)
    chosen = choose(SIMSIM, [(domain, broken, table)], "grouped", SplitOptions())[0]
    first, second, third, *_ = cutouts(chosen)
    assert first.flags & Flag.BLANK
    assert second.flags & Flag.MASKED_PIXELS
    assert np.isfinite(second.pixels).all()
    assert not third.flags
