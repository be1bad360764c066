"""`toomre demo`: the main job on cutouts that are drawn."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["demo"]


def demo(
    out: Annotated[Path, typer.Option(help="Folder to make.")],
    seed: Annotated[int, typer.Option(min=0, help="Seed of the drawing.")] = 1,
    model: Annotated[
        str | None, typer.Option(help="Model by name or folder; default: the first shipped one.")
    ] = None,
) -> None:
    """Draw SDSS-like cutouts, classify them, and show what was found.

    The cutouts are drawings: they show how the tool works, and say nothing about how good it is.
    """
    from toomre.cli.progress import console, progress_bar
    from toomre.jobs.demo import demo as job

    with progress_bar("Classifying") as progress:
        result = job(out, seed=seed, model=model, progress=progress)
    screen = console()
    screen.print(result.summary)
    screen.print(f"Catalogue: {result.catalog} and {result.catalog_csv}")
    screen.print(f"Picture:   {result.gallery}")
    screen.print("\nWith a folder of your own cutouts (the table may be left out):")
    screen.print(f"  {result.next_command}")
