"""``toomre forest``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["forest"]


def forest(
    data: Annotated[Path, typer.Argument(metavar="SET", help="A prepared data set.")],
    measurements: Annotated[Path, typer.Option(help="Its folder from `toomre measure`.")],
    out: Annotated[Path, typer.Option(help="Folder to write.")],
    target: Annotated[
        Path | None, typer.Option(help="Another prepared set, whose test part is judged too.")
    ] = None,
    target_measurements: Annotated[
        Path | None, typer.Option(help="The target's folder from `toomre measure`.")
    ] = None,
    folds: Annotated[
        int | None, typer.Option(min=2, help="Cross-validate in so many parts of the galaxies.")
    ] = None,
    trees: Annotated[int, typer.Option(min=1, help="Trees.")] = 500,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the trees.")] = 0,
    overwrite: Annotated[bool, typer.Option(help="Replace a finished folder.")] = False,
) -> None:
    """Grow a random forest on measured shapes and judge it as a network is judged.

    The split is the data set's, the folds are those of `toomre crossvalidate`.
    """
    from toomre.errors import ArgumentError
    from toomre.jobs.forest import forest as job
    from toomre.morphology.forest import ForestOptions

    if (target is None) != (target_measurements is None):
        raise ArgumentError("Give --target and --target-measurements together.")
    pair = None
    if target is not None and target_measurements is not None:
        pair = (target, target_measurements)
    done = job(
        data,
        measurements,
        out,
        target=pair,
        folds=folds,
        options=ForestOptions(trees=trees, seed=seed),
        overwrite=overwrite,
    )
    typer.echo(str(done.evaluation))
    if done.target is not None:
        typer.echo(f"\n{done.target}")
    best = list(done.importances.items())[:5]
    typer.echo("\nMost used: " + ", ".join(f"{name} {share:.2f}" for name, share in best))
    typer.echo(f"Scores, metrics and figures are in {done.folder}.")
