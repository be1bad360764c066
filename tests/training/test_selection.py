from __future__ import annotations

import json
from dataclasses import asdict

import pytest

from toomre.errors import ArgumentError
from toomre.evaluation.target_scores import TARGET_SCORES
from toomre.training.selection import DIRECTIONS, Selector


def run(selector, values):
    return [selector.update(i, {selector.metric: v}) for i, v in enumerate(values)]


def test_loss_falls_and_accuracy_rises():
    assert run(Selector("loss"), [3, 2, 2, 1]) == [True, True, False, True]
    assert run(Selector("accuracy"), [0.1, 0.2, 0.2, 0.1]) == [True, True, False, False]


@pytest.mark.parametrize(
    ("metric", "better"),
    [("target_entropy", -1), ("target_infomax", 1), ("target_snd", 1), ("target_dev", -1)],
)
def test_scores_of_the_target_have_their_directions(metric, better):
    assert run(Selector(metric), [0.5, 0.5 + better, 0.5 - better]) == [True, True, False]


def test_every_score_of_the_target_can_choose():
    assert {name for name in DIRECTIONS if name.startswith("target_")} == set(TARGET_SCORES)


def test_a_score_without_a_target_says_what_it_needs():
    with pytest.raises(ArgumentError, match=r"one of loss, accuracy.*need a target.*--target"):
        Selector("target_snd").update(1, {"loss": 1.0, "accuracy": 0.5})


def test_min_delta_and_patience():
    selector = Selector("loss", patience=2, min_delta=0.5)
    assert run(selector, [3, 2.6, 2.4]) == [True, False, True]
    assert not selector.should_stop
    run(selector, [2.4, 2.4])
    assert selector.should_stop


def test_patience_zero_never_stops():
    for stopping in ("patience", "soft_counter"):
        selector = Selector("loss", stopping=stopping)
        run(selector, [1.0, 3.0] * 50)
        assert not selector.should_stop


def test_the_loss_may_be_watched_while_the_accuracy_chooses():
    """DeepMerge I as published: the best accuracy is kept, the loss ends the training."""
    selector = Selector("accuracy", patience=2, watch="loss")
    rows = [(0.5, 0.6), (0.6, 0.5), (0.7, 0.55), (0.8, 0.55)]
    kept = [selector.update(e, {"accuracy": a, "loss": b}) for e, (a, b) in enumerate(rows)]
    assert kept == [True, True, True, True]
    assert selector.should_stop


def test_before_the_first_epoch_nothing_is_kept_or_counted():
    selector = Selector("loss", patience=2, first_epoch=4)
    found = [selector.update(epoch, {"loss": 0.1 * epoch}) for epoch in (1, 2, 3, 4, 5)]
    assert found == [False, False, False, True, False]
    assert selector.best_epoch == 4
    assert not selector.should_stop
    selector.update(6, {"loss": 0.6})
    assert selector.should_stop


def test_nan_is_never_the_best():
    selector = Selector("roc_auc", patience=2)
    assert run(selector, [float("nan"), 0.5, float("nan")]) == [False, True, False]
    assert not selector.should_stop


def test_last():
    selector = Selector("last")
    assert [selector.update(e, {}) for e in range(3)] == [True, True, True]
    assert selector.best_epoch == 2


@pytest.mark.parametrize("stopping", ["patience", "soft_counter"])
def test_its_state_goes_through_json(stopping):
    selector = Selector("loss", patience=3, stopping=stopping)
    run(selector, [1.0, 1.3, 1.5])
    again = Selector(**json.loads(json.dumps(asdict(selector), allow_nan=False)))
    assert again == selector
    for one in (selector, again):
        run(one, [1.6, 1.6, 1.6])
    assert again == selector


def test_unknown_names():
    with pytest.raises(ArgumentError, match="loss, accuracy, roc_auc, .*, last"):
        Selector("beauty")
    with pytest.raises(ArgumentError, match="'patience', 'soft_counter'"):
        Selector("loss", stopping="soon")
