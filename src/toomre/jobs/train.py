"""``toomre.train``: from a prepared data set and a recipe to a calibrated model."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import torch

import toomre
from toomre.build import architecture, choose_device
from toomre.errors import ArgumentError, OutputExistsError
from toomre.inference.familiarity import measure_novelty
from toomre.inference.scoring import calibrated, score_rows
from toomre.inference.store import CARD_FILE, WEIGHTS_FILE, Model
from toomre.jobs.planning import Plan
from toomre.jobs.provenance import check_identity, environment, now
from toomre.jobs.run import Run
from toomre.networks.card import InputCard, ModelCard, TrainingCard
from toomre.output import output_lock
from toomre.preparation.prepared import PreparedSet
from toomre.preparation.split import Split
from toomre.recipe import Recipe
from toomre.storage import atomic_path, read_json, write_json
from toomre.training.checkpoint import read_weights
from toomre.training.selection import Selector
from toomre.training.tensorboard import tensorboard_log
from toomre.training.trainer import Fitted, Trainer

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
    """

    device: str = "auto"
    resume: bool = False
    checkpoint_seconds: float = 60.0
    tensorboard: bool = False


def train(
    recipe: Recipe | Path | str,
    data: PreparedSet | Path | str,
    out: Path | str,
    *,
    split: Split | None = None,
    options: TrainOptions = TrainOptions(),
    progress: Callable[[int, int], None] | None = None,
    listeners: Sequence[Callable[[dict[str, float]], None]] = (),
) -> Run:
    """Train a network, calibrate it on the validation part, and write a run folder.

    The test part is not looked at. Statistics come from the training part; the epoch, the
    calibration and the threshold from the validation part.

    Parameters
    ----------
    recipe
        A recipe or its file.
    data
        A prepared data set or its folder.
    out
        The run folder.
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
    """
    recipe = recipe if isinstance(recipe, Recipe) else Recipe.read(recipe)
    prepared = data if isinstance(data, PreparedSet) else PreparedSet.open(data, verify=True)
    split = split or prepared.split
    if split is None:
        raise ArgumentError(f"{prepared.folder} has no split, for its images have no labels.")
    folder = Path(out).resolve()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with output_lock(folder):
        if (folder / CARD_FILE).exists() and options.resume:
            check_identity(folder / _RECORD, _identity(recipe, prepared, split))
            return Run.open(folder)
        # All that can be wrong with the recipe shows here, before the folder is claimed.
        plan = Plan.make(recipe, prepared, split, choose_device(options.device))
        loggers = [*listeners, *_loggers(folder, options.tensorboard)]
        threads = _claim(folder, plan, options)
        with _torch_threads(threads):
            fitted = _fit(folder, plan, options, progress, loggers)
            _finish(folder, plan, fitted)
    return Run.open(folder)


def _fit(
    folder: Path,
    plan: Plan,
    options: TrainOptions,
    progress: Callable[[int, int], None] | None,
    listeners: Sequence[Callable[[dict[str, float]], None]],
) -> Fitted:
    selection = plan.recipe.selection
    return Trainer(
        plan.experiment,
        folder / _CHECKPOINTS,
        Selector(selection.metric, selection.patience, selection.min_delta),
        checkpoint_seconds=options.checkpoint_seconds,
        progress=progress,
        listeners=listeners,
    ).fit()


def _identity(recipe: Recipe, prepared: PreparedSet, split: Split) -> dict[str, str]:
    return {
        "recipe_sha256": recipe.sha256,
        "dataset_sha256": prepared.info.sha256,
        "split_sha256": split.sha256,
    }


def _claim(folder: Path, plan: Plan, options: TrainOptions) -> int:
    """Make the run folder, or check that it is this run's; return the number of threads.

    The record is written first: a folder that a kill left with any of the files is gone on
    with. The number of threads belongs to it, for the last bits of the weights depend on it.
    """
    record = folder / _RECORD
    device = plan.experiment.device.type
    identity = _identity(plan.recipe, plan.prepared, plan.split)
    identity |= {"torch": torch.__version__, "device": device}
    if record.exists():
        if not options.resume:
            raise OutputExistsError(
                f"{folder} holds a run already. Give another folder, or resume it (--resume)."
            )
        check_identity(record, identity)
        threads = int(read_json(record)["threads"])
    else:
        if folder.exists() and any(not path.name.startswith(".") for path in folder.iterdir()):
            raise OutputExistsError(
                f"{folder} is not empty, and it is no run. Give another folder."
            )
        threads = torch.get_num_threads()
        own = plan.prepared.split
        kind = "data set" if own and plan.split.sha256 == own.sha256 else "own"
        data = {"data": str(plan.prepared.folder.resolve()), "split": kind, "threads": threads}
        write_json(record, {**environment(), **data, **identity})
    plan.recipe.write(folder / "recipe.toml")
    plan.split.write(folder / "split.csv")
    return threads


@contextmanager
def _torch_threads(number: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _card(plan: Plan, fitted: Fitted) -> ModelCard:
    recipe, info, labels = plan.recipe, plan.prepared.info, plan.labels["train"]
    return ModelCard(
        name=recipe.name,
        summary=recipe.summary,
        architecture=architecture(recipe),
        input=InputCard(
            bands=info.bands,
            encoding=info.encoding,
            unit=info.unit,
            grid=info.grid.centre(recipe.input.size),
            mean=plan.normalisation.mean,
            std=plan.normalisation.std,
        ),
        class_prior=float(labels.mean()),
        weights_sha256=fitted.weights_sha256,
        training=TrainingCard(
            data=plan.prepared.folder.name,
            images=len(labels),
            mergers=int(labels.sum()),
            dataset_sha256=info.sha256,
            split_sha256=plan.split.sha256,
            recipe_sha256=recipe.sha256,
            seed=recipe.seed,
            epoch=fitted.best_epoch,
            toomre_version=toomre.__version__,
            torch_version=torch.__version__,
            created=now(),
        ),
    )


def _finish(folder: Path, plan: Plan, fitted: Fitted) -> None:
    """Calibrate the best epoch's weights and write the run's files, the card last."""
    network, prepared = plan.experiment.network, plan.prepared
    network.load_state_dict(read_weights(fitted.weights, fitted.weights_sha256))
    card = _card(plan, fitted)
    with atomic_path(folder / WEIGHTS_FILE) as temporary:
        shutil.copyfile(fitted.weights, temporary)
    with atomic_path(folder / "history.csv") as temporary:
        pd.DataFrame(fitted.history).to_csv(temporary, index=False)
    rows = plan.rows["valid"]
    device = plan.experiment.device
    logits = score_rows(Model(card, network.eval()), prepared, rows, device)
    groups = prepared.catalog["galaxy_id"].iloc[rows].to_numpy()
    card = calibrated(card, logits, plan.labels["valid"], groups, plan.recipe.calibration)
    novelty = measure_novelty(prepared.images, plan.rows["train"], rows, card.input)
    card.model_copy(update={"novelty": novelty}).write(folder / CARD_FILE)
    shutil.rmtree(folder / _CHECKPOINTS)


def _loggers(folder: Path, tensorboard: bool) -> list[Callable[[dict[str, float]], None]]:
    return [tensorboard_log(folder / "tensorboard")] if tensorboard else []
