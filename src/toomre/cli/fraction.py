"""``toomre fraction``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["fraction"]


def fraction(
    catalog: Annotated[Path, typer.Argument(help="Catalogue (from `toomre classify`).")],
    out: Annotated[Path, typer.Option(help="Folder to make: tables and figures.")],
    run: Annotated[
        str | None,
        typer.Option(
            help="Run or model that made it: its validation scores correct (none of votes)."
        ),
    ] = None,
    validation: Annotated[
        Path | None,
        typer.Option(
            help="Or scores of labelled images (scores.parquet; of votes predictions.parquet)."
        ),
    ] = None,
    bins: Annotated[
        str | None, typer.Option(help="Column of a mass or redshift to divide by.")
    ] = None,
    edges: Annotated[
        str | None, typer.Option(help="Edges of the bins, such as 9,10,11; else five equal ones.")
    ] = None,
    table: Annotated[
        Path | None, typer.Option(help="Table with that column, joined by image id.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the resampling.")] = 0,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the output.")] = False,
) -> None:
    """Estimate what fraction of a catalogue's galaxies are mergers.

    The count is corrected for missed mergers and false alarms; each number has a 95 % interval
    and its assumption in words.
    """
    from toomre.cli.options import names
    from toomre.cli.progress import console
    from toomre.errors import ArgumentError
    from toomre.jobs.fraction import FractionBins
    from toomre.jobs.fraction import fraction as job

    try:
        limits = None if edges is None else tuple(float(edge) for edge in names(edges) or ())
    except ValueError as error:
        raise ArgumentError.expected("edges", "numbers, such as 9,10,11", edges) from error
    divided = None if bins is None else FractionBins(bins, limits, table)
    found = job(
        catalog,
        out,
        run=run,
        validation=validation,
        bins=divided,
        seed=seed,
        overwrite=overwrite,
    )
    screen = console()
    for row in found.table.to_dict("records"):
        interval = f"{row['fraction']:.4f} ({row['lower']:.4f} to {row['upper']:.4f})"
        screen.print(f"{str(row['method']).replace('_', ' '):<26}{interval}")
        screen.print(f"    {found.assumptions[str(row['method'])]}", style="dim")
    if found.bins is not None:
        screen.print(found.bins.round(4).to_string(index=False))
    for note in found.notes:
        screen.print(f"Note: {note}")
    screen.print(f"Written to {ascii(str(found.folder))[1:-1]}")
