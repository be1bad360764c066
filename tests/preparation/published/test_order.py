"""`file_order` accepts the published order only, by labels and pixels."""

from __future__ import annotations

import numpy as np
import pytest

from toomre.preparation.published.order import check_copies, file_order


@pytest.fixture
def arrays(published_files):
    folder = published_files / "zenodo"
    images = np.load(folder / "SimSim_TARGET_X_Illustris2_noisy.npy")
    return images, np.load(folder / "SimSim_TARGET_y_Illustris2_noisy.npy").astype("i1")


def test_galaxies_views_copies_and_cameras(arrays):
    images, labels = arrays
    table = file_order(images, labels)
    assert table["galaxy_id"].nunique() == 6 + 9
    assert table["view_id"].nunique() == 4 * (6 + 9)
    assert table["copy"][::24].tolist()[:5] == [
        "original",
        "flipped up-down",
        "flipped left-right",
        "rotated 90 deg",
        "rotated 180 deg",
    ]
    assert (table["copy"] == "original").sum() == 4 * (6 + 9)
    assert (table.groupby("galaxy_id")["camera"].nunique() == 4).all()
    for rows in table.groupby("view_id").groups.values():
        sums = images[rows].sum(axis=(1, 2, 3), dtype=float)  # no flip changes the total
        assert np.ptp(sums) < 1e-4
    assert (table.groupby("galaxy_id")["view_id"].nunique() == 4).all()


@pytest.mark.parametrize("change", ["pixel", "labels", "swapped", "number"])
def test_any_other_order_is_refused(arrays, change):
    images, labels = arrays[0].copy(), arrays[1].copy()
    if change == "pixel":
        images[100, 0, 3, 3] += 1
    elif change == "labels":
        labels[[119, 120]] = labels[[120, 119]]
    elif change == "swapped":
        images[[24, 25]] = images[[25, 24]]
    else:
        images, labels = images[:-1], labels[:-1]
    assert file_order(images, labels) is None


def test_no_originals():
    assert check_copies(np.zeros((0, 1, 8, 8)), 0) is None
