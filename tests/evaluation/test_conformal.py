"""Conformal sets hold the truth as often as they say, for every seed on average and exactly."""

from __future__ import annotations

from math import ceil

import numpy as np
import pytest

from toomre.errors import ArgumentError
from toomre.evaluation.conformal import Conformal
from toomre.evaluation.validation_scores import ValidationScores


def draw(count, rng, shift=1.5):
    label = rng.integers(0, 2, count)
    return label, 1 / (1 + np.exp(-rng.normal(shift * (2 * label - 1), 1.5)))


@pytest.mark.parametrize("coverage", [0.8, 0.95])
def test_the_limit_is_the_order_statistic_that_the_theorem_names(rng, coverage):
    label, score = draw(301, rng)
    found = Conformal.fit(ValidationScores.of(label, score), coverage)
    for merger, limit in ((True, 1 - found.least_merger), (False, found.most_nonmerger)):
        strange = np.sort(1 - score[label == 1] if merger else score[label == 0])
        rank = ceil((len(strange) + 1) * coverage)
        assert limit == pytest.approx(strange[rank - 1])


def test_coverage_is_exact_for_exchangeable_galaxies_of_each_class(rng):
    """P(covered) = ceil((n + 1) c) / (n + 1): 0.9048 for n = 20 and c = 0.9."""
    held = {0: [], 1: []}
    for _ in range(3000):
        validation = ValidationScores.of([0] * 20 + [1] * 20, rng.random(40))
        conformal = Conformal.fit(validation, 0.9)
        new = rng.random()
        (found,) = conformal.sets([new])
        held[0].append(found in {"nonmerger", "both"})
        held[1].append(found in {"merger", "both"})
    for values in held.values():
        assert np.mean(values) == pytest.approx(19 / 21, abs=3 * np.sqrt(0.09 / 3000))


def test_coverage_does_not_depend_on_the_fraction_of_mergers(rng):
    conformal = Conformal.fit(ValidationScores.of(*draw(6000, rng)), 0.9)
    label, score = draw(6000, rng)
    sets = conformal.sets(score)
    for value, names in ((0, {"nonmerger", "both"}), (1, {"merger", "both"})):
        held = np.isin(sets[label == value], list(names)).mean()
        assert held == pytest.approx(0.9, abs=0.025)


def test_images_of_one_galaxy_count_as_one(rng):
    """Each galaxy's images are copies: the sets must be those of one image a galaxy."""
    label, score = draw(60, rng)
    once = Conformal.fit(ValidationScores.of(label, score), 0.8)
    groups = np.repeat(np.arange(60), 4)
    many = Conformal.fit(ValidationScores.of(np.repeat(label, 4), np.repeat(score, 4), groups), 0.8)
    assert many == once
    as_images = ValidationScores.of(np.repeat(label, 4), np.repeat(score, 4))
    assert Conformal.fit(as_images, 0.8) != once


def test_too_few_galaxies_give_sets_of_both():
    conformal = Conformal.fit(ValidationScores.of([0, 0, 1, 1], [0.1, 0.2, 0.7, 0.9]), 0.9)
    assert conformal.sets([0.0, 0.5, 1.0]).tolist() == ["both"] * 3


@pytest.mark.parametrize("coverage", [0, 1, 90])
def test_an_impossible_coverage_is_refused(coverage):
    validation = ValidationScores.of([0, 1], [0.1, 0.7])
    with pytest.raises(ArgumentError, match="`coverage` to be a number between 0 and 1"):
        Conformal.fit(validation, coverage)
