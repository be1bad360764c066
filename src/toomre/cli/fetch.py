"""`toomre fetch`: download a published data set or public weights."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["fetch"]

# What is fetched -> the published sets that can be made of it.
_NEXT = {
    "deepmerge": ("deepmerge1",),
    "deepmerge-3filters": ("deepmerge1",),
    "deepmerge2": ("deepmerge2-simsim", "deepmerge2-simreal"),
    "deepmerge2-simsim": ("deepmerge2-simsim",),
    "deepmerge2-simreal": ("deepmerge2-simreal",),
}


def fetch(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="deepmerge, deepmerge-3filters, deepmerge2, deepmerge2-simsim, "
            "deepmerge2-simreal, or imagenet:BACKBONE.",
        ),
    ],
    to: Annotated[Path | None, typer.Option(help="Folder; default: in the cache folder.")] = None,
) -> None:
    """Download a published data set or public weights; a stopped download goes on.

    The SHA-256 of each file is recorded when it first comes and checked ever after.
    """
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    from toomre.cli.progress import console
    from toomre.jobs.fetch import fetch as job

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn())
    bar = Progress(*columns, TransferSpeedColumn(), console=Console(stderr=True))
    tasks = {}
    with bar:

        def advance(file: str, done: int, total: int | None) -> None:
            if file not in tasks:
                tasks[file] = bar.add_task(file, total=total)
            bar.update(tasks[file], completed=done, total=total)

        paths = job(name, to, progress=advance)
    screen = console()
    for path in paths:
        screen.print(f"{path} ({path.stat().st_size / 1e6:.1f} MB)")
    for made in _NEXT.get(name, ()):
        screen.print(f"Next: toomre convert {made} {paths[0].parent} --out DIR/{made}")
    if name in _NEXT:
        screen.print("The published tables look for the sets there: toomre reproduce --data DIR")
