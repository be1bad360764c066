"""``toomre reproduce``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from toomre.cli.options import Device

__all__ = ["reproduce"]


def reproduce(
    table: Annotated[str, typer.Argument(help="T1 to T8, or T10.")],
    *,
    out: Annotated[Path, typer.Option(help="Folder for the table, the runs and the mocks.")] = Path(
        "reproduction"
    ),
    data: Annotated[
        Path | None,
        typer.Option(
            help="Folder of the published sets (from `toomre convert`); for T10 a prepared set."
        ),
    ] = None,
    paper: Annotated[
        Path | None,
        typer.Option(
            help="Folder of the same sets from `toomre convert --protocol paper`: each row also on "
            "the published split, side by side with --data."
        ),
    ] = None,
    mocks: Annotated[
        bool, typer.Option("--mocks", help="Use the built-in mocks (the default without --data).")
    ] = False,
    target: Annotated[
        Path | None,
        typer.Option(
            help="Prepared set of real images as target (T4, T6, T7, T8); of SDSS pictures: toomre "
            "prepare PICTURES --catalog TABLE --bands i,r,g --pixel-scale 0.396 --crop 93.678 "
            "--size 75 --no-stratify --out FOLDER."
        ),
    ] = None,
    seeds: Annotated[
        int | None, typer.Option(min=1, help="Trainings of each row [10; 2 if --quick].")
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Few galaxies and epochs, for a look.")
    ] = False,
    rows: Annotated[
        str | None,
        typer.Option(
            help="Only rows with one of these words in their name, such as Fisher,source; a whole "
            "name means that row alone."
        ),
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Another number of epochs than the recipes'.")
    ] = None,
    galaxies: Annotated[
        int | None, typer.Option(min=1, help="Another number of simulated galaxies.")
    ] = None,
    workers: Annotated[
        int, typer.Option(min=1, help="Trainings at a time, each with one thread.")
    ] = 1,
    device: Device = "auto",
) -> None:
    """Make a published table again and print our numbers beside the published ones.

    What is missing is trained; the same command goes on where it was stopped.
    """
    from toomre.cli.progress import console, stages
    from toomre.errors import ArgumentError
    from toomre.jobs.reproduce import reproduce as job
    from toomre.jobs.table_options import ReproduceOptions

    if mocks and data is not None:
        raise ArgumentError("Give either the published sets (--data) or --mocks.")
    options = ReproduceOptions(
        data=data,
        paper=paper,
        target=target,
        seeds=seeds,
        quick=quick,
        rows=rows,
        epochs=epochs,
        galaxies=galaxies,
        workers=workers,
        device=device,
    )
    screen = console()
    with stages() as progress:
        done = job(
            table,
            out,
            options=options,
            progress=progress,
            finished=lambda one: screen.print(
                f"{one.row}, seed {one.seed}: {one.epochs} epochs of "
                f"{one.seconds_per_epoch:.1f} s; kept epoch {one.best_epoch}"
            ),
        )
    screen.print(done.comparison.to_markdown())
    screen.print(f"Saved as {done.markdown}, {done.csv} and {done.json}.")
