from __future__ import annotations

import pytest
from pydantic import ValidationError

from toomre.errors import ArgumentError, MissingFileError
from toomre.recipe import Recipe

GOOD = """
name = "a"
backbone.name = "deepmerge2"
head.name = "deepmerge2"
[[loss]]
name = "cross_entropy"
"""


def test_unknown_key_names_the_allowed_ones():
    with pytest.raises(ArgumentError) as caught:
        Recipe.parse(GOOD + "[optimizer]\nlearning_rat = 1e-3\n", "my.toml")
    text = str(caught.value)
    assert text.startswith("my.toml has 1 mistake(s)")
    assert "unknown key `optimizer.learning_rat`" in text
    assert "allowed here: amsgrad, backbone_factor, betas, " in text
    assert "learning_rate, momentum, name, nesterov, weight_decay." in text
    assert "Did you mean 'learning_rate'?" in text


def test_unknown_key_in_a_list_of_tables():
    with pytest.raises(ArgumentError, match=r"`loss.0.wieght`.*name, options, weight"):
        Recipe.parse(GOOD + "wieght = 2\n")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("training.epochs = 0", "training.epochs"),
        ("training.epochs = 'many'", "training.epochs"),
        ("name = 'b'", "not valid TOML"),
        ("seed = -1", "seed"),
        ("optimizer.name = 'sgdx'", "adam"),
        ("augmentation.zoom = nan", "augmentation.zoom"),
        ("selection.metric = 'target_accuracy'", "selection.metric.*target_entropy"),
        ("schedule.momentum = [0.95, 0.85]", r"schedule.momentum.*expected \[low, high\]"),
        ("schedule.momentum = [0.95]", r"schedule.momentum.*expected \[low, high\]"),
        ("schedule.plateau.factor = 2", "schedule.plateau.factor"),
        ("optimizer.factors.head = 0", "optimizer.factors.head"),
    ],
)
def test_bad_values_are_named(line, message):
    head, loss = GOOD.split("[[loss]]")
    with pytest.raises(ArgumentError, match=message):
        Recipe.parse(f"{head}{line}\n[[loss]]{loss}")


def test_frozen_and_strict_about_files(tmp_path):
    recipe = Recipe.parse(GOOD)
    with pytest.raises(ValidationError):
        recipe.seed = 2
    with pytest.raises(MissingFileError, match="no recipe"):
        Recipe.read(tmp_path / "none.toml")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ArgumentError, match="not a readable recipe"):
        Recipe.read(tmp_path / "binary.toml")


def test_hash_follows_the_content_not_the_text():
    assert Recipe.parse(GOOD).sha256 == Recipe.parse("# a comment\n" + GOOD).sha256
    assert Recipe.parse(GOOD).sha256 != Recipe.parse(GOOD).replaced(seed=2).sha256


def test_replaced_checks_the_value():
    with pytest.raises(ArgumentError, match="batch_size"):
        Recipe.parse(GOOD).replaced(training__batch_size=1)
