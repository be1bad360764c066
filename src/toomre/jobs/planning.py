"""What a recipe, a data set and a split mean: everything that one training needs, built."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from toomre.build import (
    architecture,
    build_learning_rate,
    build_loss,
    build_network,
    build_optimizer,
)
from toomre.datasets.batches import EvaluationBatches, TrainingBatches, View
from toomre.datasets.normalisation import Normalisation
from toomre.errors import ArgumentError
from toomre.preparation.prepared import PreparedSet
from toomre.preparation.split import Split
from toomre.recipe import Recipe
from toomre.training.trainer import Experiment
from toomre.training.validation import Validation

__all__ = ["Plan"]


@dataclass(frozen=True, eq=False)
class Plan:
    """One training, with everything that its recipe names made.

    Attributes
    ----------
    recipe, prepared, split
        What was given.
    rows, labels
        Of the training and validation parts, by the part's name.
    normalisation
        From the training part.
    experiment
        What the trainer takes.
    """

    recipe: Recipe
    prepared: PreparedSet
    split: Split
    rows: dict[str, NDArray[np.intp]]
    labels: dict[str, NDArray[np.int64]]
    normalisation: Normalisation
    experiment: Experiment

    @classmethod
    def make(
        cls, recipe: Recipe, prepared: PreparedSet, split: Split, device: torch.device
    ) -> Plan:
        """Build everything, or raise an error that says what does not fit.

        Raises
        ------
        ArgumentError
            If a class is absent from a part, or the recipe names what does not exist or fit.
        """
        _check_classes(split, prepared)
        rows = {part: split.rows(part).to_numpy(np.intp) for part in ("train", "valid")}
        column = prepared.catalog["label"]
        labels = {part: column.iloc[index].to_numpy(np.int64) for part, index in rows.items()}
        normalisation = Normalisation.measure(prepared.images, rows["train"], recipe.input.size)
        experiment = _experiment(recipe, prepared, rows, labels, normalisation, device)
        return cls(recipe, prepared, split, rows, labels, normalisation, experiment)


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
