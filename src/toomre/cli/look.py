"""`toomre look`: a contact sheet of a prepared set."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["look"]


def look(
    data: Annotated[Path, typer.Argument(help="Prepared data set.")],
    out: Annotated[
        Path | None, typer.Option(help="PNG file; default: NAME_sheet.png beside the set.")
    ] = None,
    count: Annotated[int, typer.Option(min=1, help="Images to show.")] = 60,
    part: Annotated[str | None, typer.Option(help="train, valid or test; default: all.")] = None,
    label: Annotated[
        int | None, typer.Option(min=0, max=1, help="1: mergers only, 0: nonmergers only.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the choice.")] = 0,
) -> None:
    """Show images of a prepared data set on one sheet, with their labels."""
    from toomre.cli.progress import console
    from toomre.jobs.look import look as job

    path = job(data, out, count=count, part=part, label=label, seed=seed)
    console().print(f"Written to {path}")
