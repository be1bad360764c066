from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import beta, kstest

from toomre.evaluation.prevalence.resampling import counts_in_bins, drawn_counts
from toomre.evaluation.validation_scores import ValidationScores

HALF = {"bins": 2, "draws": 4000, "prior": 0.5}


@pytest.mark.parametrize("called", [0, 3, 40])
def test_fractions_have_jeffreys_posterior(called, rng):
    """Also where none, or all, of the galaxies are called a merger."""
    label = np.r_[np.ones(40), 0].astype(int)
    score = np.r_[np.ones(called), np.zeros(40 - called), 0]
    place = (score > 0.5).astype(np.intp)
    mergers, _ = drawn_counts(ValidationScores.of(label, score), place, rng=rng, **HALF)
    fraction = mergers[:, 1] / mergers.sum(axis=1)
    assert kstest(fraction, beta(called + 0.5, 40 - called + 0.5).cdf).pvalue > 1e-3


def test_copies_of_a_galaxy_tell_nothing_new(rng):
    label, score = np.r_[np.ones(30), 0].astype(int), np.r_[np.ones(9), np.zeros(22)]
    copies = ValidationScores.of(
        np.repeat(label, 4), np.repeat(score, 4), np.repeat(np.arange(31), 4)
    )
    place = (copies.score > 0.5).astype(np.intp)
    mergers, _ = drawn_counts(copies, place, rng=rng, **HALF)
    fraction = mergers[:, 1] / mergers.sum(axis=1)
    assert kstest(fraction, beta(9.5, 21.5).cdf).pvalue > 1e-3


def test_draws_scatter_around_the_counts(rng):
    label, place = rng.integers(0, 2, 300), rng.integers(0, 5, 300)
    validation = ValidationScores.of(label, rng.random(300))
    whole = counts_in_bins(validation, place, 5)
    drawn = drawn_counts(validation, place, 5, draws=3000, rng=rng)
    for wanted, found in zip(whole, drawn, strict=True):
        np.testing.assert_allclose(found.mean(axis=0), wanted, rtol=0.03)
        np.testing.assert_allclose(found.std(axis=0), np.sqrt(wanted), rtol=0.08)
