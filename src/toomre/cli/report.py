"""``toomre report``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from toomre.cli.options import Device

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
    full: Annotated[
        bool,
        typer.Option(
            "--full", help="First make all that is missing of the runs, in OUT-evidence beside OUT."
        ),
    ] = False,
    images: Annotated[
        int, typer.Option(min=0, help="With --full: test images whose shapes are measured.")
    ] = 400,
    device: Device = "auto",
    overwrite: Annotated[bool, typer.Option(help="Replace an earlier report.")] = False,
) -> None:
    """Put runs side by side on one page: tables, figures, warnings, and how they were made.

    The page is one file; each figure is a PNG and a PDF beside it. With --full the runs are
    judged, their maps drawn, their features mapped, the errors compared with all that is known
    of the galaxies, and the learning rate scanned; without it nothing is trained or scored.
    """
    from toomre.jobs.report import report as job

    known = [*(also or ())]
    if full:
        from toomre.cli.progress import stages
        from toomre.jobs.evidence import Evidence, gather_evidence

        place = out.with_name(f"{out.name}-evidence")
        evidence = Evidence(runs, place, images=images, device=device)
        with stages() as stage:
            known += gather_evidence(evidence, stage=stage)
    done = job(runs, out, also=known, fraction=fraction, overwrite=overwrite)
    for text in done.warnings:
        typer.echo(f"Warning: {text}")
    typer.echo(f"{done.page}: {len(done.figures)} figures, warnings: {len(done.warnings)}")
