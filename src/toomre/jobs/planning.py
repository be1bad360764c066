"""What a recipe, a data set and a split mean: everything that one training needs, built."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray

from toomre.build import (
    architecture,
    build_batch_norm,
    build_loss,
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
from toomre.jobs.labelling import Labels, training_labels, with_votes
from toomre.jobs.stages import of_stage
from toomre.losses.tables import needs_target
from toomre.networks.network import Backbone
from toomre.preparation.prepared import PreparedSet
from toomre.preparation.split import Split
from toomre.recipe import Recipe
from toomre.training.batch_norm import Domain
from toomre.training.class_weights import with_class_weights
from toomre.training.experiment import Experiment
from toomre.training.transfer import take_over
from toomre.training.validation import TwoDomainValidation, Validation
from toomre.training.vote_validation import VoteValidation

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
        Of the source's training and validation parts, by the part's name; where votes are
        learnt, of the images that have them.
    target
        The images of the target, or None.
    start
        The model that the training starts from, or None.
    normalisation
        Of each domain.
    class_weights
        Name of a loss that asked for balanced ones -> weights of nonmergers and mergers.
    experiment
        What the trainer takes; of a training in stages, the first.
    """

    recipe: Recipe
    prepared: PreparedSet
    split: Split
    rows: dict[str, NDArray[np.intp]]
    labels: dict[str, Labels]
    target: UnlabelledImages | None
    start: Model | None
    normalisation: dict[Domain, Normalisation]
    class_weights: dict[str, tuple[float, float]]
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
        if target is not None:
            per_domain = recipe.adaptation.normalisation == "per_domain"
            check_target(prepared.info, target.info, per_domain=per_domain)
        model = None if start is None else open_model(start)
        if model is not None:
            check_start(model.card, prepared.info)
        answers = architecture(recipe).answers
        rows = {
            part: with_votes(prepared, split.rows(part).to_numpy(np.intp), answers, part)
            for part in ("train", "valid")
        }
        labels = training_labels(prepared, rows, answers)
        if answers and target is not None:
            raise ArgumentError(
                f"The head {recipe.head.name!r} has no merger logit, so that it cannot be adapted "
                "to a target domain. Train it without one (--target), or take another head."
            )
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
        judge: Any = VoteValidation if answers else Validation
        _check_metrics(recipe, judge.names)
        validate = judge(validation, labels["valid"], device)
        losses, weights = with_class_weights(recipe.loss, labels["train"])
        weighted = recipe.model_copy(update={"loss": losses})
        experiment = _experiment(weighted, source, validate, model)
        looking = [term.name for term in recipe.loss if needs_target(term.name)]
        if target is not None:
            experiment = _with_target(recipe, experiment, target, views["target"])
            experiment = experiment if looking else _source_only(recipe, experiment)
        elif looking:
            raise ArgumentError(
                f"The recipe's losses {', '.join(map(repr, looking))} look at a target domain, but "
                "there is none. Give one (--target), or take them out."
            )
        return cls(
            recipe=recipe,
            prepared=prepared,
            split=split,
            rows=rows,
            labels=labels,
            target=target,
            start=model,
            normalisation=normalisation,
            class_weights=weights,
            experiment=experiment,
        )


def _check_metrics(recipe: Recipe, names: Collection[str]) -> None:
    """Refuse a metric that the validation of the source, which gives `names`, has not."""
    for metric in recipe.metrics:
        if metric not in names and metric not in TARGET_SCORES:
            allowed = f"one of {', '.join(names)}, for the head {recipe.head.name!r}"
            raise ArgumentError.expected("selection.metric", allowed, metric)


def _experiment(
    recipe: Recipe,
    source: TrainingBatches,
    validate: Validation | VoteValidation,
    start: Model | None,
) -> Experiment:
    """Build the training of the source alone."""
    torch.manual_seed(recipe.seed)
    network = initial_network(recipe, bands=source.bands)
    if start is not None:
        take_over(network, start.network.state_dict(), recipe.transfer.parts)
    network.to(validate.device)
    features = cast("Backbone", network.backbone).num_features
    loss = build_loss(recipe.loss, features).to(validate.device)
    # The first stage's come last; the later ones are made so that their mistakes show now.
    stages = [of_stage(each, network, loss, source.steps) for each in reversed(recipe.stages())]
    return Experiment(
        network=network,
        loss=loss,
        source=source,
        target=None,
        validate=validate,
        seed=recipe.seed,
        device=validate.device,
        precision=getattr(torch, recipe.training.precision),
        **stages[-1],
    )


def _with_target(
    recipe: Recipe, experiment: Experiment, target: UnlabelledImages, view: View
) -> Experiment:
    """Add the target: its batches, how BatchNorm treats them, and its scores."""
    images, network, kind = target.images, experiment.network, recipe.adaptation.batch_norm
    if kind == "per_domain" and (recipe.stage or recipe.training.average):
        # What a stage freezes has one set of statistics, and the next stage may thaw it; and the
        # mean of the weights has one set too.
        allowed = "another one for a training in stages or with averaged weights"
        raise ArgumentError.expected("adaptation.batch_norm", allowed, kind)
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
    """Return the label-free scores of each epoch: the cheap ones and those that any stage uses."""
    chosen = [name for name in recipe.metrics if name in TARGET_SCORES]
    if recipe.adaptation.batch_norm == "re_estimated" and not chosen:
        return []  # each look at the target would measure its statistics anew
    return list(dict.fromkeys([*_CHEAP, *chosen]))
