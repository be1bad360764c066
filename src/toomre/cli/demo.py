"""`toomre demo`: the whole way on simulated galaxies."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["demo"]


def demo(
    out: Annotated[Path, typer.Option(help="Folder to make; a stopped demo is gone on with.")],
    galaxies: Annotated[
        int, typer.Option(min=40, help="Systems to simulate; each is seen by 4 cameras.")
    ] = 700,
    seed: Annotated[int, typer.Option(min=0, help="Seed of galaxies and networks.")] = 1,
) -> None:
    """Simulate galaxies, train, adapt to noisy images, classify them, and make a page of it.

    It takes a few minutes and works offline. A finished demo is not done again.
    """
    from toomre.cli.progress import console, stages
    from toomre.jobs.demo import demo as job

    with stages() as stage:
        result = job(out, galaxies=galaxies, seed=seed, stage=stage)
    screen = console()
    screen.print(result.summary)
    screen.print(f"Catalogue: {result.place.catalog}")
    screen.print(f"Page:      {result.place.page}")
    screen.print(f"Report:    {result.place.report / 'report.html'}")
