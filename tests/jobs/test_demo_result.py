from __future__ import annotations

from dataclasses import replace

import pytest

from toomre.evaluation.bootstrap import Interval
from toomre.storage import read_json


def test_counts_are_those_of_a_plain_loop(finished_demo):
    expected = dict.fromkeys(("mergers", "mergers_called", "nonmergers", "nonmergers_called"), 0)
    for row in finished_demo.answers.itertuples():
        kind = "mergers" if row.label == 1 else "nonmergers"
        expected[kind] += 1
        expected[f"{kind}_called"] += bool(row.is_merger)
    assert finished_demo.counts == expected
    assert expected["mergers"] > 0
    text = finished_demo.summary
    assert f"{expected['mergers_called']} of the {expected['mergers']} mergers" in text
    assert f"{expected['nonmergers_called']} of the {expected['nonmergers']} nonmergers" in text


def test_numbers_are_those_of_the_evaluations(finished_demo):
    for (network, images), metrics in finished_demo.metrics.items():
        path = finished_demo.place.measured(network, images) / "metrics.json"
        found = read_json(path)["metrics"]["roc_auc"]
        assert metrics["roc_auc"]._asdict() == found
        assert f"{found['value']:.3f} ({found['lower']:.3f} to" in finished_demo.summary
    assert len(finished_demo.metrics) == 4


@pytest.mark.parametrize(
    ("after", "words"),
    [
        (Interval(0.8, 0.7, 0.9), "the intervals do not overlap"),
        (Interval(0.7, 0.6, 0.8), "the intervals overlap"),
        (Interval(0.5, 0.4, 0.6), "does not help"),
    ],
)
def test_the_verdict_claims_no_more_than_the_intervals(finished_demo, after, words):
    before = Interval(0.6, 0.55, 0.65)
    metrics = {
        **finished_demo.metrics,
        ("source-only", "noisy"): {"roc_auc": before},
        ("adapted", "noisy"): {"roc_auc": after},
    }
    assert words in replace(finished_demo, metrics=metrics).verdict
