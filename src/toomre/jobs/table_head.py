"""What stands above a table of ours: on which images, how long and how it was made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import toomre
from toomre.jobs.provenance import command_line
from toomre.jobs.table_changes import changes_in_words
from toomre.jobs.table_data import MOCK_SEED
from toomre.jobs.table_options import ReproduceOptions
from toomre.preparation.prepared import PreparedSet
from toomre.reproduction.outcome import THRESHOLD
from toomre.reproduction.table import Row, Table

__all__ = ["table_head"]


def table_head(
    table: Table,
    rows: Sequence[Row],
    images: Mapping[str, PreparedSet],
    options: ReproduceOptions,
    paper: Mapping[str, PreparedSet] | None = None,
) -> tuple[str, ...]:
    """Return the sentences that a reader needs before the numbers.

    Parameters
    ----------
    table, rows
        What was made.
    images
        Name -> prepared set.
    options
        How it was made.
    paper
        As `images`, with the published split; None: rows were trained on `images` alone.
    """
    twice = paper or {}
    lines = []
    if options.data is None:
        real = "" if options.target is None else f", but for the target {options.target.name}"
        lines.append(
            "**Ours are not of the published images**: they are of toomre's built-in mocks "
            f"(simulator of version {toomre.__version__}, seed {MOCK_SEED}){real}. The published "
            "numbers are there for orientation; a difference says nothing against either."
        )
    if options.quick:
        lines.append("**A quick look** (--quick): few galaxies, epochs and seeds. No result.")
    for each in (images, twice):
        lines += [f"Images `{name}`: {_described(one)}." for name, one in each.items()]
    if twice:
        lines.append(
            "Each row is trained and tested twice: on images split by galaxy, and on those of the "
            "published split. The difference between the two is what the copies of test images in "
            "training lend to a score; only the first says what a network can do."
        )
    seeds = len(options.seed_numbers)
    lines.append(
        f"Ours: mean ± standard deviation over {seeds} seeds (95 % interval of the mean); "
        "in square brackets for how many of them a number is defined, where not for all."
        if seeds > 1
        else "Ours: one seed (95 % interval over the galaxies of the test part)."
    )
    lines.append(
        f"A score before calibration of {THRESHOLD:g} or more is called a merger, as published. "
        "The score is the mean over eight flips and quarter turns; the published one is of one "
        "view. A target's labels serve to test alone."
    )
    lines += changes_in_words(table, rows, images, options)
    if twice:
        said = changes_in_words(table, rows, twice, options)
        lines += [f"On the published split: {sentence}" for sentence in said]
    if table.spread:
        lines.append(f"Published ±: {table.spread}.")
    lines.append(
        f"{options.workers} training(s) at a time; seconds per epoch are wall clock, and in "
        "brackets CPU seconds of the training, which other work on the machine changes less."
    )
    lines.append(f"Made by `{command_line()}`.")
    return tuple(lines)


def _described(prepared: PreparedSet) -> str:
    counts = prepared.summary()
    leaks = "the published split, which has copies of test images in training"
    split = "split by galaxy" if prepared.info.protocol == "grouped" else leaks
    return (
        f"{counts['images']} images of {counts['galaxies']} galaxies ({counts['mergers']} of "
        f"mergers), {split}; `{prepared.info.command}`"
    )
