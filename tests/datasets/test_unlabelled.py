from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from toomre.datasets.unlabelled import UnlabelledImages
from toomre.errors import ArgumentError
from toomre.preparation.prepared import PreparedSet


@pytest.fixture
def prepared(tiny_set):
    return PreparedSet.open(tiny_set)


def test_the_stored_parts_and_no_label_anywhere(prepared):
    found = UnlabelledImages.of(prepared, "train", seed=1)
    assert found.train.tolist() == list(range(72))
    assert found.valid.tolist() == list(range(72, 96))
    names = {field.name for field in dataclasses.fields(found)}
    assert names == {"folder", "info", "images", "train", "valid", "part"}


def test_all_images_but_the_bad_ones(prepared):
    catalog = prepared.catalog.copy()
    catalog.loc[5, "status"] = "bad"
    changed = dataclasses.replace(prepared, catalog=catalog, split=None)
    found = UnlabelledImages.of(changed, "all", seed=1)
    assert found.train.tolist() == [row for row in range(120) if row != 5]
    assert len(found.valid) == 12
    assert set(found.valid) <= set(found.train)
    again = UnlabelledImages.of(changed, "all", seed=1)
    assert again.rows_sha256 == found.rows_sha256
    assert UnlabelledImages.of(changed, "all", seed=2).rows_sha256 != found.rows_sha256


def test_labels_change_nothing(prepared, rng):
    catalog = prepared.catalog.assign(label=rng.integers(0, 2, 120))
    noise = dataclasses.replace(prepared, catalog=catalog)
    for part in ("train", "all"):
        one, other = (UnlabelledImages.of(p, part, seed=1) for p in (prepared, noise))
        assert one.rows_sha256 == other.rows_sha256


def test_without_a_split_only_all_can_be_used(prepared):
    bare = dataclasses.replace(prepared, split=None)
    with pytest.raises(ArgumentError, match='target_part = "all"'):
        UnlabelledImages.of(bare, "train", seed=1)


def test_too_few_images_are_refused(prepared):
    catalog = prepared.catalog.assign(status="bad")
    with pytest.raises(ArgumentError, match="two images or more"):
        UnlabelledImages.of(dataclasses.replace(prepared, catalog=catalog), "all", seed=1)


def test_the_hash_tells_the_parts_apart(prepared):
    found = UnlabelledImages.of(prepared, "train", seed=1)
    moved = dataclasses.replace(found, train=found.train[:-1], valid=np.append(71, found.valid))
    assert moved.rows_sha256 != found.rows_sha256
