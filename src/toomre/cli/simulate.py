"""`toomre simulate`: simulated mergers and nonmergers as prepared twins."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

__all__ = ["simulate"]


def simulate(
    out: Annotated[Path, typer.Option(help="Folder to make; each twin is a folder in it.")],
    pair: Annotated[
        Literal["distant", "nearby"],
        typer.Option(help="distant: z = 2, HST and JWST; nearby: z = 0.05, g r i, and SDSS-like."),
    ] = "distant",
    galaxies: Annotated[int, typer.Option(min=1, help="Systems; each is seen by 4 cameras.")] = 500,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the sample.")] = 1,
    stages: Annotated[
        Literal["all", "post-merger"],
        typer.Option(help="Mergers of the pair nearby: all, most of them pairs, or post-mergers."),
    ] = "all",
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes; default: all cores.")
    ] = None,
    overwrite: Annotated[bool, typer.Option(help="Replace finished sets.")] = False,
) -> None:
    """Simulate merging and other galaxies, and observe them without and with noise.

    A stopped run goes on where it stopped.
    """
    from toomre.cli.progress import console, progress_bar
    from toomre.jobs.simulate import simulate as job

    with progress_bar("Simulating") as progress:
        made = job(
            out,
            pair=pair,
            galaxies=galaxies,
            seed=seed,
            stages=stages,
            workers=workers,
            overwrite=overwrite,
            progress=progress,
        )
    screen = console()
    for name, prepared in made.items():
        counts = prepared.summary()
        screen.print(
            f"{name}: {counts['images']} images of {counts['galaxies']} galaxies, "
            f"{counts['mergers']} of mergers, in {prepared.folder}"
        )
