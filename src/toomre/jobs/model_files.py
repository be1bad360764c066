"""From a fitted experiment to the models of a run folder: weights, calibration and card."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

import toomre
from toomre.build import architecture
from toomre.datasets.unlabelled import UnlabelledImages
from toomre.evaluation.mixture_threshold import mixture_threshold
from toomre.evaluation.validation_scores import VALIDATION_FILE, ValidationScores
from toomre.inference.familiarity import measure_novelty, measure_pixels
from toomre.inference.predictor import scores_of
from toomre.inference.scoring import calibrated, score_rows
from toomre.inference.store import CARD_FILE, SOURCE_FOLDER, WEIGHTS_FILE, Model
from toomre.inference.votes import vote_rows, with_vote_metrics
from toomre.jobs.planning import Plan
from toomre.jobs.provenance import now
from toomre.networks.card import InputCard, ModelCard, TargetCard, TrainingCard
from toomre.storage import atomic_path
from toomre.surveys.vote_tree import MERGER, MERGER_VOTES
from toomre.training.batch_norm import Domain
from toomre.training.checkpoint import write_weights
from toomre.training.experiment import Fitted
from toomre.training.symptoms import symptoms
from toomre.training.trainer import load_best

__all__ = ["write_models"]

_ONE_HEAP = (
    "The target's scores do not part into two heaps: the threshold is that of the source's "
    "validation part."
)
_CHOSEN_BY_LABEL = (
    "The target's parts were drawn so that each has its share of both classes: its labels had a "
    "say in which images were adapted to. Prepare it with --no-stratify, or set "
    'adaptation.target_part = "all".'
)


def write_models(folder: Path, plan: Plan, fitted: Fitted) -> None:
    """Calibrate the best epoch's weights and write the run's files, the card last.

    Calibration and threshold come from the source's validation part. With a target the folder
    itself is the target's model (its normalisation, its BatchNorm statistics, its novelty), and
    the folder ``source`` in it the source's.
    """
    load_best(plan.experiment, fitted)
    plan.experiment.network.eval()
    with atomic_path(folder / "history.csv") as temporary:
        pd.DataFrame(fitted.history).to_csv(temporary, index=False)
    source = folder if plan.target is None else folder / SOURCE_FOLDER
    card = _write_source(source, plan, fitted)
    if plan.target is not None:
        _write_target(folder, plan, plan.target, fitted, card)


def _write_source(folder: Path, plan: Plan, fitted: Fitted) -> ModelCard:
    network, prepared, rows = plan.experiment.network, plan.prepared, plan.rows["valid"]
    with plan.experiment.batch_norm.on(network, "source"):
        sha256 = write_weights(folder / WEIGHTS_FILE, network.state_dict())
        card = _judged(plan, Model(_card(plan, fitted, sha256), network), folder)
    novelty = measure_novelty(prepared.images, plan.rows["train"], rows, card.input)
    pixels = measure_pixels(prepared.images, plan.rows["train"], card.input.grid.size)
    card = card.model_copy(update={"novelty": novelty, "pixels": pixels})
    card.write(folder / CARD_FILE)
    return card


def _judged(plan: Plan, model: Model, folder: Path) -> ModelCard:
    """Return the card with what the validation part says: calibration, threshold, metrics.

    The part's scores are kept beside it.
    """
    prepared, rows, device = plan.prepared, plan.rows["valid"], plan.experiment.device
    labels: Any = plan.labels["valid"]
    groups = prepared.catalog["galaxy_id"].iloc[rows].to_numpy()
    if model.card.architecture.answers:
        predicted = vote_rows(model, prepared, rows, device)
        return with_vote_metrics(model.card, predicted, labels, groups)
    logits = score_rows(model, prepared, rows, device)
    card = calibrated(model.card, logits, labels, groups, plan.recipe.calibration)
    if len(np.unique(labels)) == 2:
        p = scores_of(logits, card.calibration).p
        ValidationScores.of(labels, p, groups).write(folder / VALIDATION_FILE)
    return card


def _write_target(
    folder: Path, plan: Plan, target: UnlabelledImages, fitted: Fitted, card: ModelCard
) -> None:
    """Write the target's weights and card, which keeps the source's calibration.

    It also keeps the source's threshold, but where the recipe takes it from the target's scores.
    """
    network = plan.experiment.network
    wanted = _input(plan, "target")
    novelty = measure_novelty(target.images, target.train, target.valid, wanted)
    pixels = measure_pixels(target.images, target.train, wanted.grid.size)
    with plan.experiment.batch_norm.on(network, "target"):
        sha256 = write_weights(folder / WEIGHTS_FILE, network.state_dict())
        measured = {"novelty": novelty, "pixels": pixels}
        card = card.model_copy(update={"input": wanted, "weights_sha256": sha256, **measured})
        card, p = _with_target_threshold(plan, target, Model(card, network))
    mergers = float(np.mean(p >= card.threshold))
    found = symptoms(fitted.history, fitted.best_epoch, mergers)
    if target.part == "train" and target.info.split_by_label:
        found = (*found, _CHOSEN_BY_LABEL)
    training = card.training.model_copy(update={"warnings": found})
    card.model_copy(update={"training": training}).write(folder / CARD_FILE)


def _with_target_threshold(
    plan: Plan, target: UnlabelledImages, model: Model
) -> tuple[ModelCard, NDArray[np.float64]]:
    """Return the card with the threshold that the recipe wants, and scores of the target."""
    from_target = plan.recipe.calibration.threshold == "target_mixture"
    rows = target.train if from_target else target.valid
    logits = score_rows(model, target, rows, plan.experiment.device)
    p = scores_of(logits, model.card.calibration).p
    if not from_target:
        return model.card, p
    if (threshold := mixture_threshold(p)) is not None:
        return model.card.model_copy(update={"threshold": threshold}), p
    known = (*model.card.known_failures, _ONE_HEAP)
    return model.card.model_copy(update={"known_failures": known}), p


def _input(plan: Plan, domain: Domain) -> InputCard:
    info = plan.prepared.info if domain == "source" or plan.target is None else plan.target.info
    return InputCard(
        bands=info.bands,
        encoding=info.encoding,
        unit=info.unit,
        grid=info.grid.centre(plan.recipe.input.size),
        psf_fwhm=info.psf_fwhm,
        mean=plan.normalisation[domain].mean,
        std=plan.normalisation[domain].std,
        stretch=plan.normalisation[domain].stretch,
    )


def _card(plan: Plan, fitted: Fitted, weights_sha256: str) -> ModelCard:
    recipe, labels = plan.recipe, plan.labels["train"]
    # Of vote fractions, what the published threshold calls a merger.
    mergers = labels if labels.ndim == 1 else labels[:, MERGER] >= MERGER_VOTES
    return ModelCard(
        name=recipe.name,
        summary=recipe.summary,
        architecture=architecture(recipe),
        input=_input(plan, "source"),
        class_prior=float(mergers.mean()),
        weights_sha256=weights_sha256,
        training=TrainingCard(
            data=plan.prepared.folder.name,
            images=len(labels),
            mergers=int(mergers.sum()),
            dataset_sha256=plan.prepared.info.sha256,
            split_sha256=plan.split.sha256,
            recipe_sha256=recipe.sha256,
            seed=recipe.seed,
            epoch=fitted.best_epoch,
            toomre_version=toomre.__version__,
            torch_version=torch.__version__,
            created=now(),
            simulated=plan.prepared.info.simulated,
            target=_target(plan),
            start="" if plan.start is None else plan.start.card.model_id,
        ),
    )


def _target(plan: Plan) -> TargetCard | None:
    target = plan.target
    if target is None:
        return None
    return TargetCard(
        data=target.folder.name,
        part=target.part,
        images=len(target.train),
        images_sha256=target.info.images_sha256,
        rows_sha256=target.rows_sha256,
    )
