"""``toomre.compare`` on two small prepared sets."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import toomre
from toomre.errors import ArgumentError, OutputExistsError
from toomre.jobs.shards import ShardPlan, make_shards, read_twin
from toomre.preparation.prepared import PreparedSet
from toomre.preparation.split import SplitOptions

ONLY_TEST = SplitOptions((0.0, 0.0, 1.0))


@pytest.fixture(scope="module")
def nearby(tmp_path_factory):
    folder = tmp_path_factory.mktemp("compared") / "nearby"
    return toomre.simulate(folder, pair="nearby", galaxies=8, seed=4, workers=1, split=ONLY_TEST)


def test_a_set_beside_itself_has_no_distance(nearby, tmp_path):
    seen = []
    folder = nearby["sdss"].folder
    found = toomre.compare(
        folder, folder, tmp_path / "a", count=20, progress=lambda *n: seen.append(n)
    )
    assert (found.table["distance"].dropna() == 0).all()
    assert seen[-1] == (40, 40)
    record = json.loads((tmp_path / "a" / "comparison.json").read_text())
    assert record["domain_auc"] == found.domain_auc
    assert (tmp_path / "a" / "comparison.png").read_bytes()[1:4] == b"PNG"
    assert len((tmp_path / "a" / "features.csv").read_text().splitlines()) == 41
    with pytest.raises(OutputExistsError, match="Choose another --out"):
        toomre.compare(folder, folder, tmp_path / "a")


def test_linear_images_are_refused(nearby, tmp_path):
    with pytest.raises(ArgumentError, match="three bands of display values"):
        toomre.compare(nearby["sdss"].folder, nearby["noisy"].folder, tmp_path / "a")


@pytest.mark.slow
def test_labels_are_not_read(nearby, tmp_path, monkeypatch):
    """The same table where the catalogues have no label."""
    folder = nearby["sdss"].folder
    before = toomre.compare(folder, folder, tmp_path / "a", count=12)
    whole = PreparedSet.open

    def unlabelled(path):
        prepared = whole(path)
        prepared.__dict__["catalog"] = prepared.catalog.drop(columns=["label", "coalesces", "kind"])
        return prepared

    monkeypatch.setattr(PreparedSet, "open", unlabelled)
    after = toomre.compare(folder, folder, tmp_path / "b", count=12)
    pd.testing.assert_frame_equal(before.table, after.table)
    assert before.domain_auc == after.domain_auc


@pytest.mark.nightly
def test_corners_of_pictures_do_not_tell_the_class(tmp_path):
    """Stars, far galaxies and noise are the same for both classes; light of the galaxies is not."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import GroupKFold, cross_val_predict

    from toomre.jobs.shards import read_truths

    plan = ShardPlan(tmp_path, "nearby", 300, 9)
    make_shards(plan, 2, None)
    truths = read_truths(plan, "sdss")
    label = np.array([truth["label"] for truth in truths])
    group = np.array([truth["galaxy_id"] for truth in truths])
    corners = []
    for picture in read_twin(plan, "sdss"):
        ends = np.concatenate([picture[:, :16, :16], picture[:, -16:, -16:]], axis=1)
        corners.append([*np.median(ends, axis=(1, 2)), *ends.std(axis=(1, 2))])
    values = np.log(np.array(corners) + 1)
    score = cross_val_predict(
        LogisticRegression(), values, label, groups=group, cv=GroupKFold(10), method="predict_proba"
    )[:, 1]
    assert roc_auc_score(label, score) < 0.55
