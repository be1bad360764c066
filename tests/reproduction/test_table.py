from __future__ import annotations

import math

import pytest
from pydantic import ValidationError

from toomre.errors import ArgumentError
from toomre.recipes.shipped import open_recipe, shipped_recipes
from toomre.reproduction.table import TABLES, Published, Row, Start, Table, changed, read_table

ALL = [read_table(name) for name in TABLES]


def numbers(table: str, row: str, tested: str) -> Published:
    (found,) = [each for each in read_table(table).row if each.name == row]
    return found.tests[tested]


def test_they_are_in_the_order_of_their_numbers():
    assert [*range(1, 9), 10] == [int(name.removeprefix("T")) for name in TABLES if name != "T9"]
    assert [table.name for table in ALL] == list(TABLES)


@pytest.mark.parametrize(
    ("table", "row", "tested", "field", "wanted"),
    [
        ("T1", "trained on noisy", "pristine", "value", (0.79, 0.56, 0.55, 0.98, 0.71, 0.30)),
        ("T1", "trained on pristine", "noisy", "spread", (0.02, 0.02, 0.01, 0.009, 0.02, 0.01)),
        ("T2", "trained on pristine", "pristine", "low", (0.83, 0.76, 0.72, 0.76, 0.78, 0.15)),
        ("T2", "trained on noisy", "noisy", "high", (0.83, 0.76, 0.80, 0.78, 0.77, 0.18)),
        (
            *("T3", "DeepMerge: source only", "target", "value"),
            (0.74, 0.58, 0.99, 0.08, 0.14, 0.47),
        ),
        ("T3", "ResNet-18: MMD", "source", "value", (0.96, 0.90, 0.93, 0.90, 0.91, 0.08)),
        ("T4", "MMD + transfer", "target", "value", (0.76, 0.69, 0.68, 0.74, 0.71, 0.23)),
        ("T5", "DeepMerge: MMD", "target", "spread", (0.01, 0.01, 0.02, 0.03, 0.01, 0.005)),
        ("T6", "MMD + transfer", "target", "value", (0.67, 0.62, 0.62, 0.64, 0.63, 0.27)),
        ("T7", "DeepMerge: MMD", "target", "value", (0.72, 0.19)),
        ("T7", "ResNet-18: adversarial + Fisher + entropy", "target", "value", (0.54, 0.12)),
        ("T7", "to real: source only", "near-target", "value", (0.80, 0.81)),
        ("T8", "MMD", "target", "value", (0.83, 0.76, 0.76, 0.80, 0.78, 0.24)),
        (
            *("T8", "to real: MMD + transfer", "near-source", "value"),
            (0.64, 0.64, 0.82, 0.32, 0.46, 0.36),
        ),
    ],
)
def test_numbers_are_those_of_the_documents(table, row, tested, field, wanted):
    assert getattr(numbers(table, row, tested), field) == wanted


def test_the_poster_has_three_numbers_a_row_and_ours_none():
    assert numbers("T10", "Inception-v3: transfer", "sdss").value[:3] == (0.25, 0.37, 0.20)
    for row in read_table("T10").row:
        known = [not math.isnan(value) for value in row.tests["sdss"].value]
        ours = row.name.startswith("EfficientNet") or "unrepaired" in row.name
        assert known == [not ours] * 3 + [False]
    good = {"from scratch": (0.96,) * 3, "transfer": (0.97,) * 3}
    for kind, wanted in good.items():
        for network in ("VGG-16", "DenseNet-121"):
            assert numbers("T10", f"{network}: {kind}", "sdss").value[:3] == wanted


def test_the_upper_bound_has_an_accuracy_alone():
    value = numbers("T4", "trained on the target", "target").value
    assert value[1] == 0.96
    assert all(math.isnan(value[place]) for place in (0, 2, 3, 4, 5))


@pytest.mark.parametrize("table", ALL, ids=lambda table: table.name)
def test_printed_numbers_agree_with_each_other(table):
    """F1 = 2 / (1/P + 1/R) to rounding, but where the table says what it must be."""
    if "f1" not in table.metrics:
        return
    purity, completeness, f1 = (table.metrics.index(x) for x in ("purity", "completeness", "f1"))
    for row in table.row:
        for name, one in row.tests.items():
            if not one.value or one.spread or math.isnan(one.value[f1]):
                continue
            p, c = one.value[purity], one.value[completeness]
            assert one.number(f1, "f1") == pytest.approx(2 * p * c / (p + c), abs=0.0151), (
                f"{row.name} {name}"
            )


def test_corrected_numbers_are_marked():
    one = numbers("T3", "DeepMerge: adversarial", "source")
    assert (one.value[4], one.number(4, "f1")) == (0.87, 0.885)
    one = numbers("T3", "ResNet-18: MMD + Fisher + entropy", "source")
    assert (one.value[4], one.number(4, "f1")) == (0.86, 0.90)


def test_recipes_are_there_and_every_published_one_is_in_a_table():
    used = {row.recipe for table in ALL for row in table.row}
    used |= {start.recipe for table in ALL for start in table.starts.values()}
    published = ("deepmerge1-", "deepmerge2-", "resnet18-", "s004-", "sim2real-")
    ours = {"distant-mmd", "distant-adversarial"}
    assert used - ours == {name for name in shipped_recipes() if name.startswith(published)}


