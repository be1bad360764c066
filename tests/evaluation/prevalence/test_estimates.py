from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from astropy.stats import binom_conf_interval

from toomre.errors import ArgumentError
from toomre.evaluation.prevalence.estimates import Estimator, counted_fraction
from toomre.evaluation.validation_scores import ValidationScores

SCRIPT = Path(__file__).resolve().parents[3] / "examples" / "fraction_coverage.py"


@pytest.fixture(scope="module")
def script():
    """The simulation behind docs/results/fraction-coverage.md."""
    spec = importlib.util.spec_from_file_location("fraction_coverage", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(("number", "total"), [(2110, 79_975), (0, 20), (20, 20)])
def test_counts_have_wilsons_interval(number, total):
    found = counted_fraction(number, total)
    wanted = binom_conf_interval(number, total, 0.95, interval="wilson")
    np.testing.assert_allclose(found[1:], wanted, atol=1e-12)


def test_a_count_beyond_the_total_is_refused():
    with pytest.raises(ArgumentError, match="from 0 to the total of 3"):
        counted_fraction(4, 3)
    assert np.isnan(counted_fraction(0, 0)).all()


def test_the_corrected_intervals_hold_the_truth_and_the_count_does_not(script):
    """A short form of the nightly test."""
    rows = {row.method: row for row in script.coverage(0.1, draws=12)}
    assert rows["count"].coverage == 0
    for method in ("adjusted", "expectation_maximisation"):
        assert rows[method].coverage >= 0.8
        assert rows[method].mean == pytest.approx(0.1, abs=0.012)
    # All scores tell more than the count.
    assert rows["expectation_maximisation"].width < rows["adjusted"].width


@pytest.mark.nightly
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("fraction", [0.02, 0.05, 0.1, 0.2, 0.5])
def test_coverage_over_200_catalogues_of_5000(script, fraction):
    rows = {row.method: row for row in script.coverage(fraction)}
    for method in ("adjusted", "expectation_maximisation"):
        assert rows[method].coverage >= 0.9
        assert abs(rows[method].mean - fraction) <= max(0.1 * fraction, 0.005)
    if fraction < 0.5:
        assert rows["count"].coverage < 0.1
        assert rows["count"].mean - fraction > 0.05


def test_a_small_validation_set_makes_the_interval_wide(rng, script):
    label = np.arange(2000) % 2
    score = script.normal(label, rng)
    sample = script.normal((rng.random(3000) < 0.1).astype(int), rng)
    widths = []
    for count in (2000, 100):
        validation = ValidationScores.of(label[:count], score[:count])
        estimates = Estimator(0.5, validation, rng=rng, draws=300)(sample)[1:3]
        widths += [estimate.fraction.upper - estimate.fraction.lower for estimate in estimates]
    assert widths[2] > 2 * widths[0]
    assert widths[3] > 2 * widths[1]


def test_a_classifier_that_knows_nothing_gives_all_or_nothing(rng):
    validation = ValidationScores.of(np.arange(60) % 2, rng.random(60))
    adjusted = Estimator(0.5, validation, rng=rng, draws=300)(rng.random(500))[1].fraction
    assert (adjusted.lower, adjusted.upper) == (0, 1)


def test_without_labels_it_only_counts_and_nan_is_left_out(rng):
    estimator = Estimator(0.5, rng=rng)
    found = estimator([0.1, 0.4, 0.9, np.nan])
    assert [estimate.method for estimate in found] == ["count", "votes"]
    assert found[0].fraction.value == pytest.approx(1 / 3)
    assert found[1].fraction.value == pytest.approx(2 / 3)
    assert "false alarms and missed mergers cancel" in found[0].assumption
    assert np.isnan(estimator([np.nan])[0].fraction.value)
    with pytest.raises(ArgumentError, match="`score` to be a probability from 0 to 1, but got 1.5"):
        estimator([1.5])
