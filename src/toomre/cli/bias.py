"""`toomre bias`: where a model fails."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from toomre.cli.options import Device, names

__all__ = ["bias"]


def bias(
    run: Annotated[Path, typer.Argument(help="Run folder (from `toomre train`).")],
    out: Annotated[Path, typer.Option(help="Folder to make: tables, numbers and figures.")],
    data: Annotated[
        Path | None, typer.Option(help="Prepared data set; else the training's.")
    ] = None,
    part: Annotated[str, typer.Option(help="test, valid, train or all.")] = "test",
    table: Annotated[
        Path | None, typer.Option(help="Table with image_id and more columns, such as morphology.")
    ] = None,
    columns: Annotated[
        str | None, typer.Option(help="Columns with commas; else all known ones that are there.")
    ] = None,
    overwrite: Annotated[bool, typer.Option(help="Replace an earlier result.")] = False,
    device: Device = "auto",
) -> None:
    """Look where a model fails: by merger state, mass, brightness, camera and what else is known.

    Curves have 95 % intervals by galaxy; a permutation test says whether the error depends on a
    column, corrected for the number of columns (Holm).
    """
    from toomre.cli.progress import console
    from toomre.jobs.bias import bias as job

    done = job(
        run,
        out,
        data=data,
        part=part,
        table=table,
        columns=names(columns),
        device=device,
        overwrite=overwrite,
    )
    screen = console()
    screen.print(done.tests.round(4).to_string(index=False))
    for name, found in done.cameras.items():
        screen.print(
            f"Sides of one galaxy ({name}): {found.rate:.1%} called mergers, correlation "
            f"{found.correlation:.2f}."
        )
    screen.print(f"Written to {done.folder}")
