"""``toomre lr-scan``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from toomre.cli.options import Device, Start

__all__ = ["lr_scan"]


def lr_scan(
    recipe: Annotated[str, typer.Argument(help="Recipe (TOML), or a recipe's name.")],
    data: Annotated[Path, typer.Option(help="Prepared data set (from `toomre prepare`).")],
    out: Annotated[Path, typer.Option(help="Folder to write.")],
    *,
    target: Annotated[
        Path | None, typer.Option(help="Prepared data set to adapt to; no label is read.")
    ] = None,
    start: Start = None,
    low: Annotated[float, typer.Option(help="Learning rate at the first step.")] = 1e-6,
    high: Annotated[float, typer.Option(help="Learning rate at the last step.")] = 0.1,
    log: Annotated[bool, typer.Option("--log", help="Rise in equal factors.")] = False,
    epochs: Annotated[int, typer.Option(min=1, help="Passes through the training part.")] = 5,
    device: Device = "auto",
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace an earlier scan in the folder.")
    ] = False,
) -> None:
    """Try rising learning rates in a short training, and suggest a range.

    It writes the loss of every step and a figure; the recipe is not changed.
    """
    from toomre.cli.progress import console, progress_bar
    from toomre.jobs.lr_scan import lr_scan as job
    from toomre.training.lr_scan import Ramp

    with progress_bar("learning-rate scan") as bar:
        done = job(
            recipe,
            data,
            out,
            target=target,
            start=start,
            ramp=Ramp(low, high, log, epochs),
            device=device,
            overwrite=overwrite,
            progress=bar,
        )
    found = done.suggestion
    lines = [
        f"{len(done.table)} steps; the loss is lowest at a learning rate of {found.highest:.2g}.",
        f"Suggested: cycles from {found.lowest:.2g} to {found.highest:.2g} "
        f"(steepest descent, a cautious peak: {found.steepest:.2g}).",
        f"The figure is {done.folder / 'lr_scan.png'}.",
    ]
    console().print("\n".join([*lines, *filter(None, [found.note])]))
