"""`toomre compare`: how far simulated pictures are from real ones."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["compare"]


def compare(
    simulated: Annotated[Path, typer.Argument(help="Prepared set of simulated pictures.")],
    real: Annotated[Path, typer.Argument(help="Prepared set of real pictures.")],
    out: Annotated[Path, typer.Option(help="Folder to make: a table and a figure.")],
    count: Annotated[int, typer.Option(min=5, help="Pictures of each set.")] = 3000,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the choice.")] = 0,
    overwrite: Annotated[bool, typer.Option(help="Replace a finished comparison.")] = False,
) -> None:
    """Compare the look of simulated and real pictures: brightness, size, colour, shape and sky.

    No label is read.
    """
    from toomre.cli.progress import console, progress_bar
    from toomre.jobs.compare import compare as job

    with progress_bar("Measuring") as progress:
        found = job(
            simulated,
            real,
            out,
            count=count,
            seed=seed,
            overwrite=overwrite,
            progress=progress,
        )
    screen = console()
    screen.print(found.table.round(3).to_string(index=False))
    screen.print(f"A random forest tells the sets apart with ROC-AUC {found.domain_auc:.3f}.")
    screen.print(f"Written to {found.folder}")
