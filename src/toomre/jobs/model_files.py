"""From a fitted experiment to the models of a run folder: weights, calibration and card."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import torch

import toomre
from toomre.build import architecture
from toomre.datasets.unlabelled import UnlabelledImages
from toomre.inference.familiarity import measure_novelty
from toomre.inference.predictor import scores_of
from toomre.inference.scoring import calibrated, score_rows
from toomre.inference.store import CARD_FILE, SOURCE_FOLDER, WEIGHTS_FILE, Model
from toomre.jobs.planning import Plan
from toomre.jobs.provenance import now
from toomre.networks.card import InputCard, ModelCard, TargetCard, TrainingCard
from toomre.storage import atomic_path
from toomre.training.batch_norm import Domain
from toomre.training.checkpoint import write_weights
from toomre.training.experiment import Fitted
from toomre.training.symptoms import symptoms
from toomre.training.trainer import load_best

__all__ = ["write_models"]


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
        card = _card(plan, fitted, sha256)
        logits = score_rows(Model(card, network), prepared, rows, plan.experiment.device)
    groups = prepared.catalog["galaxy_id"].iloc[rows].to_numpy()
    card = calibrated(card, logits, plan.labels["valid"], groups, plan.recipe.calibration)
    novelty = measure_novelty(prepared.images, plan.rows["train"], rows, card.input)
    card = card.model_copy(update={"novelty": novelty})
    card.write(folder / CARD_FILE)
    return card


def _write_target(
    folder: Path, plan: Plan, target: UnlabelledImages, fitted: Fitted, card: ModelCard
) -> None:
    """Write the target's weights and card, which keeps the source's calibration."""
    network = plan.experiment.network
    wanted = _input(plan, "target")
    novelty = measure_novelty(target.images, target.train, target.valid, wanted)
    with plan.experiment.batch_norm.on(network, "target"):
        sha256 = write_weights(folder / WEIGHTS_FILE, network.state_dict())
        changes = {"input": wanted, "novelty": novelty, "weights_sha256": sha256}
        card = card.model_copy(update=changes)
        logits = score_rows(Model(card, network), target, target.valid, plan.experiment.device)
    mergers = float(np.mean(scores_of(logits, card.calibration).p >= card.threshold))
    found = symptoms(fitted.history, fitted.best_epoch, mergers)
    training = card.training.model_copy(update={"warnings": found})
    card.model_copy(update={"training": training}).write(folder / CARD_FILE)


def _input(plan: Plan, domain: Domain) -> InputCard:
    info = plan.prepared.info if domain == "source" or plan.target is None else plan.target.info
    return InputCard(
        bands=info.bands,
        encoding=info.encoding,
        unit=info.unit,
        grid=info.grid.centre(plan.recipe.input.size),
        mean=plan.normalisation[domain].mean,
        std=plan.normalisation[domain].std,
        stretch=plan.normalisation[domain].stretch,
    )


def _card(plan: Plan, fitted: Fitted, weights_sha256: str) -> ModelCard:
    recipe, labels = plan.recipe, plan.labels["train"]
    return ModelCard(
        name=recipe.name,
        summary=recipe.summary,
        architecture=architecture(recipe),
        input=_input(plan, "source"),
        class_prior=float(labels.mean()),
        weights_sha256=weights_sha256,
        training=TrainingCard(
            data=plan.prepared.folder.name,
            images=len(labels),
            mergers=int(labels.sum()),
            dataset_sha256=plan.prepared.info.sha256,
            split_sha256=plan.split.sha256,
            recipe_sha256=recipe.sha256,
            seed=recipe.seed,
            epoch=fitted.best_epoch,
            toomre_version=toomre.__version__,
            torch_version=torch.__version__,
            created=now(),
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
