from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from toomre.errors import ArgumentError
from toomre.morphology.forest import ForestOptions, _weights, feature_table, fit_forest
from toomre.morphology.measure import SHAPES

OPTIONS = ForestOptions(trees=60, seed=4)


def measured(names, bands=("g", "r"), flag=0) -> pd.DataFrame:
    rows = [
        {"image_id": name, "band": band, "flag": flag, **dict.fromkeys(SHAPES, float(place))}
        for place, name in enumerate(names)
        for band in bands
    ]
    return pd.DataFrame(rows)


@pytest.fixture
def sample(rng):
    """Two features that tell and one that does not; four images a galaxy."""
    group = np.repeat(np.arange(150), 4)
    label = (group % 3 == 0).astype(float)
    features = pd.DataFrame(
        {
            "gini (r)": label + rng.normal(0, 0.6, 600),
            "m20 (r)": -label + rng.normal(0, 0.6, 600),
            "deviation (r)": rng.normal(0, 1, 600),
        }
    )
    features.loc[rng.random(600) < 0.1, "gini (r)"] = np.nan
    part = np.where(group < 90, "train", np.where(group < 115, "valid", "test"))
    return features, label, group, part


def test_it_learns_what_tells_the_classes_apart(sample):
    features, label, group, part = sample
    forest = fit_forest(features, label, group, part, OPTIONS)
    test = part == "test"
    p, raw = forest.scores(features[test])
    assert roc_auc_score(label[test], p) > 0.85
    assert roc_auc_score(label[test], p) == pytest.approx(roc_auc_score(label[test], raw))
    assert min(forest.importances, key=forest.importances.get) == "deviation (r)"
    assert sum(forest.importances.values()) == pytest.approx(1)
    # The calibration brings back the share of mergers, which the equal class weights took away.
    assert abs(p.mean() - label[test].mean()) < abs(raw.mean() - label[test].mean())
    assert ((p >= 0) & (p <= 1)).all()


def test_the_same_seed_gives_the_same_scores_and_another_does_not(sample):
    features, label, group, part = sample
    one, again = (fit_forest(features, label, group, part, OPTIONS) for _ in range(2))
    other = fit_forest(features, label, group, part, ForestOptions(trees=60, seed=5))
    assert (one.scores(features)[0] == again.scores(features)[0]).all()
    assert (one.scores(features)[0] != other.scores(features)[0]).any()


def test_the_test_part_changes_nothing(sample):
    features, label, group, part = sample
    one = fit_forest(features, label, group, part, OPTIONS)
    test = part == "test"
    changed, wrong = features.copy(), label.copy()
    changed.loc[test] = 99.0
    wrong[test] = 1 - wrong[test]
    other = fit_forest(changed, wrong, group, part, OPTIONS)
    assert (one.scores(features)[0] == other.scores(features)[0]).all()
    assert one.threshold == other.threshold


def test_missing_values_become_the_training_median(sample):
    features, label, group, part = sample
    forest = fit_forest(features, label, group, part, OPTIONS)
    train = part == "train"
    assert forest.medians["gini (r)"] == np.nanmedian(features["gini (r)"][train])
    hole, filled = features[:1].copy(), features[:1].copy()
    hole["gini (r)"], filled["gini (r)"] = np.nan, forest.medians["gini (r)"]
    assert forest.scores(hole)[0] == forest.scores(filled)[0]


def test_classes_and_galaxies_weigh_the_same():
    label, group = np.array([1.0, 1, 1, 0]), np.array(["a", "a", "b", "c"])
    assert _weights(label, group).tolist() == [0.5, 0.5, 1.0, 2.0]


def test_a_part_with_one_class_is_refused(sample):
    features, label, group, part = sample
    label = np.where(part == "valid", 0.0, label)
    with pytest.raises(ArgumentError, match=r"`valid`.*\(0, 100\)"):
        fit_forest(features, label, group, part, OPTIONS)


def test_other_features_are_refused(sample):
    features, label, group, part = sample
    forest = fit_forest(features, label, group, part, OPTIONS)
    with pytest.raises(ArgumentError, match="features"):
        forest.scores(features.rename(columns={"m20 (r)": "m20 (g)"}))


def test_the_table_has_the_shapes_and_the_flag_of_each_band_in_the_order_asked_for():
    table = feature_table(measured(["a", "b"]), ["b", "a"])
    assert list(table.columns) == [
        f"{name} ({band})" for band in ("g", "r") for name in (*SHAPES, "flag")
    ]
    assert table["gini (r)"].tolist() == [1.0, 0.0]


def test_an_image_without_measurements_is_refused():
    with pytest.raises(ArgumentError, match="1 of 2 images have no measurements"):
        feature_table(measured(["a"]), ["a", "b"])
    partly = measured(["a", "b"]).iloc[:3]
    with pytest.raises(ArgumentError, match="1 of 2"):
        feature_table(partly, ["a", "b"])
