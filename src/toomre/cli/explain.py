"""``toomre explain``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from toomre.cli.options import Device

__all__ = ["explain"]


def explain(
    run: Annotated[Path, typer.Argument(help="Run folder (from `toomre train`).")],
    out: Annotated[Path, typer.Option(help="Folder to make: figures and numbers.")],
    *,
    against: Annotated[
        Path | None, typer.Option(help="Another run to compare with, such as one not adapted.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="Prepared data set; else the training's and its target.")
    ] = None,
    part: Annotated[
        str, typer.Option(help="test, valid, train, or all (of another set or the target).")
    ] = "test",
    layer: Annotated[
        str | None, typer.Option(help="Layer of Grad-CAM; else the backbone's own.")
    ] = None,
    device: Device = "auto",
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace an earlier result in the folder.")
    ] = False,
) -> None:
    """Show what a trained model looks at: Grad-CAM, saliency and activation maps.

    On simulated images it also says how often the maps' peaks fall on the companion.
    """
    from toomre.cli.progress import console, progress_bar
    from toomre.jobs.explain import explain as job

    with progress_bar("Explaining") as bar:
        done = job(
            run,
            out,
            against=against,
            data=data,
            part=part,
            layer=layer,
            device=device,
            overwrite=overwrite,
            progress=bar,
        )
    screen = console()
    for each in done.pointing:
        if not each.beside:
            text = f"peaks on the companion {each.score.hit}, chance {each.score.chance:.3f}"
            screen.print(f"{each.run}, {each.domain}, {each.name}: {text}")
    screen.print(f"{len(done.figures)} figures and explain.json are in {done.folder}.")
