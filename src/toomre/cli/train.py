"""``toomre train``."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from toomre.cli.options import Device, Start

if TYPE_CHECKING:
    from toomre.jobs.run import Run

__all__ = ["train"]


def train(
    recipe: Annotated[str, typer.Argument(help="Recipe (TOML), or the name of a shipped one.")],
    data: Annotated[Path, typer.Option(help="Prepared data set (from `toomre prepare`).")],
    out: Annotated[Path, typer.Option(help="Run folder to write.")],
    *,
    target: Annotated[
        Path | None,
        typer.Option(help="Prepared data set of another domain; its labels are not looked at."),
    ] = None,
    start: Start = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the newest checkpoint, if any.")
    ] = False,
    seed: Annotated[int | None, typer.Option(help="Another seed than the recipe's.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Another number of epochs.")] = None,
    device: Device = "auto",
    tensorboard: Annotated[
        bool, typer.Option("--tensorboard", help="Also write a TensorBoard log.")
    ] = False,
    keep_every: Annotated[
        int, typer.Option(min=0, help="Keep the weights of every n-th epoch, for `toomre embed`.")
    ] = 0,
) -> None:
    """Train a network on a prepared data set and calibrate it.

    A training that was stopped, even by kill -9, goes on with --resume as if nothing had
    happened. With a target the network is adapted to its images; what to do with them is in the
    recipe ([adaptation] and the losses). Several processes train together, and give what one
    gives: torchrun --nproc-per-node 2 $(which toomre) train ...
    """
    from toomre.cli.progress import epoch_line, progress_bar
    from toomre.jobs.train import TrainOptions
    from toomre.jobs.train import train as job
    from toomre.recipes.shipped import open_recipe
    from toomre.training.distributed import processes

    changes: dict[str, object] = {}
    if seed is not None:
        changes["seed"] = seed
    if epochs is not None:
        changes["training__epochs"] = epochs
    options = TrainOptions(
        device=device, resume=resume, tensorboard=tensorboard, keep_every=keep_every
    )
    with processes() as group:
        plan = open_recipe(recipe).replaced(**changes)
        with progress_bar("training") if group.is_first else nullcontext() as bar:
            run = job(
                plan,
                data,
                out,
                target=target,
                start=start,
                options=options,
                progress=bar,
                listeners=[epoch_line],
            )
        if group.is_first:
            _tell(run, target)


def _tell(run: Run, target: Path | None) -> None:
    """Print how good it is, and what to do next."""
    metrics = run.card.metrics["validation"]
    name, said = ("rmse", "RMSE") if "rmse" in metrics else ("roc_auc", "ROC-AUC")
    value, lower, upper = metrics[name]
    typer.echo(
        f"Trained {run.card.model_id} in {len(run.history)} epochs (kept: epoch "
        f"{run.card.training.epoch}). Validation {said} {value:.3f} ({lower:.3f} to "
        f"{upper:.3f}), threshold {run.card.threshold:.3f}."
    )
    for warning in run.card.training.warnings:
        typer.echo(f"Warning: {warning}")
    command = "toomre zoo evaluate" if name == "rmse" else "toomre evaluate"
    part = "" if len(run.split.rows("test")) else " --part valid"
    typer.echo(f"Next: {command} {run.folder}{part}")
    if target is not None:
        typer.echo(f"      toomre evaluate {run.folder} --data {target}")
