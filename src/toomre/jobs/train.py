"""``toomre.train``: from a prepared data set and a recipe to a calibrated model."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import torch

from toomre.build import choose_device
from toomre.datasets.unlabelled import UnlabelledImages
from toomre.engines.process import torch_threads
from toomre.errors import OutputExistsError
from toomre.inference.store import CARD_FILE
from toomre.jobs.domains import start_sha256, target_images
from toomre.jobs.model_files import write_models
from toomre.jobs.planning import Plan
from toomre.jobs.provenance import check_identity, environment
from toomre.jobs.run import Run
from toomre.jobs.stages import Reports, fit_stages
from toomre.output import output_lock
from toomre.preparation.prepared import PreparedSet
from toomre.preparation.split import Split
from toomre.recipe import Recipe
from toomre.recipes.shipped import open_recipe
from toomre.storage import read_json, write_json
from toomre.training.distributed import processes
from toomre.training.experiment import Fitted
from toomre.training.snapshots import EPOCHS_FOLDER, Snapshots
from toomre.training.tensorboard import tensorboard_log

__all__ = ["TrainOptions", "train"]

_RECORD = "environment.json"
_CHECKPOINTS = "checkpoints"


@dataclass(frozen=True)
class TrainOptions:
    """How to train, where it does not change what is trained.

    Attributes
    ----------
    device
        ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"cuda:1"``.
    resume
        Go on from the newest checkpoint in the folder, if there is one.
    checkpoint_seconds
        Longest time between two checkpoints [s].
    tensorboard
        Also write a TensorBoard log (needs the extra ``[tensorboard]``).
    keep_every
        Keep the weights before the training and of every n-th epoch in the folder ``epochs``,
        for `toomre.embed`; 0 keeps none.
    """

    device: str = "auto"
    resume: bool = False
    checkpoint_seconds: float = 60.0
    tensorboard: bool = False
    keep_every: int = 0


def train(
    recipe: Recipe | Path | str,
    data: PreparedSet | Path | str,
    out: Path | str,
    *,
    target: PreparedSet | Path | str | None = None,
    start: Path | str | None = None,
    split: Split | None = None,
    options: TrainOptions = TrainOptions(),
    progress: Callable[[int, int], None] | None = None,
    listeners: Sequence[Callable[[dict[str, float]], None]] = (),
) -> Run:
    """Train a network, calibrate it on the validation part, and write a run folder.

    The test part is not looked at. Statistics come from the training part; the epoch, the
    calibration and the threshold from the validation part. Of a target only images are seen:
    its labels are not part of anything here. Several processes that `torchrun` started train
    together, and give what one gives.

    Parameters
    ----------
    recipe
        A recipe, its file, or the name of one that comes with the package.
    data
        A prepared data set or its folder.
    out
        The run folder.
    target
        A prepared data set of another domain, or its folder, to adapt to without its labels.
        The run is then the target's model, and its folder ``source`` the source's.
    start
        A run, a model's folder or the name of a shipped model to start from.
    split
        Another split than the data set's own (as cross-validation needs).
    options
        Device, resuming, checkpoints.
    progress
        Called with (steps done, all steps).
    listeners
        Called with each epoch's row of the history.

    Raises
    ------
    OutputExistsError
        If the folder holds a run and `options.resume` is off, or another recipe, data or split.
    ArgumentError
        If the batches cannot be divided among the processes.
    """
    with processes() as group:
        if not group.is_first:  # which alone writes and speaks
            options = replace(options, tensorboard=False, keep_every=0)
            progress, listeners = None, ()
        recipe = open_recipe(recipe)
        prepared = PreparedSet.of(data)
        split = split or prepared.own_split()
        images = target_images(target, recipe)
        folder = Path(out).resolve()
        folder.parent.mkdir(parents=True, exist_ok=True)
        with output_lock(folder) if group.is_first else nullcontext():
            identity = _identity(recipe, prepared, split, images, start)
            if (folder / CARD_FILE).exists() and options.resume:
                check_identity(folder / _RECORD, identity)
                return Run.open(folder)
            # All that can be wrong with the recipe shows here, before the folder is claimed.
            device = group.place(choose_device(options.device))
            plan = Plan.make(recipe, prepared, split, device, target=images, start=start)
            experiment = plan.experiment.divided(group)
            loggers = [*listeners, *_loggers(folder, options.tensorboard)]
            claim = partial(_claim, folder, plan, options, identity, group.size)
            threads = group.agreed(claim)
            loggers += _snapshots(folder, plan, options.keep_every)
            reports = Reports(progress, loggers, options.checkpoint_seconds)
            with torch_threads(threads):
                fitted = fit_stages(experiment, recipe, folder / _CHECKPOINTS, reports)
                group.agreed(partial(_finish, folder, plan, fitted))
        return Run.open(folder)


def _finish(folder: Path, plan: Plan, fitted: Fitted) -> None:
    write_models(folder, plan, fitted)
    shutil.rmtree(folder / _CHECKPOINTS)


def _identity(
    recipe: Recipe,
    prepared: PreparedSet,
    split: Split,
    target: UnlabelledImages | None,
    start: Path | str | None,
) -> dict[str, str | None]:
    return {
        "recipe_sha256": recipe.sha256,
        "dataset_sha256": prepared.info.sha256,
        "split_sha256": split.sha256,
        "target_images_sha256": None if target is None else target.info.images_sha256,
        "target_rows_sha256": None if target is None else target.rows_sha256,
        "start_sha256": start_sha256(start),
    }


def _claim(
    folder: Path,
    plan: Plan,
    options: TrainOptions,
    identity: dict[str, str | None],
    count: int,
) -> int:
    """Make the run folder, or check that it is this run's; return the number of threads.

    The record is written first: a folder that a kill left with any of the files is gone on
    with. The numbers of threads and of processes belong to it, for the last bits of the weights
    depend on them.
    """
    record = folder / _RECORD
    device = plan.experiment.device.type
    identity = {**identity, "torch": torch.__version__, "device": device}
    if record.exists():
        if not options.resume:
            raise OutputExistsError(
                f"{folder} holds a run already. Give another folder, or resume it (--resume)."
            )
        check_identity(record, identity)
        known = read_json(record)
        if known.get("processes", 1) != count:
            raise OutputExistsError(
                f"{folder} holds a run by {known.get('processes', 1)} processes, but now there "
                f"are {count}, whose last bits differ. Start as many, or give another folder."
            )
        threads = int(known["threads"])
    else:
        if folder.exists() and any(not path.name.startswith(".") for path in folder.iterdir()):
            raise OutputExistsError(
                f"{folder} is not empty, and it is no run. Give another folder."
            )
        threads = torch.get_num_threads()
        own = plan.prepared.split
        kind = "data set" if own and plan.split.sha256 == own.sha256 else "own"
        target = None if plan.target is None else str(plan.target.folder.resolve())
        start = None if plan.start is None else plan.start.card.model_id
        data = {"data": str(plan.prepared.folder.resolve()), "split": kind, "threads": threads}
        given = {**data, "target": target, "start": start, "class_weights": plan.class_weights}
        write_json(record, {**environment(), **given, **identity, "processes": count})
    plan.recipe.write(folder / "recipe.toml")
    plan.split.write(folder / "split.csv")
    return threads


def _loggers(folder: Path, tensorboard: bool) -> list[Callable[[dict[str, float]], None]]:
    return [tensorboard_log(folder / "tensorboard")] if tensorboard else []


def _snapshots(folder: Path, plan: Plan, every: int) -> list[Snapshots]:
    made = plan.experiment
    place = folder / EPOCHS_FOLDER
    return [Snapshots(place, made.network, made.batch_norm, every)] if every else []
