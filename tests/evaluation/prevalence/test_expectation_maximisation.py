from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, logit, ndtri
from sklearn.linear_model import LogisticRegression

from toomre.evaluation.prevalence.expectation_maximisation import (
    ScoreBins,
    most_likely_fraction,
    posterior,
)
from toomre.evaluation.validation_scores import ValidationScores

DISTANCE = float(np.sqrt(2) * ndtri(0.9))


def scores(label, rng):
    """Scores that are calibrated where half are mergers; ROC-AUC 0.90."""
    return expit(DISTANCE * (DISTANCE * (label - 0.5) + rng.normal(size=len(label))))


def slow_expectation_maximisation(p, prior, steps=20_000):
    """The published loop (Saerens et al. 2002, equation 2.9)."""
    fraction = prior
    for _ in range(steps):
        merger, rest = fraction / prior * p, (1 - fraction) / (1 - prior) * (1 - p)
        fraction = np.mean(merger / (merger + rest))
    return fraction


@pytest.mark.parametrize("prior", [0.5, 0.3])
def test_it_rests_where_the_published_loop_does(rng, prior):
    p = scores((rng.random(400) < 0.15).astype(int), rng)
    ratio = p / (1 - p) * (1 - prior) / prior
    found = most_likely_fraction(np.ones((1, 400)), ratio[None])[0]
    assert found == pytest.approx(slow_expectation_maximisation(p, prior), abs=1e-6)


def test_the_ends_are_reached_exactly():
    ratios = np.array([[0.1, 0.2], [5.0, 9.0]])
    assert most_likely_fraction(np.ones((2, 2)), ratios).tolist() == [0.0, 1.0]


def test_bins_change_hardly_anything(rng):
    """The line of log odds by scikit-learn, and every galaxy by itself."""
    label = np.arange(1000) % 2
    score, p = scores(label, rng), scores((rng.random(2000) < 0.1).astype(int), rng)
    line = LogisticRegression(C=np.inf, tol=1e-10).fit(logit(score)[:, None], label)
    odds = line.decision_function(logit(p)[:, None])
    wanted = most_likely_fraction(np.ones((1, len(p))), np.exp(odds)[None])[0]
    found = ScoreBins(ValidationScores.of(label, score), draws=2, rng=rng).fraction(p)
    assert found == pytest.approx(wanted, abs=0.002)


def test_scores_that_leave_no_doubt_have_jeffreys_interval(rng):
    """Then only the catalogue's sampling error is left, also where no galaxy is a merger."""
    label = np.arange(4000) % 2
    validation = ValidationScores.of(label, np.where(label == 1, 1 - 1e-12, 1e-12))
    bins = ScoreBins(validation, draws=4000, rng=rng)
    for mergers in (0, 8):
        p = np.where(np.arange(100) < mergers, 1 - 1e-12, 1e-12)
        assert bins.fraction(p) == pytest.approx(mergers / 100, abs=1e-3)
        drawn = bins.drawn_fractions(p, rng)
        wanted = rng.beta(mergers + 0.5, 100.5 - mergers, 200_000)
        for level in (0.5, 0.975):
            assert np.quantile(drawn, level) == pytest.approx(np.quantile(wanted, level), rel=0.1)


def test_the_posterior_is_bayes_rule(rng):
    p, fraction, prior = rng.random(50), 0.03, 0.4
    odds = p / (1 - p) * fraction / (1 - fraction) * (1 - prior) / prior
    np.testing.assert_allclose(posterior(p, fraction, prior), odds / (1 + odds))
    assert posterior([0.0, 1.0], 0.1).round(6).tolist() == [0, 1]
