"""What the trainings of a published table do otherwise than their recipes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from toomre.jobs.table_options import ReproduceOptions
from toomre.preparation.prepared import PreparedSet
from toomre.reproduction.table import Row, Start, Table

__all__ = ["changes_in_words", "changes_of"]


def changes_of(
    training: Row | Start,
    table: Table,
    images: Mapping[str, PreparedSet],
    options: ReproduceOptions,
) -> dict[str, Any]:
    """Return what differs from the recipe of a training: dotted name -> value.

    In front is what the caller asks for; then, where the source has the published split, the
    table's changes for it; then, on the mocks, the training's own changes and the table's.

    Parameters
    ----------
    training, table
        A row or a start, and the table it is of.
    images
        Name -> prepared set.
    options
        Data, and what the caller asks for.
    """
    found: dict[str, Any] = {}
    if options.data is None:
        found |= {**table.mocks.changes, **training.mocks.changes}
    if images[training.source].info.protocol == "paper":
        found |= table.paper.changes
    return found | options.changes


def changes_in_words(
    table: Table,
    rows: Sequence[Row],
    images: Mapping[str, PreparedSet],
    options: ReproduceOptions,
) -> list[str]:
    """Say what differs from the recipes: of all rows, then of rows and starts that differ from it.

    Rows with the same changes share a sentence.

    Parameters
    ----------
    table, rows, images, options
        As for `changes_of`; the starts are those of the rows.
    """
    starts = dict.fromkeys(row.start for row in rows if row.start)
    trainings: dict[str, Row | Start] = {row.name: row for row in rows}
    trainings |= {f"start {name}": table.starts[name] for name in starts}
    changes = {name: changes_of(one, table, images, options) for name, one in trainings.items()}
    shared = {
        key: value
        for key, value in changes[rows[0].name].items()
        if all(changes[row.name].get(key, _ABSENT) == value for row in rows)
        and all(key in each for each in changes.values())
    }
    whose: dict[str, list[str]] = {}
    for name, values in changes.items():
        own = {key: value for key, value in values.items() if shared.get(key, _ABSENT) != value}
        whose.setdefault(_listed(own), []).append(name)
    several = {f" of {'; '.join(names)}": text for text, names in whose.items()}
    return [
        f"Unlike the recipes{names}: {text}."
        for names, text in {"": _listed(shared), **several}.items()
        if text
    ]


_ABSENT = object()


def _listed(changes: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} = {value}" for key, value in changes.items())
