from __future__ import annotations

import pytest

from toomre.errors import ArgumentError
from toomre.jobs.search_places import changed, check_places, in_effect
from toomre.recipe import Recipe

STAGED = """
name = "staged"
backbone.name = "deepmerge2"
head.name = "deepmerge2"
optimizer = {{ name = "adamw", learning_rate = {rate}, weight_decay = {decay} }}
loss = [{{ name = "cross_entropy", weight = {weight} }}]

[[stage]]
name = "head.1"
epochs = {epochs}
{head}

[[stage]]
name = "head"
epochs = 9
optimizer = {{ name = "sgd", learning_rate = {own} }}
"""


def staged(**values) -> Recipe:
    plain = {"rate": 0.1, "decay": 0.2, "weight": 1.0, "epochs": 2, "head": "", "own": 0.3}
    return Recipe.parse(STAGED.format(**{**plain, **values}))


@pytest.mark.parametrize(
    ("values", "written"),
    [
        ({"optimizer.learning_rate": 0.5}, {"rate": 0.5}),
        ({"loss.cross_entropy.weight": 0.5}, {"weight": 0.5}),
        ({"stage.head.optimizer.learning_rate": 0.5}, {"own": 0.5}),
        ({"stage.head.1.epochs": 5}, {"epochs": 5}),
        (
            {"stage.head.1.schedule.name": "one_cycle"},
            {"head": 'schedule.name = "one_cycle"'},
        ),
        (
            # A stage's own section begins as the recipe's, whichever is named first.
            {"stage.head.1.optimizer.learning_rate": 0.5, "optimizer.weight_decay": 0.7},
            {
                "decay": 0.7,
                "head": 'optimizer = { name = "adamw", learning_rate = 0.5, weight_decay = 0.7 }',
            },
        ),
    ],
)
def test_a_changed_recipe_is_the_one_that_one_would_have_written(values, written):
    assert changed(staged(), values) == staged(**written)


def test_the_sections_that_a_training_goes_by(tiny_recipe):
    recipe = staged()
    assert in_effect(tiny_recipe, "optimizer") == {"optimizer": tiny_recipe.optimizer}
    assert in_effect(recipe, "optimizer") == {
        "optimizer": recipe.optimizer,
        "stage.head.optimizer": recipe.stage[1].optimizer,
    }
    assert list(in_effect(recipe, "selection")) == ["selection"]


def test_a_place_that_every_stage_overrides_is_refused():
    check_places(staged(), ["optimizer.learning_rate", "schedule.name", "training.batch_size"])
    recipe = staged(head='optimizer = { name = "adam" }')
    words = (
        r"got 'optimizer\.weight_decay'.*its own \[optimizer\]; take "
        r"stage\.head\.1\.optimizer\.weight_decay, stage\.head\.optimizer\.weight_decay\."
    )
    with pytest.raises(ArgumentError, match=words):
        check_places(recipe, ["optimizer.weight_decay"])
    check_places(recipe, ["schedule.name", "stage.head.optimizer.weight_decay"])


@pytest.mark.parametrize(
    "place",
    [
        "optimiser.learning_rate",
        "loss.mmd.weight",
        "optimizer.learning_rat",
        "seed",
        "loss.cross_entropy",
    ],
)
def test_a_place_that_the_recipe_has_not_is_named(tiny_recipe, place):
    with pytest.raises(ArgumentError, match=place.rsplit(".", maxsplit=1)[-1]):
        changed(tiny_recipe, {place: 0.1})


@pytest.mark.parametrize("place", ["stage.tail.epochs", "stage.head", "stage.head.warmup.name"])
def test_a_place_that_no_stage_has_is_named(place):
    with pytest.raises(ArgumentError, match=rf"got '{place}'.*stages: head\.1, head\."):
        changed(staged(), {place: 0.1})
    with pytest.raises(ArgumentError, match="stages: none"):
        changed(staged().replaced(stage=[]), {place: 0.1})
