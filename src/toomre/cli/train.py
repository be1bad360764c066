"""``toomre train``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from toomre.cli.options import Device

__all__ = ["train"]


def train(
    recipe: Annotated[Path, typer.Argument(help="Recipe (TOML).")],
    data: Annotated[Path, typer.Option(help="Prepared data set (from `toomre prepare`).")],
    out: Annotated[Path, typer.Option(help="Run folder to write.")],
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the newest checkpoint, if any.")
    ] = False,
    seed: Annotated[int | None, typer.Option(help="Another seed than the recipe's.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Another number of epochs.")] = None,
    device: Device = "auto",
    tensorboard: Annotated[
        bool, typer.Option("--tensorboard", help="Also write a TensorBoard log.")
    ] = False,
) -> None:
    """Train a network on a prepared data set and calibrate it.

    A training that was stopped, even by kill -9, goes on with --resume as if nothing had
    happened.
    """
    from toomre.cli.progress import epoch_line, progress_bar
    from toomre.jobs.train import TrainOptions
    from toomre.jobs.train import train as job
    from toomre.recipe import Recipe

    plan = Recipe.read(recipe)
    changes: dict[str, object] = {}
    if seed is not None:
        changes["seed"] = seed
    if epochs is not None:
        changes["training__epochs"] = epochs
    options = TrainOptions(device=device, resume=resume, tensorboard=tensorboard)
    with progress_bar("training") as bar:
        run = job(
            plan.replaced(**changes),
            data,
            out,
            options=options,
            progress=bar,
            listeners=[epoch_line],
        )
    auc = run.card.metrics["validation"]["roc_auc"]
    typer.echo(
        f"Trained {run.card.model_id} in {len(run.history)} epochs (kept: epoch "
        f"{run.card.training.epoch}). Validation ROC-AUC {auc[0]:.3f} ({auc[1]:.3f} to "
        f"{auc[2]:.3f}), threshold {run.card.threshold:.3f}.\nNext: toomre evaluate {run.folder}"
    )
