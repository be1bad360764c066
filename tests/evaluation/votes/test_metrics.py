from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import pearsonr
from sklearn.dummy import DummyRegressor
from sklearn.metrics import accuracy_score, mean_squared_error, roc_auc_score

from toomre.errors import ArgumentError
from toomre.evaluation.votes import metrics


@pytest.fixture
def votes(rng):
    truth = rng.random((80, 37))
    return truth, np.clip(truth + rng.normal(0, 0.2, truth.shape), 0, 1)


def test_scikit_learn_and_scipy_agree(votes):
    truth, predicted = votes
    error = mean_squared_error(truth, predicted)
    assert metrics.mean_squared_error(truth, predicted) == pytest.approx(error)
    assert metrics.rmse(truth, predicted) == pytest.approx(error**0.5)
    largest = accuracy_score(truth.argmax(1), predicted.argmax(1))
    assert metrics.argmax_accuracy(truth, predicted) == largest
    found = metrics.per_answer(truth, predicted)
    for k in range(37):
        a, b = truth[:, k], predicted[:, k]
        assert found["rmse"][k] == pytest.approx(mean_squared_error(a, b) ** 0.5)
        assert found["accuracy"][k] == accuracy_score(a >= 0.5, b >= 0.5)
        assert found["correlation"][k] == pytest.approx(pearsonr(a, b).statistic)


def test_an_answer_that_does_not_vary_has_no_correlation():
    truth = np.array([[0.0, 0.3], [0.0, 0.6]])
    found = metrics.per_answer(truth, np.array([[0.1, 0.3], [0.2, 0.3]]))
    assert np.isnan(found["correlation"]).all()
    assert np.isfinite(found["rmse"]).all()


def test_mean_labels_are_those_of_the_training_part(votes):
    truth, other = votes
    dummy = DummyRegressor(strategy="mean").fit(np.zeros((80, 1)), truth)
    np.testing.assert_allclose(metrics.mean_labels(truth, 7), dummy.predict(np.zeros((7, 1))))
    with pytest.raises(ArgumentError, match=r"Expected `train` to be fractions \(galaxy, answer\)"):
        metrics.mean_labels(other[0], 3)


def by_a_plain_loop(truth, predicted, baseline, groups, rng, resamples):
    """Draw galaxies, all of whose images come with them."""
    names = sorted(set(groups))
    found = []
    for _ in range(resamples):
        rows = [r for g in rng.choice(names, len(names)) for r in np.flatnonzero(groups == g)]
        own, other = (np.sqrt(np.mean((p[rows] - truth[rows]) ** 2)) for p in (predicted, baseline))
        found.append((own, 1 - own / other))
    return np.quantile(found, (0.025, 0.975), axis=0)


def test_intervals_draw_galaxies_as_a_plain_loop_does(votes, rng):
    truth, predicted = votes
    # Images of a galaxy are alike, so that drawing images would give intervals half as wide.
    truth, predicted = np.repeat(truth[:20], 4, axis=0), np.repeat(predicted[:20], 4, axis=0)
    groups = np.repeat([f"g{i}" for i in range(20)], 4)
    baseline = metrics.mean_labels(truth, 80)
    found = metrics.intervals(truth, predicted, groups, rng=rng, baseline=baseline, resamples=3000)
    lower, upper = by_a_plain_loop(truth, predicted, baseline, groups, rng, 3000)
    assert found["rmse"].value == pytest.approx(metrics.rmse(truth, predicted))
    assert found["argmax_accuracy"].value == metrics.argmax_accuracy(truth, predicted)
    assert found["gain"].value == pytest.approx(
        1 - metrics.rmse(truth, predicted) / metrics.rmse(truth, baseline)
    )
    width = upper - lower
    for k, name in enumerate(("rmse", "gain")):
        assert found[name].lower == pytest.approx(lower[k], abs=0.15 * width[k])
        assert found[name].upper == pytest.approx(upper[k], abs=0.15 * width[k])


def test_without_a_baseline_there_is_no_gain(votes, rng):
    assert "gain" not in metrics.intervals(*votes, None, rng=rng, resamples=5)


def test_the_same_answer_for_all_gains_nothing(votes, rng):
    truth, _ = votes
    mean = metrics.mean_labels(truth, 80)
    gain = metrics.intervals(truth, mean, None, rng=rng, baseline=mean)["gain"]
    assert gain == (0, 0, 0)


def test_ranking_of_mergers(votes, rng):
    truth, predicted = votes
    is_merger = truth[:, 23] >= 0.8
    found = metrics.merger_ranking(is_merger, predicted[:, 23], None, rng=rng)
    assert found.value == pytest.approx(roc_auc_score(is_merger, predicted[:, 23]))
    assert found.lower < found.value < found.upper


@pytest.mark.parametrize(("truth", "said"), [(np.zeros(3), "truth"), (np.zeros((2, 2)), "(2, 2)")])
def test_wrong_shapes_are_named(truth, said):
    with pytest.raises(ArgumentError) as caught:
        metrics.rmse(truth, np.zeros((2, 3)))
    assert said in str(caught.value)
