"""``toomre.lr_scan``: how high the learning rate may be, tried in a few epochs."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from toomre.build import choose_device
from toomre.errors import TrainingError
from toomre.evaluation.plots import save_figure
from toomre.jobs.domains import start_sha256, target_images
from toomre.jobs.planning import Plan
from toomre.jobs.provenance import environment
from toomre.output import output_folder
from toomre.preparation.prepared import PreparedSet
from toomre.recipe import Recipe, Schedule
from toomre.recipes.shipped import open_recipe
from toomre.storage import write_json
from toomre.training.experiment import Experiment
from toomre.training.gradient_flow import GradientFlow
from toomre.training.lr_scan import Ramp, Suggestion, diverges, scan_table, suggest
from toomre.training.plots import gradient_flow_figure, lr_scan_figure
from toomre.training.selection import Selector
from toomre.training.trainer import Trainer

__all__ = ["LrScan", "lr_scan"]

_FILES = (
    "recipe.toml",
    "lr_scan.csv",
    "lr_scan.png",
    "gradient_flow.csv",
    "gradient_flow.png",
    "lr_scan.json",
)


@dataclass(frozen=True, eq=False)
class LrScan:
    """What `lr_scan` returns.

    Attributes
    ----------
    table
        A row a step: `step`, `learning_rate`, `loss`, `smoothed_loss`.
    suggestion
        Read off the table.
    folder
        Where ``lr_scan.csv``, ``lr_scan.json`` and ``lr_scan.png`` are, and
        ``gradient_flow.csv`` and ``gradient_flow.png``: the gradients of each layer in the first
        epoch, while the learning rate is low.
    """

    table: pd.DataFrame
    suggestion: Suggestion
    folder: Path


def lr_scan(
    recipe: Recipe | Path | str,
    data: PreparedSet | Path | str,
    out: Path | str,
    *,
    target: PreparedSet | Path | str | None = None,
    start: Path | str | None = None,
    ramp: Ramp = Ramp(),
    device: str = "auto",
    overwrite: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> LrScan:
    """Train for a few epochs while the learning rate rises, and suggest a range (Smith 2017).

    It ends early where the loss diverges. The defaults are those of DeepMerge II: 5 epochs from
    1e-6 to 0.1 in equal steps. The recipe's schedule and number of epochs are set aside; the
    network, the losses, the optimiser and the batches are its own. Of a recipe with stages the
    first is scanned: what it freezes rests. Only training images are seen.

    Parameters
    ----------
    recipe, data, target, start, device, progress
        As for `train`.
    out
        The folder to make.
    ramp
        The rates, and over how many epochs they rise.
    overwrite
        Replace an earlier scan.

    Raises
    ------
    OutputExistsError
        If the folder is there already.
    ArgumentError
        If there are fewer than 10 steps until the loss diverges.
    """
    recipe = open_recipe(recipe)
    plan = _without_schedule(recipe, ramp.epochs)
    prepared = PreparedSet.of(data)
    split = prepared.own_split()
    with output_folder(Path(out), _FILES, overwrite=overwrite) as folder:
        images = target_images(target, plan)
        place = choose_device(device)
        made = Plan.make(plan, prepared, split, place, target=images, start=start)
        flow = GradientFlow(made.experiment.network, made.experiment.source.steps)
        table = scan_table(*_scan(made.experiment, ramp, folder, flow, progress))
        found = suggest(table)
        recipe.write(folder / "recipe.toml")
        table.to_csv(folder / "lr_scan.csv", index=False)
        save_figure(lr_scan_figure(table, found), folder / "lr_scan.png")
        flow.table().to_csv(folder / "gradient_flow.csv", index=False)
        save_figure(gradient_flow_figure(flow.table()), folder / "gradient_flow.png")
        record = {"suggestion": asdict(found), "ramp": asdict(ramp), "epochs": ramp.epochs}
        hashes = {"recipe_sha256": recipe.sha256, "dataset_sha256": prepared.info.sha256}
        begun = {"start_sha256": start_sha256(start)}
        write_json(folder / "lr_scan.json", {**environment(), **record, **hashes, **begun})
    return LrScan(table, found, Path(out).resolve())


def _without_schedule(recipe: Recipe, epochs: int) -> Recipe:
    """Return a recipe of so many epochs at one rate, in each of its stages too."""
    plan = recipe.replaced(training__epochs=epochs, schedule=Schedule().model_dump(mode="json"))
    own = {"schedule": None, "epochs": epochs}
    return plan.model_copy(
        update={"stage": tuple(stage.model_copy(update=own) for stage in plan.stage)}
    )


class _DivergedError(Exception):
    """The loss has left: nothing beyond it can be learned."""


def _scan(
    experiment: Experiment,
    ramp: Ramp,
    folder: Path,
    flow: GradientFlow,
    progress: Callable[[int, int], None] | None,
) -> tuple[list[float], list[float]]:
    """Return the rates and losses of all steps until the loss diverges."""
    rates: list[float] = []
    losses: list[float] = []
    total = experiment.source.steps * experiment.epochs
    window = max(3, total // 20)

    def listen(row: dict[str, float]) -> None:
        losses.append(row["train_loss"])
        rates.append(ramp(len(rates) / max(1, total - 1)))
        if diverges(losses, window):
            raise _DivergedError

    scanned = replace(experiment, learning_rate=ramp, validate=lambda network: {})
    with TemporaryDirectory(dir=folder) as temporary:
        trainer = Trainer(
            scanned,
            Path(temporary),
            Selector("last"),
            progress=progress,
            step_listeners=[flow, listen],
        )
        with suppress(_DivergedError):
            try:
                trainer.fit()
            except TrainingError:  # not finite any more: diverged all the same
                if not losses:
                    raise
    return rates, losses
