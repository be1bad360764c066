from __future__ import annotations

import pandas as pd
import pytest

from toomre.errors import ArgumentError
from toomre.evaluation.bias.columns import COLUMNS, choose_columns, merger_state


def test_states_from_each_of_the_columns_that_tell():
    label = pd.array([1, 1, 0, None], "Int8")
    wanted = ["past merger", "future merger", "nonmerger", "nonmerger"]
    for columns in (
        {"past": [True, False, True, True]},
        {"past_merger": pd.array([1, 0, 0, 0], "Int8")},
        {"time_to_merger": [-0.1, 0.2, float("nan"), 0.1]},
        {"time_to_merger": [0.0, 0.2, -1.0, 0.1]},
    ):
        assert merger_state(pd.DataFrame({"label": label, **columns})).tolist() == wanted


def test_a_merger_of_which_nothing_is_known_is_a_merger():
    table = pd.DataFrame({"label": [1, 1], "past": pd.array([None, True], "boolean")})
    assert merger_state(table).tolist() == ["merger", "past merger"]
    assert merger_state(table[["label"]]).tolist() == ["merger", "merger"]
    table["time_to_merger"] = [0.1, 0.1]
    assert merger_state(table).tolist() == ["future merger", "past merger"]


def test_the_columns_that_can_tell_something():
    table = pd.DataFrame(
        {
            "redshift": [2.0, 2.0, 2.0],
            "camera": [0, 1, 2],
            "log_mass": [9.0, 10.0, None],
            "stage": ["a", "b", "a"],
            "morph": ["e", "s", "s"],
            "votes": [0.1, 0.2, 0.3],
            "few": [1, 2, 3],
            "many": [10, 20, 30],
        }
    )
    table = pd.concat([table.assign(many=table["many"] + k) for k in range(4)])
    assert [column.name for column in choose_columns(table)] == ["stage", "log_mass", "camera"]
    asked = {column.name: column.kind for column in choose_columns(table, list(table)[1:])}
    assert asked == {
        "camera": "category",
        "log_mass": "number",
        "stage": "category",
        "morph": "category",
        "votes": "number",
        "few": "category",
        "many": "number",
    }
    with pytest.raises(ArgumentError, match="columns.*stage.*got 'mass'"):
        choose_columns(table, ["mass"])
    with pytest.raises(ArgumentError, match="differ between images"):
        choose_columns(table, ["redshift"])


def test_a_known_number_that_came_as_text_is_a_category():
    (column,) = choose_columns(pd.DataFrame({"radius": ["small", "large"]}))
    assert (column.title, column.kind) == (COLUMNS["radius"].title, "category")
