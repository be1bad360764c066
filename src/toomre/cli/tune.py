"""``toomre tune``."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from toomre.cli.options import Device, Start

__all__ = ["tune"]


def tune(
    recipe: Annotated[str, typer.Argument(help="Recipe (TOML), or the name of a shipped one.")],
    data: Annotated[Path, typer.Option(help="Prepared data set (from `toomre prepare`).")],
    out: Annotated[Path, typer.Option(help="Folder to write; an unfinished one is gone on with.")],
    *,
    target: Annotated[
        Path | None, typer.Option(help="Prepared data set to adapt to; no label is read.")
    ] = None,
    start: Start = None,
    trials: Annotated[int, typer.Option(min=1, help="Trainings in all.")] = 20,
    objective: Annotated[
        str,
        typer.Option(help="total_loss, adversarial, or a metric such as loss or target_snd."),
    ] = "loss",
    space: Annotated[
        Path | None, typer.Option(help="What may change (TOML); default: the published search.")
    ] = None,
    epochs: Annotated[int | None, typer.Option(help="Another number of epochs.")] = None,
    prune: Annotated[bool, typer.Option(help="End trials early that do badly.")] = True,
    device: Device = "auto",
) -> None:
    """Search the hyper-parameters of a recipe (needs the extra [tune]).

    The test part and a target's labels take no part. What is finished is not done again: the
    same command goes on where it was stopped.
    """
    from toomre.cli.progress import console, progress_bar
    from toomre.jobs.tune import TuneOptions
    from toomre.jobs.tune import tune as job
    from toomre.recipes.shipped import open_recipe

    plan = open_recipe(recipe)
    if epochs is not None:
        plan = plan.replaced(training__epochs=epochs)
    with progress_bar("trials") as bar:
        done = job(
            plan,
            data,
            out,
            target=target,
            start=start,
            space=space,
            plan=TuneOptions(trials, objective, prune),
            device=device,
            progress=bar,
        )
    whole = done.trials["value"].notna().sum()
    better = "larger" if done.larger_is_better else "smaller"
    given = {"data": data, "target": target, "start": start, "out": done.folder / "best"}
    words = [word for name, value in given.items() if value for word in (f"--{name}", str(value))]
    words += [] if device == "auto" else ["--device", device]
    console().print(
        f"{len(done.trials)} trials, {whole} to the end; the best {objective} is "
        f"{done.value:.4f} ({better} is better).\n"
        f"Next: {shlex.join(['toomre', 'train', str(done.folder / 'best.toml'), *words])}"
    )
