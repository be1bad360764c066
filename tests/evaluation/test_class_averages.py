from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import precision_recall_fscore_support

from toomre.evaluation.bootstrap import bootstrap
from toomre.evaluation.class_averages import CLASS_AVERAGES


def averages(label, score):
    rng = np.random.default_rng(1)
    found = bootstrap(
        label, score, None, threshold=0.5, rng=rng, resamples=50, metrics=tuple(CLASS_AVERAGES)
    )
    return [interval.value for interval in found.values()]


@pytest.mark.parametrize("mergers", [0.1, 0.5, 0.8])
def test_scikit_learn_agrees(rng, mergers):
    label = (rng.random(200) < mergers).astype(int)
    score = np.clip(0.5 * label + rng.random(200) * 0.7, 0, 1)
    wanted = precision_recall_fscore_support(label, score >= 0.5, average="weighted")[:3]
    assert averages(label, score) == pytest.approx(wanted)


def test_a_class_that_is_never_called_has_precision_zero():
    label = np.arange(10) < 3
    wanted = precision_recall_fscore_support(
        label, np.ones(10), average="weighted", zero_division=0
    )[:3]
    assert averages(label, np.ones(10)) == pytest.approx(wanted)
    assert averages(label, np.ones(10))[0] == pytest.approx(0.3**2)


def test_the_failed_row_of_the_poster_calls_nearly_all_one_class():
    """S004 prints P 0.25, R 0.37, F1 0.20; of one class alone F1 would be 0.30."""
    label = np.repeat([1, 0], [3720, 6280])
    score = np.ones(10_000)
    score[: 100 - 18] = score[-18:] = 0  # 1 % are called nonmergers, of which 18 in 100 are
    assert averages(label, score) == pytest.approx([0.25, 0.37, 0.20], abs=0.005)
