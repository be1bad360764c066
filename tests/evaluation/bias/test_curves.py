from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, precision_score, recall_score

from toomre.errors import ArgumentError
from toomre.evaluation.bias.columns import Column
from toomre.evaluation.bias.curves import performance

MASS = Column("mass", "mass")


@pytest.fixture
def table(rng):
    """400 galaxies of two images each; the scores get better with the mass."""
    mass = rng.uniform(9, 12, 400)
    label = rng.integers(0, 2, 400)
    better = (mass - 9) / 3
    score = np.clip(0.5 + better * (label - 0.5) + rng.normal(0, 0.2, 400), 0, 1)
    galaxies = pd.DataFrame({"label": label, "p_merger": score, "mass": mass, "group": range(400)})
    return pd.concat([galaxies, galaxies.assign(p_merger=score**1.1)], ignore_index=True)


def test_scikit_learn_judges_each_bin(table, rng):
    found = performance(table, MASS, threshold=0.4, rng=rng, bins=4, resamples=50)
    assert found.drop_duplicates("bin")["images"].tolist() == [200, 200, 200, 200]
    assert found.drop_duplicates("bin")["galaxies"].tolist() == [100, 100, 100, 100]
    judges = {"accuracy": accuracy_score, "completeness": recall_score, "purity": precision_score}
    for _, row in found.iterrows():
        mine = table[(table["mass"] >= row["low"]) & (table["mass"] <= row["high"])]
        assert row["images"] == len(mine)
        assert row["middle"] == mine["mass"].median()
        if row["metric"] in judges:
            wanted = judges[row["metric"]](mine["label"], mine["p_merger"] >= 0.4)
            assert row["value"] == pytest.approx(wanted)
        if row["metric"] == "score_mergers":
            wanted = mine.loc[mine["label"] == 1, "p_merger"].mean()
            assert row["value"] == pytest.approx(wanted)
        assert row["lower"] <= row["value"] <= row["upper"]
    assert set(found["metric"]) == {
        *judges, "specificity", "score_mergers", "score_nonmergers",
    }  # fmt: skip
    accuracy = found.loc[found["metric"] == "accuracy", "value"]
    assert accuracy.iloc[-1] > accuracy.iloc[0] + 0.2


def test_the_interval_counts_galaxies_and_not_images(table, rng):
    """Twice the same images tell no more; their interval must not shrink by sqrt(2)."""
    once = table.iloc[:400]
    twice = pd.concat([once, once])
    widths = []
    for each in (once, twice):
        found = performance(each, MASS, threshold=0.5, rng=rng, bins=1, resamples=2000)
        row = found[found["metric"] == "score_mergers"].iloc[0]
        widths.append(row["upper"] - row["lower"])
    assert widths[1] == pytest.approx(widths[0], rel=0.1)
    error = once.loc[once["label"] == 1, "p_merger"].sem()
    assert widths[0] == pytest.approx(2 * 1.96 * error, rel=0.1)


def test_categories_stand_for_themselves(table, rng):
    table["camera"] = np.arange(len(table)) // 400
    found = performance(table, Column("camera", "camera", "category"), threshold=0.5, rng=rng)
    first = found.drop_duplicates("bin")
    assert first["category"].tolist() == ["0", "1"]
    assert first["low"].isna().all()


def test_a_bin_of_one_class_has_no_purity(table, rng):
    mergers = table[table["label"] == 1]
    found = performance(mergers, MASS, threshold=0.5, rng=rng, resamples=20)
    assert set(found["metric"]) == {"completeness", "score_mergers"}
    others = table[table["label"] == 0]
    found = performance(others, MASS, threshold=0.5, rng=rng, resamples=20)
    assert set(found["metric"]) == {"specificity", "score_nonmergers"}


def test_few_galaxies_make_few_bins_and_missing_values_none(table, rng):
    few = table[table["group"] < 45]
    found = performance(few, MASS, threshold=0.5, rng=rng, resamples=20)
    assert found["bin"].nunique() == 2
    gaps = table.assign(mass=table["mass"].where(table["mass"] > 11))
    found = performance(gaps, MASS, threshold=0.5, rng=rng, bins=3, resamples=20)
    assert found["low"].min() > 11
    same = table.assign(mass=np.where(table["mass"] > 10, 10.0, 9.0))
    found = performance(same, MASS, threshold=0.5, rng=rng, bins=6, resamples=20)
    assert found.drop_duplicates("bin")["middle"].tolist() == [9.0, 10.0]
    nothing = performance(gaps.assign(mass=np.nan), MASS, threshold=0.5, rng=rng)
    assert nothing.empty


def test_what_is_refused(table, rng):
    with pytest.raises(ArgumentError, match="without group"):
        performance(table.drop(columns="group"), MASS, threshold=0.5, rng=rng)
    with pytest.raises(ArgumentError, match="bins"):
        performance(table, MASS, threshold=0.5, rng=rng, bins=0)
