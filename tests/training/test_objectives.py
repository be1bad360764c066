from __future__ import annotations

import pytest

from toomre.errors import ArgumentError
from toomre.training.objectives import OBJECTIVES, adversarial, find_objective
from toomre.training.selection import DIRECTIONS

ROW = {
    "train_loss": 0.9,
    "valid_loss": 0.5,
    "adversarial_accuracy_source": 0.7,
    "adversarial_accuracy_target": 0.1,
}


def test_the_published_objectives():
    assert find_objective("total_loss")(ROW) == 0.9
    assert find_objective("adversarial")(ROW) == pytest.approx(0.5 * (1 + 0.04 + 0.16))
    blind = ROW | {"adversarial_accuracy_source": 0.5, "adversarial_accuracy_target": 0.5}
    assert adversarial(blind) == 0.5


@pytest.mark.parametrize("name", DIRECTIONS)
def test_every_metric_keeps_its_sign_and_says_which_way_is_good(name):
    objective = find_objective(name)
    assert objective.larger_is_better == (DIRECTIONS[name] > 0)
    good, bad = {1: (0.9, 0.1), -1: (0.1, 0.9)}[DIRECTIONS[name]]
    found = [objective({f"valid_{name}": value}) for value in (good, bad)]
    assert found == [good, bad]
    assert (found[0] > found[1]) == objective.larger_is_better


def test_smaller_is_better_of_what_is_no_metric():
    assert not any(objective.larger_is_better for objective in OBJECTIVES.values())


def test_an_objective_needs_its_loss():
    find_objective("adversarial").check(["cross_entropy", "adversarial"])
    for name in ("total_loss", *DIRECTIONS):
        find_objective(name).check(["cross_entropy"])
    with pytest.raises(
        ArgumentError, match="needs? the loss 'adversarial'.*'cross_entropy', 'mmd'"
    ):
        find_objective("adversarial").check(["cross_entropy", "mmd"])


def test_what_a_recipe_does_not_give_is_named():
    with pytest.raises(ArgumentError, match="'adversarial_accuracy_source'.*gives train_loss"):
        find_objective("adversarial")({"train_loss": 1.0})
    with pytest.raises(ArgumentError, match="'adversarial'.*'total_loss'"):
        find_objective("test_accuracy")
