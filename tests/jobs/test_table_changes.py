from __future__ import annotations

from dataclasses import replace

import pytest

from toomre.jobs.table_changes import changes_in_words, changes_of
from toomre.jobs.table_options import ReproduceOptions
from toomre.preparation.prepared import PreparedSet
from toomre.reproduction.table import read_table

T4 = read_table("T4")


@pytest.fixture
def images(tiny_set):
    return dict.fromkeys(T4.data, PreparedSet.open(tiny_set))


def published(prepared):
    return replace(prepared, info=prepared.info.model_copy(update={"protocol": "paper"}))


def test_the_later_ones_are_in_front(images):
    usual = ReproduceOptions()
    (row,) = T4.rows("transfer")
    own = {"transfer.normalisation": "measured", "input.stretch": "asinh"}
    assert changes_of(row, T4, images, usual) == {"training.epochs": 40, **own}
    start = T4.starts["distant"]
    assert changes_of(start, T4, images, usual)["training.epochs"] == 12
    assert changes_of(start, T4, images, ReproduceOptions(epochs=3))["training.epochs"] == 3


def test_the_published_split_matters_to_what_is_trained_on_it(images, tmp_path):
    """Copies of the test part or of the target leave a training with the originals its flips."""
    options = ReproduceOptions(data=tmp_path)
    mixed = {**images, "target": published(images["target"])}
    found = {row.name: changes_of(row, T4, mixed, options) for row in T4.row}
    assert found == {
        "source only": {},
        "MMD": {},
        "MMD + transfer": {},
        "trained on the target": {"augmentation.flips": False},
    }
    wanted = "Unlike the recipes of trained on the target: augmentation.flips = False."
    assert changes_in_words(T4, T4.row, mixed, options) == [wanted]


def test_words_for_all_rows_for_some_and_for_starts(images):
    assert changes_in_words(T4, T4.row, images, ReproduceOptions()) == [
        "Unlike the recipes: training.epochs = 40.",
        "Unlike the recipes of MMD + transfer: transfer.normalisation = measured, "
        "input.stretch = asinh.",
        "Unlike the recipes of start distant: training.epochs = 12, "
        "schedule.cycle_length = 6.5, input.stretch = asinh.",
    ]
    said = changes_in_words(T4, T4.row, images, ReproduceOptions(epochs=3))
    assert said[0] == "Unlike the recipes: training.epochs = 3."
    assert said[-1].endswith("distant: schedule.cycle_length = 6.5, input.stretch = asinh.")


def test_rows_with_the_same_changes_share_a_sentence(images):
    t7 = read_table("T7")
    sets = dict.fromkeys(t7.data, images["source"])
    said = changes_in_words(t7, t7.row, sets, ReproduceOptions())
    assert said == [
        f"Unlike the recipes of {'; '.join(names)}: {text}."
        for names, text in (
            (
                [*(row.name for row in t7.row[:5]), t7.row[9].name, "start distant"],
                "training.epochs = 12, schedule.cycle_length = 6.5, input.stretch = asinh",
            ),
            (
                [row.name for row in t7.row[5:9]],
                "training.epochs = 12, schedule.cycle_length = 1.625, input.stretch = asinh",
            ),
            (["to real: source only", "to real: MMD"], "training.epochs = 40"),
            (
                ["to real: MMD + transfer"],
                "training.epochs = 40, transfer.normalisation = measured, input.stretch = asinh",
            ),
        )
    ]
