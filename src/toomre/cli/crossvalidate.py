"""``toomre crossvalidate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from toomre.cli.options import Device

__all__ = ["crossvalidate"]


def crossvalidate(
    recipe: Annotated[str, typer.Argument(help="Recipe (TOML), or the name of a shipped one.")],
    data: Annotated[Path, typer.Option(help="Prepared data set (from `toomre prepare`).")],
    out: Annotated[Path, typer.Option(help="Folder to write; an unfinished one is gone on with.")],
    folds: Annotated[int, typer.Option(min=2, help="Parts of the galaxies.")] = 5,
    seeds: Annotated[int, typer.Option(min=1, help="Trainings of each fold.")] = 1,
    device: Device = "auto",
) -> None:
    """Test every galaxy once by a model that never saw it, and pool the scores.

    What is finished is not done again: the same command goes on where it was stopped.
    """
    from toomre.cli.progress import progress_bar
    from toomre.jobs.crossvalidate import FoldOptions
    from toomre.jobs.crossvalidate import crossvalidate as job
    from toomre.jobs.train import TrainOptions

    with progress_bar("cross-validation") as bar:
        done = job(
            recipe,
            data,
            out,
            plan=FoldOptions(folds=folds, seeds=seeds),
            options=TrainOptions(device=device, resume=True),
            progress=bar,
        )
    for evaluation in done.evaluations:
        typer.echo(f"{evaluation}\n")
    if seeds > 1:
        typer.echo(f"Mean and standard deviation over {seeds} seeds:")
        for name, (mean, spread) in done.summary.items():
            typer.echo(f"  {name:<32}{mean:.4f} +- {spread:.4f}")
    typer.echo(f"Scores and metrics are in {done.folder}.")
