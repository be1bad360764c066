"""What a recipe, a data set and a split mean: everything that one training needs, built."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray

from toomre.build import (
    build_batch_norm,
    build_learning_rate,
    build_loss,
    build_momentum,
    build_optimizer,
    build_plateau,
    initial_network,
)
from toomre.datasets.batches import EvaluationBatches, TrainingBatches, View
from toomre.datasets.normalisation import Normalisation
from toomre.datasets.unlabelled import UnlabelledImages
from toomre.errors import ArgumentError
from toomre.evaluation.target_scores import TARGET_SCORES
from toomre.inference.store import Model, open_model
from toomre.jobs.domains import (
    check_options,
    check_start,
    check_target,
    normalisations,
)
from toomre.losses.tables import needs_target
from toomre.networks.network import Backbone
from toomre.preparation.prepared import PreparedSet
from toomre.preparation.split import Split
from toomre.recipe import Recipe
from toomre.training.batch_norm import Domain
from toomre.training.experiment import Experiment
from toomre.training.transfer import freeze, take_over
from toomre.training.validation import TwoDomainValidation, Validation

__all__ = ["Plan"]

# Target images that are scored each epoch, at most.
_SCORED = 2000
# Scores that cost next to nothing once the images went through the network.
_CHEAP = ("target_entropy", "target_infomax")


@dataclass(frozen=True, eq=False)
class Plan:
    """One training, with everything that its recipe names made.

    Attributes
    ----------
    recipe, prepared, split
        What was given.
    rows, labels
        Of the source's training and validation parts, by the part's name.
    target
        The images of the target, or None.
    start
        The model that the training starts from, or None.
    normalisation
        Of each domain.
    experiment
        What the trainer takes.
    """

    recipe: Recipe
    prepared: PreparedSet
    split: Split
    rows: dict[str, NDArray[np.intp]]
    labels: dict[str, NDArray[np.int64]]
    target: UnlabelledImages | None
    start: Model | None
    normalisation: dict[Domain, Normalisation]
    experiment: Experiment

    @classmethod
    def make(
        cls,
        recipe: Recipe,
        prepared: PreparedSet,
        split: Split,
        device: torch.device,
        *,
        target: UnlabelledImages | None = None,
        start: Path | str | None = None,
    ) -> Plan:
        """Build everything, or raise an error that says what does not fit.

        Raises
        ------
        ArgumentError
            If a class is absent from a part, the domains or the model to start from do not
            fit together, or the recipe names what does not exist or fit.
        """
        check_options(recipe, target, start)
        _check_classes(split, prepared)
        if target is not None:
            per_domain = recipe.adaptation.normalisation == "per_domain"
            check_target(prepared.info, target.info, per_domain=per_domain)
        model = None if start is None else open_model(start)
        if model is not None:
            check_start(model.card, prepared.info)
        rows = {part: split.rows(part).to_numpy(np.intp) for part in ("train", "valid")}
        column = prepared.catalog["label"]
        labels = {part: column.iloc[index].to_numpy(np.int64) for part, index in rows.items()}
        normalisation = normalisations(recipe, prepared, rows["train"], target, start)
        views = {d: View(recipe.input.size, one) for d, one in normalisation.items()}
        source = TrainingBatches(
            prepared.images,
            rows["train"],
            labels["train"],
            views["source"],
            recipe.augmentation,
            recipe.training.batch_size,
            recipe.seed,
        )
        validation = EvaluationBatches(prepared.images, rows["valid"], views["source"])
        experiment = _experiment(
            recipe, source, Validation(validation, labels["valid"], device), model
        )
        looking = [term.name for term in recipe.loss if needs_target(term.name)]
        if target is not None:
            experiment = _with_target(recipe, experiment, target, views["target"])
            experiment = experiment if looking else _source_only(recipe, experiment)
        elif looking:
            raise ArgumentError(
                f"The recipe's losses {', '.join(map(repr, looking))} look at a target domain, but "
                "there is none. Give one (--target), or take them out."
            )
        return cls(recipe, prepared, split, rows, labels, target, model, normalisation, experiment)


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
    recipe: Recipe, source: TrainingBatches, validate: Validation, start: Model | None
) -> Experiment:
    """Build the training of the source alone."""
    torch.manual_seed(recipe.seed)
    network = initial_network(recipe, bands=source.bands)
    if start is not None:
        take_over(network, start.network.state_dict(), recipe.transfer.parts)
    freeze(network, recipe.transfer.freeze)
    network.to(validate.device)
    features = cast("Backbone", network.backbone).num_features
    loss = build_loss(recipe.loss, features).to(validate.device)
    return Experiment(
        network=network,
        loss=loss,
        optimizer=build_optimizer(recipe.optimizer, network, loss),
        learning_rate=build_learning_rate(recipe, source.steps),
        source=source,
        target=None,
        validate=validate,
        epochs=recipe.training.epochs,
        seed=recipe.seed,
        device=validate.device,
        precision=getattr(torch, recipe.training.precision),
        momentum=build_momentum(recipe, source.steps),
        plateau=build_plateau(recipe),
    )


def _with_target(
    recipe: Recipe, experiment: Experiment, target: UnlabelledImages, view: View
) -> Experiment:
    """Add the target: its batches, how BatchNorm treats them, and its scores."""
    images, network, kind = target.images, experiment.network, recipe.adaptation.batch_norm
    batch_norm = build_batch_norm(
        kind, network, EvaluationBatches(images, target.train, view), experiment.device
    )
    # Its draws are not those of the source.
    seed = int(np.random.SeedSequence([recipe.seed, 1]).generate_state(1)[0])
    batches = TrainingBatches(
        images,
        target.train,
        None,
        view,
        recipe.augmentation,
        recipe.training.batch_size,
        seed,
    )
    step = -(-len(target.valid) // _SCORED)
    scored = EvaluationBatches(images, target.valid[::step], view)
    return replace(
        experiment,
        target=batches,
        batch_norm=batch_norm,
        validate=TwoDomainValidation(
            cast("Validation", experiment.validate), scored, batch_norm, _scores(recipe)
        ),
    )


def _source_only(recipe: Recipe, experiment: Experiment) -> Experiment:
    """Leave out the target's batches, at which no loss looks."""
    if recipe.adaptation.batch_norm == "per_domain":
        allowed = "re_estimated where no loss looks at the target"
        raise ArgumentError.expected("adaptation.batch_norm", allowed, "per_domain")
    return replace(experiment, target=None)


def _scores(recipe: Recipe) -> list[str]:
    """Return the label-free scores of each epoch: the cheap ones and those that choose."""
    wanted = [recipe.selection.metric]
    if recipe.schedule.name == "plateau":
        wanted.append(recipe.schedule.plateau.metric)
    chosen = [name for name in wanted if name in TARGET_SCORES]
    if recipe.adaptation.batch_norm == "re_estimated" and not chosen:
        return []  # each look at the target would measure its statistics anew
    return list(dict.fromkeys([*_CHEAP, *chosen]))
