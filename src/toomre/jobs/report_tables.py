"""The tables of a report: what the runs reach, beside baselines and published numbers."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from toomre.evaluation.bootstrap import Interval
from toomre.evaluation.page import Block, Code, Notes, Paragraph, Table
from toomre.jobs.report_judgement import Judgement
from toomre.jobs.report_runs import DOMAINS, Group, Reported
from toomre.reproduction.outcome import measure
from toomre.reproduction.over_seeds import over_seeds
from toomre.reproduction.table import TABLES, Published, Row, read_table
from toomre.reproduction.table import Table as PublishedTable

__all__ = ["cell", "names_only", "provenance", "published", "summary"]

_METRICS = {
    "roc_auc": "ROC-AUC",
    "accuracy": "accuracy",
    "purity": "purity",
    "completeness": "completeness",
    "f1": "F1",
    "brier_score": "Brier score",
    "expected_calibration_error": "calibration error",
}
_BASELINES = {"majority": "always the commoner class", "lookup": "label of the same galaxy id"}
_LIKE_FOR_LIKE = (
    "Ours are counted as the papers do: score before calibration, threshold 0.5. They bear a "
    "comparison only where the training images are the published ones."
)


def cell(interval: Interval) -> str:
    """Return a value with its interval for a table.

    Examples
    --------
    >>> cell(Interval(math.nan, math.nan, math.nan))
    'undefined'
    """
    return str(interval) if math.isfinite(interval.value) else "undefined"


def summary(groups: Sequence[Group], forests: Mapping[str, Mapping[str, Judgement]]) -> Table:
    """Return what runs, forests and baselines reach; `forests` is name -> domain -> numbers."""
    rows = []
    for domain in DOMAINS:
        for group in groups:
            judged = [one for one in group.runs if domain in one.domains]
            if len(judged) > 1:
                name = f"{group.name}, mean of {len(judged)} seeds"
                rows.append(_row(name, domain, "", group.metrics(domain)))
            for one in judged:
                name = f"{one.name}, seed {one.run.recipe.seed}"
                rows.append(_judged(name, domain, one.domains[domain]))
        for name, found in forests.items():
            if domain in found:
                rows.append(_judged(name, domain, found[domain]))
        rows += _baselines(groups, domain)
    caption = (
        "What each reaches on galaxies that it has not seen, with 95 % intervals: over galaxies, "
        "for means over seeds (Student's t). Of the Brier score and the expected calibration "
        "error, less is better."
    )
    return Table(caption, ("run", "domain", "images", *_METRICS.values()), rows)


def _judged(name: str, domain: str, one: Judgement) -> tuple[str, ...]:
    return _row(name, domain, str(one.record["n_images"]), one.metrics)


def _row(name: str, domain: str, images: str, metrics: Mapping[str, Interval]) -> tuple[str, ...]:
    return (name, domain, images, *(cell(metrics[m]) if m in metrics else "" for m in _METRICS))


def _baselines(groups: Sequence[Group], domain: str) -> Iterator[tuple[str, ...]]:
    """Give the baselines that no image was looked at for; runs on the same images share them."""
    seen: list[object] = []
    for one in (one for group in groups for one in group.judged(domain)):
        found = one.record.get("baselines", {})
        if found in seen:
            continue
        seen.append(found)
        for name, text in _BASELINES.items():
            known = {key: value for key, value in found.get(name, {}).items() if key in _METRICS}
            if known:
                numbers = ("" if known.get(m) is None else f"{known[m]:.3f}" for m in _METRICS)
                yield (text, domain, str(one.record["n_images"]), *numbers)


def published(groups: Sequence[Group]) -> list[Block]:
    """Return the published numbers beside ours, a table for each table that has the recipe."""
    blocks: list[Block] = []
    for name in TABLES:
        table = read_table(name)
        rows = [line for group in groups for row in table.row for line in _lines(table, row, group)]
        if rows:
            head = f"{table.name}: {table.title} ({table.source}). Behind ±: {table.spread}."
            head = head.removesuffix(" Behind ±: .")
            columns = ("row", "test", "numbers", *(_METRICS.get(m, m) for m in table.metrics))
            blocks += [Table(head, columns, rows), Notes(table.notes)]
    return [Paragraph(_LIKE_FOR_LIKE), *blocks] if blocks else []


def _lines(table: PublishedTable, row: Row, group: Group) -> Iterator[tuple[str, ...]]:
    if row.recipe != group.first.run.recipe.name:
        return
    for test, printed in row.tests.items():
        domain = "source" if test == row.source else "target"
        numbers = _printed_one(table, row, test, printed)
        ours = [measure(one.scores) for one in group.judged(domain)]
        if not ours:
            continue
        known = [
            _printed(numbers.value, numbers.spread, place)
            if numbers.value
            else f"{numbers.low[place]:g} to {numbers.high[place]:g}"
            for place in range(len(table.metrics))
        ]
        yield (row.name, test, "published", *known)
        over = [over_seeds([one.interval(metric) for one in ours]) for metric in table.metrics]
        found = [cell(Interval(one.mean, one.lower, one.upper)) for one in over]
        seeds = "ours" if len(ours) == 1 else f"ours, {len(ours)} seeds"
        yield (f"{row.name}: {group.name}", test, seeds, *found)


def _printed_one(table: PublishedTable, row: Row, test: str, numbers: Published) -> Published:
    """Return the numbers of a row, or those of the published row that it stands beside."""
    if not numbers.value or not all(map(math.isnan, numbers.value)):
        return numbers
    twins = (each.tests for each in table.row if each.name == row.beside)
    return next((tests[test] for tests in twins if test in tests), numbers)


def _printed(value: Sequence[float], spread: Sequence[float], place: int) -> str:
    if math.isnan(value[place]):
        return "not given"
    known = bool(spread) and not math.isnan(spread[place])
    return f"{value[place]:g} ± {spread[place]:g}" if known else f"{value[place]:g}"


def provenance(groups: Sequence[Group]) -> list[Block]:
    """Return recipes, versions, hashes, seeds and commands; folders are shown by their names."""
    runs = [one for group in groups for one in group.runs]
    facts = [_facts(one) for one in runs]
    table = [(key, *(each.get(key, "") for each in facts)) for key in facts[0]]
    blocks: list[Block] = [
        Table("What made the models.", ("", *(one.name for one in runs)), table),
        Code("\n".join(names_only(str(one.run.environment["command"])) for one in runs)),
    ]
    for group in groups:
        blocks.append(Paragraph(f"Recipe {group.name}: {group.first.run.recipe.summary}"))
        blocks.append(Code(group.first.run.recipe.to_toml().strip()))
    return blocks


def _facts(one: Reported) -> dict[str, str]:
    facts, card = one.run.environment, one.run.card
    libraries = {"python": facts["python"], "torch": facts["torch"], **facts["libraries"]}
    hashes = {
        "recipe": facts["recipe_sha256"],
        "source images and catalogue": facts["dataset_sha256"],
        "split": facts["split_sha256"],
        "target images": facts.get("target_images_sha256"),
        "target rows": facts.get("target_rows_sha256"),
        "weights": card.weights_sha256,
    }
    return {
        "model": card.model_id,
        "seed": str(one.run.recipe.seed),
        "epoch kept": f"{card.training.epoch} of {len(one.run.history)}",
        "source": Path(facts["data"]).name,
        "target": Path(facts["target"]).name if facts.get("target") else "none",
        "toomre": str(facts["toomre"]),
        "libraries": ", ".join(f"{name} {version}" for name, version in libraries.items()),
        "platform": str(facts["platform"]),
        "device": str(facts.get("device", "")),
        "made": str(facts["created"]),
        **{f"SHA-256, {name}": str(value)[:16] if value else "" for name, value in hashes.items()},
        "calibration": f"{card.calibration.method}, T = {card.calibration.temperature:.3f}",
        "threshold": f"{card.threshold:.3f}",
    }


def names_only(command: str) -> str:
    """Return a command with the last part of each path alone.

    Examples
    --------
    >>> names_only("toomre train distant-mmd --data /disk/me/mocks --out=runs/a")
    'toomre train distant-mmd --data mocks --out=a'
    """
    try:
        words = shlex.split(command)
    except ValueError:
        words = command.split()
    split = [word.rpartition("=") for word in words]
    return shlex.join(f"{name}{sign}{Path(path).name or path}" for name, sign, path in split)
