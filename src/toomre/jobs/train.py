"""``toomre.train``: from a prepared data set and a recipe to a calibrated model."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

import toomre
from toomre.build import (
    architecture,
    build_learning_rate,
    build_loss,
    build_network,
    build_optimizer,
    choose_device,
)
from toomre.datasets.batches import EvaluationBatches, TrainingBatches, View
from toomre.datasets.normalisation import Normalisation
from toomre.errors import ArgumentError, OutputExistsError
from toomre.inference.scoring import calibrated, score_rows
from toomre.inference.store import CARD_FILE, WEIGHTS_FILE, Model
from toomre.jobs.provenance import check_identity, environment, now
from toomre.jobs.run import Run
from toomre.networks.card import InputCard, ModelCard, TrainingCard
from toomre.preparation.prepared import PreparedSet
from toomre.preparation.split import Split
from toomre.recipe import Recipe
from toomre.storage import atomic_path, write_json
from toomre.training.checkpoint import read_weights
from toomre.training.selection import Selector
from toomre.training.tensorboard import tensorboard_log
from toomre.training.trainer import Experiment, Fitted, Trainer
from toomre.training.validation import Validation

__all__ = ["TrainOptions", "train"]


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
    prepared = data if isinstance(data, PreparedSet) else PreparedSet.open(data)
    split = split or prepared.split
    if split is None:
        raise ArgumentError(f"{prepared.folder} has no split, for its images have no labels.")
    folder = Path(out)
    _check_classes(split, prepared)
    if _claim(folder, recipe, prepared, split, options.resume):
        return Run.open(folder)
    device = choose_device(options.device)
    rows = {part: split.rows(part).to_numpy(np.intp) for part in ("train", "valid")}
    labels = prepared.catalog["label"]
    truth = {part: labels.iloc[index].to_numpy(np.int64) for part, index in rows.items()}
    normalisation = Normalisation.measure(prepared.images, rows["train"], recipe.input.size)
    experiment = _experiment(recipe, prepared, rows, truth, normalisation, device)
    selection = recipe.selection
    trainer = Trainer(
        experiment,
        folder / "checkpoints",
        Selector(selection.metric, selection.patience, selection.min_delta),
        checkpoint_seconds=options.checkpoint_seconds,
        progress=progress,
        listeners=[*listeners, *_loggers(folder, options.tensorboard)],
    )
    fitted = trainer.fit()
    card = _card(recipe, prepared, split, normalisation, fitted, truth["train"])
    network = experiment.network
    network.load_state_dict(read_weights(fitted.weights, fitted.weights_sha256))
    _finish(folder, fitted, Model(card, network.eval()), prepared, rows["valid"], recipe)
    return Run.open(folder)


def _check_classes(split: Split, prepared: PreparedSet) -> None:
    """Refuse to train or choose by a part in which a class is absent."""
    for part in ("train", "valid"):
        labels = prepared.catalog["label"].iloc[split.rows(part)]
        mergers, nonmergers = int((labels == 1).sum()), int((labels == 0).sum())
        if min(mergers, nonmergers) == 0:
            raise ArgumentError.expected(
                f"the {part} part",
                "images of both classes",
                f"{mergers} mergers and {nonmergers} nonmergers",
                "Prepare the data set with other fractions, or add images.",
            )


def _claim(folder: Path, recipe: Recipe, prepared: PreparedSet, split: Split, resume: bool) -> bool:
    """Make the run folder, or check that it is this run's; return whether it is finished."""
    identity = {
        "recipe_sha256": recipe.sha256,
        "dataset_sha256": prepared.info.sha256,
        "split_sha256": split.sha256,
    }
    path = folder / "environment.json"
    if path.exists():
        if not resume:
            raise OutputExistsError(
                f"{folder} holds a run already. Give another folder, or resume it (--resume)."
            )
        check_identity(path, identity)
        return (folder / CARD_FILE).exists()
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise OutputExistsError(f"{folder} is not empty, and it is no run. Give another folder.")
    recipe.write(folder / "recipe.toml")
    split.write(folder / "split.csv")
    kind = "data set" if prepared.split and split.sha256 == prepared.split.sha256 else "own"
    data = {"data": str(prepared.folder.resolve()), "split": kind, **identity}
    write_json(path, {**environment(), **data})
    return False


def _experiment(
    recipe: Recipe,
    prepared: PreparedSet,
    rows: dict[str, NDArray[np.intp]],
    truth: dict[str, NDArray[np.int64]],
    normalisation: Normalisation,
    device: torch.device,
) -> Experiment:
    view = View(recipe.input.size, normalisation)
    torch.manual_seed(recipe.seed)
    network = build_network(
        architecture(recipe), bands=len(prepared.info.bands), size=recipe.input.size
    ).to(device)
    loss = build_loss(recipe.loss).to(device)
    source = TrainingBatches(
        prepared.images,
        rows["train"],
        truth["train"],
        view,
        recipe.augmentation,
        recipe.training.batch_size,
        recipe.seed,
    )
    validation = EvaluationBatches(prepared.images, rows["valid"], view)
    return Experiment(
        network=network,
        loss=loss,
        optimizer=build_optimizer(recipe.optimizer, network, loss),
        learning_rate=build_learning_rate(recipe),
        source=source,
        target=None,
        validate=Validation(validation, truth["valid"], device),
        epochs=recipe.training.epochs,
        seed=recipe.seed,
        device=device,
        precision=getattr(torch, recipe.training.precision),
    )


def _card(
    recipe: Recipe,
    prepared: PreparedSet,
    split: Split,
    normalisation: Normalisation,
    fitted: Fitted,
    labels: NDArray[np.int64],
) -> ModelCard:
    info = prepared.info
    return ModelCard(
        name=recipe.name,
        summary=recipe.summary,
        architecture=architecture(recipe),
        input=InputCard(
            bands=info.bands,
            encoding=info.encoding,
            unit=info.unit,
            grid=info.grid.centre(recipe.input.size),
            mean=normalisation.mean,
            std=normalisation.std,
        ),
        class_prior=float(labels.mean()),
        weights_sha256=fitted.weights_sha256,
        training=TrainingCard(
            data=prepared.folder.name,
            images=len(labels),
            mergers=int(labels.sum()),
            dataset_sha256=info.sha256,
            split_sha256=split.sha256,
            recipe_sha256=recipe.sha256,
            seed=recipe.seed,
            epoch=fitted.best_epoch,
            toomre_version=toomre.__version__,
            torch_version=torch.__version__,
            created=now(),
        ),
    )


def _finish(
    folder: Path,
    fitted: Fitted,
    model: Model,
    prepared: PreparedSet,
    rows: NDArray[np.intp],
    recipe: Recipe,
) -> None:
    """Calibrate the best epoch's weights and write the run's files, the card last."""
    with atomic_path(folder / WEIGHTS_FILE) as temporary:
        shutil.copyfile(fitted.weights, temporary)
    with atomic_path(folder / "history.csv") as temporary:
        pd.DataFrame(fitted.history).to_csv(temporary, index=False)
    chosen = prepared.catalog.iloc[rows]
    card = calibrated(
        model.card,
        score_rows(model, prepared, rows, next(model.network.parameters()).device),
        chosen["label"].to_numpy(np.int64),
        chosen["galaxy_id"].to_numpy(),
        recipe.calibration,
    )
    card.write(folder / CARD_FILE)
    shutil.rmtree(folder / "checkpoints")


def _loggers(folder: Path, tensorboard: bool) -> list[Callable[[dict[str, float]], None]]:
    return [tensorboard_log(folder / "tensorboard")] if tensorboard else []
