from __future__ import annotations

import pytest

from toomre.recipe import Recipe, Transfer
from toomre.recipes.shipped import open_recipe


def test_what_came_later_is_written_where_it_is_used():
    assert "frozen_batch_norm" not in Transfer().model_dump()
    used = Transfer(frozen_batch_norm="batch_statistics").model_dump()
    assert used["frozen_batch_norm"] == "batch_statistics"


@pytest.mark.parametrize(
    ("name", "sha256"),
    [
        ("deepmerge2-mmd", "b3f7c917d4f522ff"),
        ("sdss-jpeg", "9d5420215393d9bd"),
    ],
)
def test_older_recipes_keep_their_hash(name, sha256):
    """Else runs of earlier versions could not be gone on with, and tables would start anew."""
    assert open_recipe(name).sha256.startswith(sha256)


def test_it_is_read_as_it_was_written():
    recipe = open_recipe("s004-vgg16-transfer")
    assert Recipe.parse(recipe.to_toml()) == recipe
    other = recipe.replaced(transfer__frozen_batch_norm="batch_statistics")
    assert Recipe.parse(other.to_toml()) == other
    assert other.sha256 != recipe.sha256
