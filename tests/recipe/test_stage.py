from __future__ import annotations

import pytest

from toomre.errors import ArgumentError
from toomre.recipe import Optimizer, Recipe, Selection

STAGES = """
name = "a"
backbone.name = "deepmerge2"
head.name = "deepmerge2"
loss = [{ name = "cross_entropy" }]
optimizer.learning_rate = 0.5
training.epochs = 7
transfer.freeze = ["backbone.conv1*"]

[[stage]]
name = "head"
epochs = 3
freeze = ["backbone.*"]
optimizer.name = "sgd"

[[stage]]
name = "whole"
epochs = 20
selection = { metric = "roc_auc", patience = 4 }
"""


def test_each_stage_is_a_recipe_of_its_own():
    recipe = Recipe.parse(STAGES)
    head, whole = recipe.stages()
    assert head.optimizer == Optimizer(name="sgd")  # a whole section, not the recipe's rate
    assert whole.optimizer == recipe.optimizer
    assert (head.selection, whole.selection) == (
        recipe.selection,
        Selection(metric="roc_auc", patience=4),
    )
    assert head.schedule == whole.schedule == recipe.schedule
    assert head.transfer.freeze == ("backbone.conv1*", "backbone.*")
    assert whole.transfer.freeze == ("backbone.conv1*",)
    assert [each.stage for each in (head, whole)] == [(), ()]
    assert {each.seed for each in (head, whole)} == {recipe.seed}


def test_the_training_limits_the_epochs_of_each():
    recipe = Recipe.parse(STAGES)
    assert [stage.training.epochs for stage in recipe.stages()] == [3, 7]
    assert recipe.epochs == 10
    assert recipe.replaced(training__epochs=2).epochs == 4


def test_without_stages_there_is_the_recipe():
    recipe = Recipe.parse(STAGES).replaced(stage=[])
    assert recipe.stages() == (recipe,)
    assert recipe.epochs == 7


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('name = "whole"', 'name = "head"', "`stage`.*different names"),
        ('name = "whole"', 'name = "../x"', r"`stage\.1\.name`"),
        ("epochs = 20", "epochs = 0", r"`stage\.1\.epochs`"),
        ("epochs = 20", "epoch = 20", r"unknown key `stage\.1\.epoch`.*Did you mean 'epochs'"),
        ('optimizer.name = "sgd"', "optimizer.rate = 1", r"`stage\.0\.optimizer\.rate`.*betas"),
    ],
)
def test_mistakes_are_named(old, new, message):
    with pytest.raises(ArgumentError, match=message):
        Recipe.parse(STAGES.replace(old, new))
