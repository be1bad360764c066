"""Train a recipe's stages one after the other, each from the best weights of the one before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from torch import nn

from toomre.build import (
    build_learning_rate,
    build_momentum,
    build_optimizer,
    build_plateau,
    build_selector,
)
from toomre.recipe import Recipe
from toomre.training.averaging import WeightAverage
from toomre.training.experiment import Experiment, Fitted
from toomre.training.trainer import Trainer, load_best
from toomre.training.transfer import freeze

__all__ = ["Reports", "fit_stages", "of_stage"]

Row = dict[str, float]


@dataclass(frozen=True)
class Reports:
    """Who hears of a training, and how often it is saved.

    Attributes
    ----------
    progress
        Called with (steps done, all steps) of all stages together, or None.
    listeners
        Called with each epoch's row of the history.
    checkpoint_seconds
        Longest time between two checkpoints [s].
    """

    progress: Callable[[int, int], None] | None = None
    listeners: Sequence[Callable[[Row], None]] = ()
    checkpoint_seconds: float = 60.0


def of_stage(recipe: Recipe, network: nn.Module, loss: nn.Module, steps: int) -> dict[str, Any]:
    """Return what a stage decides of an `Experiment`: what may move, how fast and how long.

    Parameters
    ----------
    recipe
        The stage as a recipe of its own (`Recipe.stages`).
    network, loss
        What is trained; what the stage freezes is frozen here, and the rest is not.
    steps
        Steps in an epoch.
    """
    network.requires_grad_(True)
    freeze(network, recipe.transfer.freeze)
    return {
        "optimizer": build_optimizer(recipe.optimizer, network, loss),
        "learning_rate": build_learning_rate(recipe, steps),
        "epochs": recipe.training.epochs,
        "momentum": build_momentum(recipe, steps),
        "plateau": build_plateau(recipe),
        "frozen_norms": recipe.transfer.frozen_batch_norm,
        "average": WeightAverage(network, decay) if (decay := recipe.training.average) else None,
    }


def fit_stages(experiment: Experiment, recipe: Recipe, folder: Path, reports: Reports) -> Fitted:
    """Train all stages, or go on where an earlier call was stopped.

    A stage that is finished is read again from its own checkpoints, so that what comes after a
    kill is, bit for bit, what would have come without it.

    Parameters
    ----------
    experiment
        The first stage's.
    recipe
        With or without stages.
    folder
        Where the checkpoints are; those of stages in folders of their own.

    Returns
    -------
    Fitted
        The history of all stages, whose epochs are counted on, and the last stage's best epoch.
    """
    if not recipe.stage:
        return _fit(experiment, recipe, folder, reports)
    history: list[Row] = []
    steps = experiment.source.steps
    before, total = 0, steps * recipe.epochs
    for number, (stage, plan) in enumerate(zip(recipe.stage, recipe.stages(), strict=True), 1):
        if number > 1:
            rates = of_stage(plan, experiment.network, experiment.loss, steps)
            experiment = replace(experiment, **rates, epochs_before=len(history))
        own = replace(
            reports,
            progress=_counted_on(reports.progress, before, total),
            listeners=[partial(_tell, listener, number) for listener in reports.listeners],
        )
        fitted = _fit(experiment, plan, folder / f"{number}-{stage.name}", own)
        load_best(experiment, fitted)
        history += [_numbered(row, number) for row in fitted.history]
        before += steps * plan.training.epochs
    return replace(fitted, history=history)


def _fit(experiment: Experiment, recipe: Recipe, folder: Path, reports: Reports) -> Fitted:
    selector = build_selector(recipe)
    selector.first_epoch += experiment.epochs_before
    return Trainer(
        experiment,
        folder,
        selector,
        checkpoint_seconds=reports.checkpoint_seconds,
        progress=reports.progress,
        listeners=reports.listeners,
    ).fit()


def _counted_on(
    progress: Callable[[int, int], None] | None, before: int, total: int
) -> Callable[[int, int], None] | None:
    """Count a stage's steps with those of the stages before it, of the steps of all."""
    return None if progress is None else lambda done, _: progress(before + done, total)


def _tell(listener: Callable[[Row], None], number: int, row: Row) -> None:
    listener(_numbered(row, number))


def _numbered(row: Row, number: int) -> Row:
    return {"epoch": row["epoch"], "stage": number, **row}
