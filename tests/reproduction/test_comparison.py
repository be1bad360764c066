from __future__ import annotations

import json

import pytest

from toomre.reproduction.comparison import Comparison
from toomre.reproduction.outcome import Judged, Outcome
from toomre.reproduction.table import read_table


def outcome(row, seed, values, **changes):
    tests = {
        name: Judged(
            images=200,
            galaxies=50,
            mergers=90,
            metrics={metric: (value, 0.1, 0.9) for metric, value in found.items()},
        )
        for name, found in values.items()
    }
    fields = {
        "model_id": "a@b",
        "epochs": 4 + seed,
        "best_epoch": 3,
        "seconds_per_epoch": 2.0 * seed,
        "images": 700,
        "target_images": 650,
    }
    return Outcome(row=row, recipe="r", seed=seed, tests=tests, **{**fields, **changes})


def six(accuracy, **changes):
    names = ("roc_auc", "purity", "completeness", "f1", "brier_score")
    return {"accuracy": accuracy, **dict.fromkeys(names, 0.5), **changes}


@pytest.fixture
def comparison():
    table = read_table("T5")
    rows = table.rows("DeepMerge: MMD")[:1]
    found = [
        outcome(rows[0].name, 1, {"source": six(0.84), "target": six(0.70, purity=None)}),
        outcome(rows[0].name, 2, {"source": six(0.88), "target": six(0.74)}),
    ]
    return Comparison(table, rows, tuple(found), ("On mocks.", "Made by `me`."))


def test_lines(comparison):
    frame = comparison.frame.set_index(["tested_on", "metric"])
    one = frame.loc[("target", "accuracy")]
    assert one["mean"] == pytest.approx(0.72)
    assert one["std"] == pytest.approx(0.0283, abs=1e-4)
    assert one["lower"] < 0.7
    assert one["upper"] > 0.74
    assert (one["published"], one["spread"]) == (0.77, 0.01)
    assert one["difference"] == pytest.approx(-0.05)
    assert (one["seconds_per_epoch"], one["epochs"]) == (3.0, 5.5)
    assert (one["training_images"], one["target_images"], one["test_galaxies"]) == (700, 650, 50)
    assert frame.loc[("target", "purity"), "seeds"] == 1
    assert len(frame) == 2 * 6


def test_markdown(comparison):
    text = comparison.to_markdown()
    assert text.startswith("# T5: DeepMerge II: simulation to simulation, ten seeds\n")
    assert "- On mocks.\n- Made by `me`.\n" in text
    lines = [line for line in text.splitlines() if line.startswith("|")]
    assert {line.count("|") for line in lines} == {12}
    titles = [cell.strip() for cell in lines[0].split("|")]
    accuracy, purity = titles.index("accuracy"), titles.index("purity")
    ours, published, difference = (
        [cell.strip() for cell in line.split("|")] for line in lines[5:8]
    )
    assert (ours[1], ours[2], ours[3]) == ("", "target", "ours")
    assert ours[accuracy] == "0.720 ± 0.028 (0.466 to 0.974)"
    assert ours[purity] == "0.500 (0.100 to 0.900) [1 of 2]"
    assert published[accuracy] == "0.77 ± 0.01"
    assert difference[accuracy] == "-0.050"
    assert lines[2].startswith("| DeepMerge: MMD | source | ours |")
    assert lines[2].endswith("| 3.0 | 6 |")
    assert "DeepMerge: MMD: 700 training images and 650 of the target; tested on 200" in text


def test_ranges_and_corrections():
    ranges = read_table("T2")
    rows = ranges.rows("pristine")
    found = outcome(rows[0].name, 1, {"pristine": six(0.74)})
    text = Comparison(ranges, rows, (found,), ()).to_markdown()
    assert "| 0.76 to 0.79 |" in text
    assert "| -0.020 |" in text
    table = read_table("T3")
    rows = table.rows("DeepMerge: adversarial")[:1]
    found = outcome(rows[0].name, 1, {"source": six(0.8), "target": six(0.7)})
    assert "| 0.87 [0.885] |" in Comparison(table, rows, (found,), ()).to_markdown()


def test_the_published_split_has_its_own_lines():
    table = read_table("T1")
    rows = table.rows("trained on noisy")
    found = [
        outcome(rows[0].name, seed, {"noisy": six(value), "pristine": six(0.6)}, protocol=protocol)
        for protocol, values in (("paper", (0.80, 0.82)), ("grouped", (0.70, 0.72)))
        for seed, value in enumerate(values, start=1)
    ]
    made = Comparison(table, rows, tuple(found), ())
    lines = [line for line in made.to_markdown().splitlines() if line.startswith("|")]
    assert len(lines) == 2 + 2 * 5
    cells = [[cell.strip() for cell in line.split("|")[1:6]] for line in lines[2:7]]
    assert [each[:3] for each in cells] == [
        ["trained on noisy", "noisy", "ours"],
        ["", "", "ours, published split"],
        ["", "", "published"],
        ["", "", "difference"],
        ["", "", "difference, published split"],
    ]
    assert [each[4].split(" ")[0] for each in cells] == [
        "0.710",
        "0.810",
        "0.76",
        "-0.050",
        "+0.050",
    ]
    frame = made.frame.query("tested_on == 'noisy' and metric == 'accuracy'")
    assert frame.set_index("protocol")["mean"].to_dict() == pytest.approx(
        {"grouped": 0.71, "paper": 0.81}
    )
    assert (frame["of_seeds"] == 2).all()


def test_cpu_seconds_are_in_brackets_where_all_seeds_have_them():
    table = read_table("T1")
    rows = table.rows("trained on noisy")
    tests = {"noisy": six(0.7), "pristine": six(0.6)}

    def shown(*seconds):
        found = [
            outcome(rows[0].name, seed, tests, cpu_seconds_per_epoch=each)
            for seed, each in enumerate(seconds, start=1)
        ]
        made = Comparison(table, rows, tuple(found), ())
        (line,) = [each for each in made.to_markdown().splitlines() if "| noisy | ours |" in each]
        return line.split("|")[-3].strip(), made.to_dict()["numbers"][0]["cpu_seconds_per_epoch"]

    assert shown(3.5, 4.5) == ("3.0 (4.0)", 4.0)
    assert shown(3.5, None) == ("3.0", None)
    assert shown(None) == ("2.0", None)


def test_json_has_no_nan(comparison):
    text = json.dumps(comparison.to_dict(), allow_nan=False)
    found = json.loads(text)
    assert found["table"] == "T5"
    assert len(found["trainings"]) == 2
    assert found["numbers"][0]["published_low"] is None


def test_a_row_that_was_left_out_says_why():
    table = read_table("T10")
    rows = table.rows("VGG-16: from scratch")
    averages = {f"averaged_{name}": 0.9 for name in ("purity", "completeness", "f1")}
    found = outcome(rows[0].name, 1, {"sdss": {**averages, "roc_auc": 0.95}})
    reason = "weights not at hand: `toomre fetch imagenet:vgg16`"
    made = Comparison(table, rows, (found,), (), {"VGG-16: transfer": reason})
    lines = [line for line in made.to_markdown().splitlines() if line.startswith("|")]
    assert {line.count("|") for line in lines} == {10}
    ours, published = lines[-2:]
    assert ours.startswith(f"| VGG-16: transfer | sdss | ours | {reason} |")
    assert published == "|  |  | published | 0.97 | 0.97 | 0.97 | - |  |  |"
    assert made.to_dict()["left_out"] == {"VGG-16: transfer": reason}
    assert set(made.frame["row"]) == {"VGG-16: from scratch"}
