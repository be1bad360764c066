from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
import pytest

from toomre.jobs import table_runs
from toomre.jobs.table_options import ReproduceOptions
from toomre.jobs.table_runs import TableRuns
from toomre.preparation.prepared import PreparedSet
from toomre.reproduction.table import read_table


@pytest.fixture
def make(tiny_set, tiny_target):
    """Make the runs of T4; the images are not looked at."""
    sets = {"source": tiny_set, "target": tiny_target}
    sets |= {"distant-source": tiny_set, "distant-target": tiny_target}
    images = {name: PreparedSet.open(folder) for name, folder in sets.items()}

    def make(rows=None, **options):
        table = read_table("T4")
        changed = {name: options.pop(name) for name in set(options) & set(images)}
        return TableRuns(
            table, table.rows(rows), {**images, **changed}, Path("r"), ReproduceOptions(**options)
        )

    return make


def test_every_row_with_every_seed_and_the_starts_once(make):
    runs = make(seeds=2)
    assert [(task.row, task.recipe.seed) for task in runs.starts()] == [
        ("start distant", 1),
        ("start distant", 2),
    ]
    tests = runs.tests()
    assert [task.recipe.seed for task in tests] == [1, 1, 1, 1, 2, 2, 2, 2]
    assert len({task.folder for task in tests}) == 8
    transfers = [task for task in tests if task.start is not None]
    assert [task.start for task in transfers] == [task.folder for task in runs.starts()]
    own = next(task for task in tests if task.row == "trained on the target")
    assert own.target is None
    assert set(own.tests) == {"target"}
    assert make("MMD", seeds=1).tests()[0].cost == 2 * make("source only").tests()[0].cost


def test_the_mocks_and_the_user_change_the_recipes(make, tmp_path):
    (task,) = make("transfer", seeds=1).tests()
    assert task.recipe.transfer.normalisation == "measured"
    assert task.recipe.training.epochs == read_table("T4").mocks.changes["training.epochs"]
    (task,) = make("transfer", seeds=1, epochs=3).tests()
    assert task.recipe.training.epochs == 3
    (task,) = make("transfer", seeds=1, data=tmp_path).tests()
    assert task.recipe.transfer.normalisation == "inherited"
    assert task.recipe.training.epochs == 200


def test_a_start_has_its_own_changes_on_the_mocks(make, tmp_path):
    (start,) = make("transfer", seeds=1).starts()
    assert (start.recipe.input.stretch, start.recipe.training.epochs) == ("asinh", 12)
    (start,) = make("transfer", seeds=1, epochs=3).starts()
    assert (start.recipe.input.stretch, start.recipe.training.epochs) == ("asinh", 3)
    (start,) = make("transfer", seeds=1, data=tmp_path).starts()
    assert (start.recipe.input.stretch, start.recipe.training.epochs) == ("none", 200)


@pytest.mark.parametrize(
    ("history", "wanted"),
    [
        ({"seconds": [1.0, 2.0]}, None),
        ({"seconds": [1.0, 2.0], "cpu_seconds": [math.nan, math.nan]}, None),
        ({"seconds": [1.0, 2.0, 3.0], "cpu_seconds": [math.nan, 4.0, 5.0]}, 4.5),
    ],
)
def test_cpu_seconds_of_old_histories_are_not_known(history, wanted):
    assert table_runs._cpu_seconds(pd.DataFrame(history)) == wanted


def test_a_folder_is_of_one_recipe_one_source_one_target_and_one_start(make, tiny_set):
    (usual,) = make("transfer", seeds=1).tests()
    (again,) = make("transfer", seeds=1, workers=3).tests()
    assert again.folder == usual.folder
    (longer,) = make("transfer", seeds=1, epochs=3).tests()
    (other,) = make("transfer", seeds=1, target=PreparedSet.open(tiny_set)).tests()
    (start,) = make("transfer", seeds=1, **{"distant-target": PreparedSet.open(tiny_set)}).tests()
    assert len({usual.folder, longer.folder, other.folder, start.folder}) == 4
