from __future__ import annotations

import pytest

from toomre.errors import ArgumentError
from toomre.training.selection import Selector


def run(selector, values):
    return [selector.update(i, {selector.metric: v}) for i, v in enumerate(values)]


def test_loss_falls_and_accuracy_rises():
    assert run(Selector("loss"), [3, 2, 2, 1]) == [True, True, False, True]
    assert run(Selector("accuracy"), [0.1, 0.2, 0.2, 0.1]) == [True, True, False, False]


def test_min_delta_and_patience():
    selector = Selector("loss", patience=2, min_delta=0.5)
    assert run(selector, [3, 2.6, 2.4]) == [True, False, True]
    assert not selector.should_stop
    run(selector, [2.4, 2.4])
    assert selector.should_stop


def test_patience_zero_never_stops():
    selector = Selector("loss")
    run(selector, [1.0] * 50)
    assert not selector.should_stop


def test_nan_is_never_the_best():
    selector = Selector("roc_auc")
    assert run(selector, [float("nan"), 0.5, float("nan")]) == [False, True, False]


def test_last():
    selector = Selector("last")
    assert [selector.update(e, {}) for e in range(3)] == [True, True, True]
    assert selector.best_epoch == 2


def test_unknown_metric():
    with pytest.raises(ArgumentError, match="loss, accuracy, roc_auc, last"):
        Selector("beauty")
