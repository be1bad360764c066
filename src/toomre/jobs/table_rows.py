"""Which rows of a published table can be trained here: those whose starting weights are at hand."""

from __future__ import annotations

from toomre.errors import MissingFileError
from toomre.networks.pretrained import find_imagenet, how_to_get
from toomre.recipes.shipped import open_recipe
from toomre.reproduction.table import Row, Table

__all__ = ["rows_at_hand"]


def rows_at_hand(table: Table, wanted: str | None) -> tuple[tuple[Row, ...], dict[str, str]]:
    """Return the rows that can be trained, and the names of the others with the reason.

    Parameters
    ----------
    table
        The published table.
    wanted
        Words from the names of rows, as for `Table.rows`.

    Raises
    ------
    ArgumentError
        If there is no such row.
    MissingFileError
        If not one of them can be trained.
    """
    rows = table.rows(wanted)
    reasons = {row.name: reason for row in rows if (reason := _missing(row))}
    if len(reasons) == len(rows):
        what = "; ".join(f"{name}: {reason}" for name, reason in reasons.items())
        raise MissingFileError(f"No row of {table.name} can be trained here. {what}.")
    return tuple(row for row in rows if row.name not in reasons), reasons


def _missing(row: Row) -> str:
    """Return what is missing and how to get it; empty: nothing."""
    backbone = open_recipe(row.recipe).backbone
    if backbone.options.get("pretrained") != "imagenet":
        return ""
    try:
        find_imagenet(backbone.name)
    except MissingFileError:
        return f"weights not at hand: `{how_to_get(backbone.name)}`"
    return ""
