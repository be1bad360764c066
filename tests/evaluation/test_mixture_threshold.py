"""The threshold of unlabelled scores."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, logit
from scipy.stats import norm
from sklearn.metrics import balanced_accuracy_score

from toomre.evaluation.mixture_threshold import mixture_threshold


def _sample(share: float, count: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(7)
    label = rng.random(count) < share
    logits = np.where(label, rng.normal(2.0, 1.5, count), rng.normal(-4.0, 1.5, count))
    return label, expit(logits)


@pytest.mark.parametrize("share", [0.15, 0.39, 0.5])
def test_it_finds_the_best_balanced_accuracy_at_any_share(share: float) -> None:
    label, score = _sample(share)
    threshold = mixture_threshold(score)
    assert threshold is not None
    # Equal deviations: the best place is midway between the means, whatever the share.
    assert logit(threshold) == pytest.approx(-1.0, abs=0.3)
    found = balanced_accuracy_score(label, score >= threshold)
    assert found == pytest.approx(norm.cdf(2.0), abs=0.01)
    assert found > balanced_accuracy_score(label, score >= 0.5) + 0.01


def test_unequal_deviations_meet_where_their_densities_do() -> None:
    rng = np.random.default_rng(3)
    logits = np.concatenate([rng.normal(-5.0, 1.0, 20_000), rng.normal(1.0, 2.0, 20_000)])
    threshold = mixture_threshold(expit(logits))
    assert threshold is not None
    grid = np.linspace(-5, 1, 100_001)
    apart = norm.logpdf(grid, -5, 1) - norm.logpdf(grid, 1, 2)
    assert logit(threshold) == pytest.approx(grid[np.abs(apart).argmin()], abs=0.1)


def test_one_heap_has_no_threshold() -> None:
    assert mixture_threshold(expit(np.random.default_rng(1).normal(0, 1, 2000))) is None


@pytest.mark.parametrize("score", [[], [0.5] * 100, [float("nan")] * 100, [0.1, 0.9] * 20])
def test_scores_that_tell_nothing(score: list[float]) -> None:
    assert mixture_threshold(score) is None


def test_the_order_and_nan_do_not_matter() -> None:
    _, score = _sample(0.4)
    shuffled = np.random.default_rng(1).permutation(np.append(score, np.nan))
    assert mixture_threshold(shuffled) == pytest.approx(mixture_threshold(score), rel=1e-3)
