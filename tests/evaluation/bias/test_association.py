"""The permutation tests are judged by scipy where it has the same test."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import friedmanchisquare, kruskal, permutation_test, spearmanr

from toomre.errors import ArgumentError
from toomre.evaluation.bias.association import association, bias_tests, holm
from toomre.evaluation.bias.columns import Column


def test_one_image_a_galaxy_is_spearmans_test(rng):
    for slope in (0.0, 0.1, -0.2):
        mass = rng.normal(0, 1, 150)
        error = slope * mass + rng.normal(0, 1, 150)
        found = association(error, mass, range(150), rng=rng)
        judge = spearmanr(error, mass)
        assert found.value == pytest.approx(judge.statistic)
        assert found.p == pytest.approx(judge.pvalue, abs=0.015)
        assert found.galaxies == 150
        # 95 % of the correlations of 150 that are independent lie within 1.96 / sqrt(149).
        assert found.detectable == pytest.approx(1.96 / np.sqrt(149), rel=0.05)


def test_a_small_sample_against_all_its_permutations(rng):
    error, mass = rng.normal(0, 1, 10), np.repeat([1.0, 2.0], 5)
    found = association(error, mass, range(10), rng=rng)
    judge = permutation_test(
        (mass,),
        lambda one: abs(spearmanr(one, error).statistic),
        permutation_type="pairings",
        alternative="greater",
        n_resamples=3000,
        rng=rng,
    )
    assert found.p == pytest.approx(judge.pvalue, abs=0.03)


def test_categories_are_kruskals_test(rng):
    kind = rng.choice(["a", "b", "c"], 200)
    error = rng.normal(0, 1, 200) + 0.25 * (kind == "b")
    found = association(error, kind, range(200), kind="category", rng=rng)
    judge = kruskal(*(error[kind == name] for name in "abc"))
    assert found.p == pytest.approx(judge.pvalue, abs=0.01)
    assert found.value**2 * 199 == pytest.approx(judge.statistic)


def test_cameras_of_one_galaxy_are_friedmans_test(rng):
    galaxy = np.repeat(np.arange(80), 4)
    camera = np.tile(np.arange(4), 80)
    hard = np.repeat(rng.normal(0, 3, 80), 4)
    error = hard + rng.normal(0, 1, 320) + 0.25 * (camera == 2)
    shuffled = rng.permutation(320)
    found = association(
        error[shuffled], camera[shuffled], galaxy[shuffled], kind="category", rng=rng
    )
    judge = friedmanchisquare(*(error[camera == number] for number in range(4)))
    assert found.p == pytest.approx(judge.pvalue, abs=0.01)


def test_images_of_one_galaxy_do_not_count_four_times(rng):
    """Without this, a fifth and more of the tests of nothing would call it significant."""
    p = []
    for _ in range(60):
        mass, hard = rng.normal(0, 1, (2, 60))
        galaxy = np.repeat(np.arange(60), 4)
        error = hard[galaxy] + rng.normal(0, 0.3, 240)
        p.append(association(error, mass[galaxy], galaxy, rng=rng, permutations=499).p)
    assert np.mean(np.array(p) < 0.05) < 0.15
    assert np.mean(p) == pytest.approx(0.5, abs=0.12)


def test_what_cannot_be_tested():
    rng = np.random.default_rng(1)
    assert association(range(9), range(9), range(9), rng=rng) is None
    assert association([1] * 20, range(20), range(20), rng=rng) is None
    assert association(range(20), [1] * 20, range(20), rng=rng) is None
    same = [0.0, 1.0] * 10  # each galaxy's mean is the same
    assert association(same, range(20), np.repeat(range(10), 2), rng=rng) is None


def test_holm_by_hand():
    p = np.array([0.04, 0.001, 0.5, 0.02, 0.3])
    wanted, highest = {}, 0.0
    for place, index in enumerate(np.argsort(p)):
        highest = max(highest, min(1.0, p[index] * (len(p) - place)))
        wanted[index] = highest
    assert holm(p).tolist() == pytest.approx([wanted[k] for k in range(5)])
    assert holm([]).tolist() == []


def test_classes_are_tested_apart(rng):
    """Scores that rise with the mass: the errors of mergers fall, those of nonmergers grow."""
    mass = rng.uniform(0, 1, 400)
    label = np.arange(400) % 2
    score = np.clip(0.3 * mass + 0.3 + rng.normal(0, 0.1, 400), 0, 1)
    table = pd.DataFrame({"label": label, "p_merger": score, "mass": mass, "group": range(400)})
    table["noise"] = rng.normal(0, 1, 400)
    columns = [Column("mass", "mass"), Column("noise", "noise")]
    found = bias_tests(table, columns, rng=rng, permutations=999)
    by = found.set_index(["column", "class"])
    assert by.loc[("mass", "mergers"), "value"] < -0.5
    assert by.loc[("mass", "nonmergers"), "value"] > 0.5
    assert (by.loc["mass", "p_holm"] <= 0.01).all()
    assert (by.loc["noise", "p_holm"] > 0.01).all()
    np.testing.assert_allclose(found["p_holm"], holm(found["p"]))
    assert bias_tests(table.iloc[:5], columns, rng=rng).empty
    with pytest.raises(ArgumentError, match="without size"):
        bias_tests(table, [Column("size", "size")], rng=rng)
