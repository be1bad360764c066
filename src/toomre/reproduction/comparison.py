"""Our numbers beside the published ones: as a table of data, and as Markdown."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from toomre.reproduction.outcome import Outcome
from toomre.reproduction.over_seeds import over_seeds
from toomre.reproduction.table import Published, Row, Table

__all__ = ["PUBLISHED_SPLIT", "Comparison"]

#: What a line on the published split is called, after a row's name.
PUBLISHED_SPLIT = ", published split"

_NAMES = {
    "roc_auc": "ROC-AUC",
    "f1": "F1",
    "brier_score": "Brier score",
}


@dataclass(frozen=True, eq=False)
class Comparison:
    """A published table with our numbers.

    Attributes
    ----------
    table
        The published one.
    rows
        Those that were trained.
    outcomes
        One a row, seed and protocol of the split; with both protocols they stand side by side.
    head
        How the numbers came about, a sentence each.
    left_out
        Name of a row that could not be trained -> why.
    """

    table: Table
    rows: tuple[Row, ...]
    outcomes: tuple[Outcome, ...]
    head: tuple[str, ...]
    left_out: Mapping[str, str] = field(default_factory=dict)

    @property
    def frame(self) -> pd.DataFrame:
        """One line a row, test and metric; the columns explain themselves."""
        return pd.DataFrame(list(self._lines()))

    def to_dict(self) -> dict[str, Any]:
        """Return everything for JSON, with None for NaN."""
        lines = [
            {key: _plain(value) for key, value in line.items()}
            for line in self.frame.to_dict("records")
        ]
        return {
            "table": self.table.name,
            "title": self.table.title,
            "source": self.table.source,
            "head": list(self.head),
            "notes": list(self.table.notes),
            "left_out": dict(self.left_out),
            "numbers": lines,
            "trainings": [each.model_dump(mode="json") for each in self.outcomes],
        }

    def to_markdown(self) -> str:
        """Return the table for people: three lines a test (ours, published, difference).

        Where there are both protocols, there are five: a second line of ours, on the published
        split, and its difference.
        """
        names = [_words(metric) for metric in self.table.metrics]
        titles = ["training", "tested on", "", *names, "s/epoch", "epochs"]
        text = [f"# {self.table.name}: {self.table.title}", f"Published: {self.table.source}."]
        text += ["\n".join(f"- {line}" for line in (*self.head, *self.table.notes))]
        lines = [_line(titles), _line(["---"] * len(titles))]
        for row in self.rows:
            for tested in row.tests:
                lines += [_line(cells) for cells in self._cells(row, tested)]
        for row in self.table.row:
            if row.name in self.left_out:
                lines += [_line(cells) for cells in self._cells_left_out(row)]
        return "\n\n".join([*text, "\n".join(lines), self._trained_on()]) + "\n"

    def _of(self, row: Row) -> list[tuple[str, list[Outcome]]]:
        """Return a row's outcomes of each protocol, the grouped one first, and what to call it."""
        own = [outcome for outcome in self.outcomes if outcome.row == row.name]
        protocols = sorted({outcome.protocol for outcome in own})
        found = [[each for each in own if each.protocol == name] for name in protocols]
        return list(zip(("", PUBLISHED_SPLIT), found, strict=False))

    def _lines(self) -> Iterator[dict[str, Any]]:
        for row in self.rows:
            for (_, own), (tested, published) in product(self._of(row), row.tests.items()):
                sample = own[0].tests[tested]
                for place, metric in enumerate(self.table.metrics):
                    ours = over_seeds([each.tests[tested].interval(metric) for each in own])
                    yield {
                        "row": row.name,
                        "recipe": row.recipe,
                        "protocol": own[0].protocol,
                        "tested_on": tested,
                        "metric": metric,
                        **asdict(ours),
                        "of_seeds": len(own),
                        **_printed(published, place, metric),
                        "difference": published.difference(place, metric, ours.mean),
                        "seconds_per_epoch": _mean([each.seconds_per_epoch for each in own]),
                        "cpu_seconds_per_epoch": _mean(
                            [each.cpu_seconds_per_epoch or math.nan for each in own]
                        ),
                        "epochs": _mean([each.epochs for each in own]),
                        "training_images": own[0].images,
                        "target_images": own[0].target_images,
                        "test_images": sample.images,
                        "test_galaxies": sample.galaxies,
                    }

    def _cells(self, row: Row, tested: str) -> list[list[str]]:
        """Return the lines of a test: ours, published, difference; ours once for each protocol."""
        wanted = (row.name, tested)
        lines = [each for each in self._lines() if (each["row"], each["tested_on"]) == wanted]
        first = tested == next(iter(row.tests))
        ours: list[list[str]] = []
        differences = []
        for which, outcomes in self._of(row):
            own = [each for each in lines if each["protocol"] == outcomes[0].protocol]
            names = [row.name if first and not ours else "", "" if ours else tested]
            ours.append([*names, f"ours{which}", *map(_ours, own), *_cost(own[0], first)])
            signed = (_signed(each["difference"]) for each in own)
            differences.append(["", "", f"difference{which}", *signed, "", ""])
        printed = lines[: len(self.table.metrics)]
        return [*ours, ["", "", "published", *map(_theirs, printed), "", ""], *differences]

    def _cells_left_out(self, row: Row) -> Iterator[list[str]]:
        """Give two lines a test: why there is nothing of ours, and what was published."""
        empty = ["-"] * (len(self.table.metrics) - 1)
        for tested, one in row.tests.items():
            printed = [_printed(one, k, metric) for k, metric in enumerate(self.table.metrics)]
            first = row.name if tested == next(iter(row.tests)) else ""
            yield [first, tested, "ours", self.left_out[row.name], *empty, "", ""]
            yield ["", "", "published", *map(_theirs, printed), "", ""]

    def _trained_on(self) -> str:
        """Say how many images there were."""
        sentences = []
        named = ((row.name + which, own[0]) for row in self.rows for which, own in self._of(row))
        for name, one in named:
            target = f" and {one.target_images} of the target" if one.target_images else ""
            tests = ", ".join(
                f"{each.images} images of {each.galaxies} galaxies ({tested})"
                for tested, each in one.tests.items()
            )
            sentences.append(f"{name}: {one.images} training images{target}; tested on {tests}")
        return "Images: " + ". ".join(dict.fromkeys(sentences)) + "."


