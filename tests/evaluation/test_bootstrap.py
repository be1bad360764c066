"""The bootstrap equals a plain loop over the same resamples, and draws galaxies."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

from toomre.errors import ArgumentError
from toomre.evaluation.bootstrap import Interval, bootstrap, resample_weights, roc_band
from toomre.evaluation.metrics import METRICS
from toomre.evaluation.weighted import Scored

SEED = 3


@pytest.fixture
def scores(rng):
    """300 images of 120 galaxies, with tied scores."""
    galaxy = rng.integers(0, 120, 300)
    label = (rng.uniform(size=120) < 0.4).astype(int)[galaxy]
    score = np.clip(0.35 + 0.3 * label + rng.normal(0, 0.2, 300), 0, 1).round(3)
    return label, score, galaxy


def drawn(label, score, groups, resamples):
    """The weights that `bootstrap` draws with the seed, in the order of the arrays."""
    sample = Scored.of(label, score)
    blocks = resample_weights(sample, groups, resamples, np.random.default_rng(SEED))
    weight = np.concatenate(list(blocks))
    unsorted = np.empty_like(weight)
    unsorted[:, sample.order] = weight
    return unsorted


def test_intervals_equal_a_plain_loop_over_repeated_images(scores):
    label, score, galaxy = scores
    found = bootstrap(
        label, score, galaxy, threshold=0.5, resamples=200, rng=np.random.default_rng(SEED)
    )
    repeated = [np.repeat(np.arange(300), row.astype(int)) for row in drawn(*scores, 200)]
    judges = METRICS | {"roc_auc": None, "average_precision": None}
    assert list(found) == list(judges)
    for name, function in METRICS.items():
        values = [function(label[rows], score[rows], 0.5) for rows in repeated]
        if name == "roc_auc":
            values = [roc_auc_score(label[rows], score[rows]) for rows in repeated]
        if name == "average_precision":
            values = [average_precision_score(label[rows], score[rows]) for rows in repeated]
        expected = function(label, score, 0.5), *np.percentile(values, [2.5, 97.5])
        np.testing.assert_allclose(found[name], expected, rtol=0, atol=1e-12, err_msg=name)


def test_resamples_draw_galaxies_with_replacement(scores):
    label, score, galaxy = scores
    weight = drawn(label, score, galaxy, 2000)
    assert weight.shape == (2000, 300)
    _, first, number = np.unique(galaxy, return_index=True, return_inverse=True)
    np.testing.assert_array_equal(weight, weight[:, first][:, number])
    counts, n_galaxies = weight[:, first], len(first)
    np.testing.assert_array_equal(counts.sum(axis=1), n_galaxies)
    # Multinomial counts have mean 1 and variance 1 - 1/G; every galaxy can be drawn.
    np.testing.assert_allclose(counts.mean(axis=0), 1, atol=6 / np.sqrt(2000))
    assert counts.var() == pytest.approx(1 - 1 / n_galaxies, rel=0.02)


def test_copies_of_images_do_not_narrow_the_interval(scores):
    label, score = scores[0][:120], scores[1][:120]
    ids = np.array([f"galaxy {number}" for number in range(120)])

    def interval(copies, groups):
        return bootstrap(
            *(np.tile(array, copies) for array in (label, score)),
            groups,
            threshold=0.5,
            rng=np.random.default_rng(SEED),
            metrics=("accuracy",),
        )["accuracy"]

    once, copied = interval(1, ids), interval(8, np.tile(ids, 8))
    np.testing.assert_allclose(once, copied, rtol=0, atol=1e-12)
    by_image = interval(8, None)
    assert by_image.upper - by_image.lower < 0.5 * (copied.upper - copied.lower)


def test_interval_of_the_accuracy_is_the_binomial_one():
    right = np.arange(1000) < 800
    label = np.arange(1000) % 2
    score = np.where(right, label, 1 - label).astype(float)
    found = bootstrap(
        label, score, None, threshold=0.5, resamples=4000, rng=np.random.default_rng(SEED)
    )["accuracy"]
    expected = stats.norm(0.8, np.sqrt(0.8 * 0.2 / 1000)).ppf([0.025, 0.975])
    np.testing.assert_allclose(found[1:], expected, atol=0.002)


def test_resamples_with_one_class_are_drawn_again():
    label, score = [1, 0, 0], [0.9, 0.2, 0.4]
    weight = drawn(label, score, None, 500)
    assert len(weight) == 500
    assert (weight[:, 0] > 0).all()
    assert (weight[:, 1:].sum(axis=1) > 0).all()
    found = bootstrap(label, score, None, threshold=0.5, rng=np.random.default_rng(SEED))
    assert found["roc_auc"] == (1, 1, 1)


def test_one_class_gives_nan_and_ends():
    found = bootstrap([1, 1], [0.9, 0.2], None, threshold=0.5, rng=np.random.default_rng(SEED))
    assert np.isnan(found["roc_auc"]).all()
    assert found["completeness"] == (0.5, 0, 1)


def test_no_scored_image_gives_nan():
    found = bootstrap([1, 0], [np.nan] * 2, None, threshold=0.5, rng=np.random.default_rng(SEED))
    assert all(np.isnan(interval).all() for interval in found.values())


def test_resamples_without_a_value_do_not_count():
    # Only one image is called a merger: purity is 1 or, in a third of the draws, undefined.
    label, score = [1, 1, 0, 0], [0.9, 0.1, 0.2, 0.3]
    found = bootstrap(label, score, None, threshold=0.5, rng=np.random.default_rng(SEED))
    assert found["purity"] == (1, 1, 1)


def test_memory_is_bounded_and_the_groups_of_unscored_images_are_ignored(rng):
    label, score = rng.integers(0, 2, 20000), rng.uniform(size=20000)
    score[:10] = np.nan
    groups = np.where(np.arange(20000) < 10, None, np.arange(20000).astype(str))
    sample = Scored.of(label, score)
    blocks = list(resample_weights(sample, groups, 5, rng))
    assert sum(len(block) for block in blocks) == 5
    assert all(block.shape == (1, 19990) for block in blocks)
    small = Scored.of(label[:1000], score[:1000])
    sizes = [block.nbytes for block in resample_weights(small, None, 500, rng)]
    assert sum(sizes) == 500 * 990 * 8
    assert max(sizes) <= 2**18


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"groups": [1]}, "`groups` to be an id for each of the 2 images, but got 1"),
        ({"groups": [1, None]}, "`groups` to be an id for each image, but got 'a missing value'"),
        ({"resamples": 0}, "`resamples` to be an integer of 1 or more, but got 0"),
        ({"metrics": ["auc"]}, "`metric` to be one of 'accuracy', 'average_precision', "),
    ],
)
def test_wrong_arguments_are_refused(changed, text, rng):
    given = {"groups": None, "threshold": 0.5, "rng": rng} | changed
    with pytest.raises(ArgumentError) as caught:
        bootstrap([0, 1], [0.1, 0.9], **given)
    assert text in str(caught.value)


def test_interval_prints_itself():
    assert str(Interval(0.5, 0.25, 0.75)) == "0.500 (0.250 to 0.750)"


def test_roc_band_equals_a_plain_loop(scores):
    label, score, galaxy = scores
    band = roc_band(label, score, galaxy, resamples=100, rng=np.random.default_rng(SEED))
    grid = np.linspace(0, 1, 1001)

    def curve(weight):
        fpr, tpr, _ = roc_curve(label, score, sample_weight=weight, drop_intermediate=False)
        return np.interp(grid, fpr, tpr)

    curves = np.array([curve(weight) for weight in drawn(label, score, galaxy, 100)])
    np.testing.assert_array_equal(band.fpr, grid)
    np.testing.assert_allclose(band.tpr, curve(np.ones(300)), atol=1e-9)
    expected = np.percentile(curves, [2.5, 97.5], axis=0)
    np.testing.assert_allclose([band.lower, band.upper], expected, atol=1e-9)
    lower, upper = band.normal
    reach = 1.96 * curves.std(axis=0)
    np.testing.assert_allclose(lower, np.clip(curves.mean(axis=0) - reach, 0, 1), atol=1e-9)
    np.testing.assert_allclose(upper, np.clip(curves.mean(axis=0) + reach, 0, 1), atol=1e-9)


def test_roc_band_of_one_class_is_nan(rng):
    band = roc_band([1, 1], [0.2, 0.4], None, rng=rng, points=11)
    assert np.isnan([band.tpr, band.lower, band.upper, band.mean]).all()
    assert band.fpr.shape == band.tpr.shape == (11,)


def test_roc_band_needs_two_points(rng):
    with pytest.raises(ArgumentError, match="Expected `points` to be an integer of 2 or more"):
        roc_band([0, 1], [0.2, 0.4], None, rng=rng, points=1)
