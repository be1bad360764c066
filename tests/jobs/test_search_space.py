from __future__ import annotations

import numpy as np
import pytest

from toomre.errors import ArgumentError, MissingFileError
from toomre.jobs.search_places import changed
from toomre.jobs.search_space import Range, SearchSpace, default_space, read_space
from toomre.recipes.shipped import open_recipe


class Draws:
    """What Optuna does, at random."""

    def __init__(self, rng):
        self.rng = rng

    def suggest_categorical(self, name, choices):
        return choices[self.rng.integers(len(choices))]

    def suggest_float(self, name, low, high, *, log):
        return float(np.exp(self.rng.uniform(np.log(low), np.log(high)))) if log else high

    def suggest_int(self, name, low, high, *, log):
        return int(self.rng.integers(low, high + 1))


def test_a_file_is_the_sections_of_a_recipe(tmp_path, rng, tiny_recipe):
    path = tmp_path / "space.toml"
    path.write_text(
        """
        optimizer.learning_rate = { low = 1e-4, high = 1e-2, log = true }
        optimizer.name = ["adam", "adamw"]
        [loss.cross_entropy]
        weight = [0.5, 1.0]
        options.label_smoothing = [0.0, 0.1]
        [training]
        batch_size = { low = 8, high = 16 }
        """
    )
    space = read_space(path)
    assert space.entries == {
        "optimizer.learning_rate": Range(1e-4, 1e-2, True),
        "optimizer.name": ("adam", "adamw"),
        "loss.cross_entropy.weight": (0.5, 1.0),
        "loss.cross_entropy.options.label_smoothing": (0.0, 0.1),
        "training.batch_size": Range(8, 16),
    }
    assert space.sha256 != SearchSpace({}).sha256
    sizes, rates = set(), []
    for _ in range(60):
        recipe = changed(tiny_recipe, space.suggest(Draws(rng)))
        sizes.add(recipe.training.batch_size)
        rates.append(recipe.optimizer.learning_rate)
        assert recipe.loss[0].options["label_smoothing"] in {0.0, 0.1}
        assert recipe.input == tiny_recipe.input
    assert sizes == set(range(8, 17))
    assert 1e-4 < min(rates) < 3e-4
    assert changed(tiny_recipe, space.middle()).loss[0].weight == 0.5


def test_the_published_space_is_the_default(tiny_recipe):
    recipe = tiny_recipe.replaced(
        loss=[{"name": "cross_entropy"}, {"name": "mmd"}, {"name": "fisher"}],
        schedule={"name": "triangle"},
    )
    entries = default_space(recipe).entries
    assert entries["loss.mmd.weight"] == (0.01, 0.05, 0.1, 0.5, 1.0)
    assert entries["schedule.cycle_length"] == (2, 4, 5, 8, 10)
    assert len(entries) == 4
    assert len(default_space(tiny_recipe).entries) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a = 3", "Expected `a` to be a list of choices, or"),
        ("a = []", "Expected `a`"),
        ("a = { low = 2, high = 1 }", "low < high"),
        ("a = { low = 0, high = 1, log = true }", "low < high"),
        ("a = { low = 0, high = 1, lag = true }", "low < high"),
        ("a = [[1, 2], [3, 4]]", "Expected `a`"),
        ('a.b = { low = "a", high = "b" }', "Expected `a.b` to be .* numbers low < high"),
        ("a = { low = 1, high = '2' }", "Expected `a`"),
        ("a = { low = false, high = true }", "Expected `a`"),
        ("a = { low = 1, high = inf }", "Expected `a`"),
        ("a = { low = nan, high = 1 }", "Expected `a`"),
        ("a = { low = 1, high = 2, log = 1 }", "Expected `a`"),
        ("a = { low = [1], high = {} }", "Expected `a`"),
        ("", "is empty"),
        ("a = ", "not a readable search space"),
    ],
)
def test_a_wrong_space_is_refused(tmp_path, text, message):
    (tmp_path / "space.toml").write_text(text)
    with pytest.raises(ArgumentError, match=message):
        read_space(tmp_path / "space.toml")


def test_no_file(tmp_path):
    with pytest.raises(MissingFileError, match="no search space"):
        read_space(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("name", "rates"),
    [
        ("s004-densenet121-transfer", 2),
        ("s004-efficientnet-lite0-transfer", 2),
        ("s004-inception-v3-transfer", 2),
        ("s004-vgg16-transfer", 2),
        ("gz2-transfer", 1),
        ("deepmerge2-mmd", 1),
    ],
)
def test_every_value_of_the_default_space_changes_the_training(name, rates):
    """What a training goes by is its stages, each as a recipe of its own."""
    recipe = open_recipe(name)
    space = default_space(recipe)
    space.check(recipe)
    for place, choices in space.entries.items():
        made = [changed(recipe, {place: choice}).stages() for choice in choices]
        assert len({str(stages) for stages in made}) == len(choices) > 1, place
    assert sum(place.endswith("optimizer.learning_rate") for place in space.entries) == rates


def test_a_space_is_checked_with_every_value_of_it(tiny_recipe):
    for entry in ((0.5, -1.0), Range(0.5, -1.0), Range(-1.0, 0.5)):
        with pytest.raises(ArgumentError, match=r"optimizer\.weight_decay.*got -1\.0"):
            SearchSpace({"optimizer.weight_decay": entry}).check(tiny_recipe)
    SearchSpace({"optimizer.weight_decay": (0.5, 1.0)}).check(tiny_recipe)


def test_a_file_reaches_the_stages(tmp_path, tiny_recipe):
    path = tmp_path / "space.toml"
    path.write_text("[stage.head.optimizer]\nlearning_rate = [0.1, 0.2]\n")
    recipe = tiny_recipe.replaced(stage=[{"name": "head", "epochs": 1}])
    space = read_space(path)
    space.check(recipe)
    assert changed(recipe, space.middle()).stages()[0].optimizer.learning_rate == 0.1
