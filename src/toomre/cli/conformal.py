"""``toomre conformal``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["conformal"]


def conformal(
    catalog: Annotated[Path, typer.Argument(help="Catalogue (from `toomre classify`).")],
    out: Annotated[Path, typer.Option(help="The catalogue to write, with the new column.")],
    run: Annotated[
        str | None, typer.Option(help="Run or model that made it: its validation scores count.")
    ] = None,
    validation: Annotated[
        Path | None, typer.Option(help="Or scores of labelled images (scores.parquet).")
    ] = None,
    coverage: Annotated[
        float, typer.Option(help="Fraction of each class whose set holds the truth.")
    ] = 0.9,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the output.")] = False,
) -> None:
    """Give every galaxy a set that holds the truth as often as is wanted.

    The sets are merger, nonmerger, both (undecided) or none (unlike either).
    """
    from toomre.cli.progress import console
    from toomre.jobs.conformal import conformal as job

    found = job(
        catalog, out, run=run, validation=validation, coverage=coverage, overwrite=overwrite
    )
    screen = console()
    screen.print(", ".join(f"{count} {name}" for name, count in found.counts.items()))
    for note in found.notes:
        screen.print(f"Note: {note}")
    screen.print(f"Written to {ascii(str(found.path))[1:-1]}")