def _cost(line: dict[str, Any], shown: bool) -> list[str]:
    """Return the seconds of an epoch, with the CPU's if known, and the epochs: once a row."""
    if not shown:
        return ["", ""]
    cpu = line["cpu_seconds_per_epoch"]
    known = "" if math.isnan(cpu) else f" ({cpu:.1f})"
    return [f"{line['seconds_per_epoch']:.1f}{known}", f"{line['epochs']:.0f}"]


def _printed(published: Published, place: int, metric: str) -> dict[str, float]:
    columns = {"published": published.value, "spread": published.spread}
    columns |= {"published_low": published.low, "published_high": published.high}
    found = {key: values[place] if values else math.nan for key, values in columns.items()}
    return {**found, "corrected": published.corrected.get(metric, math.nan)}


def _ours(line: dict[str, Any]) -> str:
    if math.isnan(line["mean"]):
        return "-"
    scatter = "" if math.isnan(line["std"]) else f" ± {line['std']:.3f}"
    ends = f" ({line['lower']:.3f} to {line['upper']:.3f})"
    few = "" if line["seeds"] == line["of_seeds"] else f" [{line['seeds']} of {line['of_seeds']}]"
    return f"{line['mean']:.3f}{scatter}" + ("" if math.isnan(line["lower"]) else ends) + few


def _theirs(line: dict[str, Any]) -> str:
    if not math.isnan(line["published_low"]):
        return f"{line['published_low']:g} to {line['published_high']:g}"
    if math.isnan(line["published"]):
        return "-"
    scatter = "" if math.isnan(line["spread"]) else f" ± {line['spread']:g}"
    right = "" if math.isnan(line["corrected"]) else f" [{line['corrected']:g}]"
    return f"{line['published']:g}{scatter}{right}"


def _signed(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:+.3f}"


def _words(metric: str) -> str:
    return _NAMES.get(metric, metric.replace("_", " "))


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
