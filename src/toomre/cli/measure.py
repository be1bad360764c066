"""``toomre measure``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from toomre.cli.options import names

__all__ = ["measure"]


def measure(
    data: Annotated[Path, typer.Argument(metavar="SET", help="A prepared data set.")],
    out: Annotated[Path, typer.Option(help="Folder to write; an unfinished one is gone on with.")],
    bands: Annotated[str | None, typer.Option(help="Bands, such as r or g,r; else all.")] = None,
    stretched: Annotated[
        Literal["sdss"] | None,
        typer.Option(help="sdss: undo the stretch of SDSS colour pictures first."),
    ] = None,
    train_images: Annotated[
        int | None, typer.Option(min=0, help="At most so many images of the training part.")
    ] = None,
    valid_images: Annotated[
        int | None, typer.Option(min=0, help="At most so many images of the validation part.")
    ] = None,
    test_images: Annotated[
        int | None, typer.Option(min=0, help="At most so many images of the test part.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes; default: all cores.")
    ] = None,
) -> None:
    """Measure concentration, asymmetry, smoothness, Gini, M20 and MID of every image.

    They are for `toomre forest`. Needs the extra [morphology].
    """
    from toomre.cli.progress import progress_bar
    from toomre.jobs.measure import measure as job

    limits = {"train": train_images, "valid": valid_images, "test": test_images}
    with progress_bar("Measuring") as bar:
        done = job(
            data,
            out,
            bands=names(bands),
            stretched=stretched,
            at_most={part: most for part, most in limits.items() if most is not None},
            workers=workers,
            progress=bar,
        )
    meaning = {0: "good", 1: "suspect", 2: "bad", 4: "not measured"}
    counts = ", ".join(
        f"{count} {meaning.get(flag, f'flag {flag}')}" for flag, count in done.flags.items()
    )
    typer.echo(f"Measured: {done.light}. {counts}.")
    if done.rate > 0:
        typer.echo(f"{done.rate:.2f} images a second and core.")
    typer.echo(f"The measurements are in {done.folder}.")