def test_tables_of_seeds_train_what_the_single_tables_train():
    """T5 and T6 are the seeds of T3 and T4, so that runs can be shared."""
    for one, seeds in (("T1", "T2"), ("T3", "T5"), ("T4", "T6")):
        first, second = read_table(one), read_table(seeds)
        assert first.mocks == second.mocks
        names = {row.recipe: (row.source, row.target, row.start, row.mocks) for row in first.row}
        for row in second.row:
            assert names[row.recipe] == (row.source, row.target, row.start, row.mocks)


def on_mocks(table: Table, one: Row | Start) -> tuple[str, str, str]:
    """Return the recipe's hash and the images of a training on the mocks."""
    recipe = changed(open_recipe(one.recipe), table.mocks.changes, one.mocks.changes)
    target = table.data[one.target].mocks if one.target else ""
    return recipe.sha256, table.data[one.source].mocks, target


def test_matrices_and_starts_are_of_the_very_runs_of_the_other_tables():
    """T7 shows the matrices of T3's and T4's networks, and T4, T6 and T7 start from one of T3's."""
    t3, t4, t6, t7 = (read_table(name) for name in ("T3", "T4", "T6", "T7"))
    published = {on_mocks(table, row) for table in (t3, t4) for row in table.row}
    assert len(t7.row) == 13
    for row in t7.row:
        assert on_mocks(t7, row) in published, row.name
    distant = {on_mocks(t3, row) for row in t3.row}
    for table in (t4, t6, t7):
        assert on_mocks(table, table.starts["distant"]) in distant
    t8 = read_table("T8")
    assert on_mocks(t8, t8.starts["distant"]) in {on_mocks(t8, row) for row in t8.row}


@pytest.mark.parametrize("table", ALL, ids=lambda table: table.name)
def test_networks_of_distant_mocks_and_what_starts_from_them_see_asinh(table):
    for one in (*table.row, *table.starts.values()):
        recipe = changed(open_recipe(one.recipe), table.mocks.changes, one.mocks.changes)
        start = table.starts.get(getattr(one, "start", ""))
        sources = [one.source] if start is None else [one.source, start.source]
        distant = any(table.data[name].mocks.startswith("distant/") for name in sources)
        assert (recipe.input.stretch == "asinh") == distant


def test_all_cycles_are_shorter_by_the_same_factor():
    """But those of our own recipes, which have no triangles."""
    table = read_table("T3")
    factors = {}
    for row in table.row:
        own = open_recipe(row.recipe)
        if own.schedule.name == "triangle":
            ours = changed(own, table.mocks.changes, row.mocks.changes)
            factors[row.name] = ours.schedule.cycle_length / own.schedule.cycle_length
    assert len(factors) == 10
    assert set(factors.values()) == {6.5 / 8}


def test_rows_by_words():
    table = read_table("t3")
    assert len(table.rows()) == 12  # ten published, and two of ours
    assert {row.name.split(":")[0] for row in table.rows("deepmerge")} == {"DeepMerge"}
    assert [row.name for row in table.rows("ResNet-18: MMD +, DeepMerge: source")] == [
        "DeepMerge: source only",
        "ResNet-18: MMD + Fisher + entropy",
    ]
    assert [row.name for row in table.rows("deepmerge: mmd, ResNet-18: source")] == [
        "DeepMerge: MMD",
        "ResNet-18: source only",
    ]
    with pytest.raises(ArgumentError, match="DeepMerge: source only; DeepMerge: MMD"):
        table.rows("vgg")


@pytest.mark.parametrize("name", [*(f"T{number}" for number in range(1, 9)), "T10"])
def test_each_row_can_be_asked_for_by_its_whole_name(name):
    table = read_table(name)
    for row in table.row:
        assert table.rows(row.name) == (row,)


def test_a_table_that_is_not_there():
    with pytest.raises(ArgumentError, match="'T1', 'T10'"):
        read_table("T99")


def test_differences():
    one = Published(value=(0.8,), corrected={"f1": 0.9})
    assert one.difference(0, "f1", 0.95) == pytest.approx(0.05)
    assert one.difference(0, "accuracy", 0.75) == pytest.approx(-0.05)
    between = Published(low=(0.7,), high=(0.8,))
    found = [between.difference(0, "accuracy", value) for value in (0.65, 0.7, 0.75, 0.83)]
    assert found == pytest.approx([-0.05, 0, 0, 0.03])
    assert math.isnan(between.difference(0, "accuracy", math.nan))


@pytest.mark.parametrize(
    "change",
    [
        {"metrics": ("accuracy",)},
        {"data": {}},
        {"row": [{"name": "a", "recipe": "b", "source": "source", "tests": {}, "start": "no"}]},
        {"row": [{"name": "a", "recipe": "b", "source": "source", "tests": {}, "beside": "no"}]},
    ],
)
def test_a_table_that_contradicts_itself(change):
    values = read_table("T4").model_dump()
    with pytest.raises(ValidationError):
        Table.model_validate({**values, **change})


def test_the_last_change_wins():
    recipe = changed(
        open_recipe("deepmerge2-mmd"), {"training.epochs": 4, "seed": 2}, {"training.epochs": 3}
    )
    assert (recipe.training.epochs, recipe.seed) == (3, 2)
