"""``toomre report``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["report"]


def report(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN", help="Run folders, each evaluated.")],
    out: Annotated[Path, typer.Option(help="Folder to make: the page and its figures.")],
    also: Annotated[
        list[Path] | None,
        typer.Option("--with", help="Folder of another result: evaluate, explain, embed, bias..."),
    ] = None,
    fraction: Annotated[
        float, typer.Option(help="True fraction of mergers at which purity is drawn.")
    ] = 0.1,
    overwrite: Annotated[bool, typer.Option(help="Replace an earlier report.")] = False,
) -> None:
    """Put runs side by side on one page: tables, figures, warnings, and how they were made.

    Nothing is trained or scored. The page is one file; each figure is a PNG and a PDF beside it.
    """
    from toomre.jobs.report import report as job

    done = job(runs, out, also=also or (), fraction=fraction, overwrite=overwrite)
    for text in done.warnings:
        typer.echo(f"Warning: {text}")
    typer.echo(f"{done.page}: {len(done.figures)} figures, warnings: {len(done.warnings)}")
