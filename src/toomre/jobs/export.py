"""``toomre.export``: a run, or a model, to hand on: weights, card, validation scores."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from toomre.errors import MissingFileError, OutputExistsError, SplitMismatchError
from toomre.evaluation.validation_scores import VALIDATION_FILE
from toomre.inference.store import (
    CARD_FILE,
    WEIGHTS_FILE,
    Model,
    model_folder,
    open_model,
    validation_file,
)
from toomre.jobs.provenance import check_identity
from toomre.jobs.training_pixels import recorded_images, training_pixels
from toomre.networks.card import ModelCard, PixelCard
from toomre.preparation.prepared import PreparedSet
from toomre.storage import atomic_path, read_json
from toomre.training.batch_norm import Domain

__all__ = ["export"]

# Where a run keeps the evaluations that belong on the card, and by which of its models.
_EVALUATIONS: Mapping[str, Domain] = {".": "source", "target": "target", "target-all": "target"}


def export(
    run: Path | str,
    out: Path | str,
    *,
    crossvalidation: Path | str | None = None,
    known_failures: Sequence[str] = (),
    data: PreparedSet | Path | str | None = None,
) -> Model:
    """Write a model folder from a finished run, or from a model.

    A card from before cards kept the mean and scatter of the training images' pixels gets them,
    measured on the training rows of the set that the run records; weights and hashes stay.

    Parameters
    ----------
    run
        A run folder; or a model's folder or name, to bring its card up to date.
    out
        The folder to write; its name is free, the model keeps its recipe's name.
    crossvalidation
        A folder of `crossvalidate` with the same recipe and images: its pooled metrics go into
        the card, as mean over the seeds with the widest of their intervals.
    known_failures
        Where the model is known to be wrong, one sentence each, besides what its card says.
    data
        The prepared set that it was trained on (of a model with a target, the target's), where
        no run records it or it lies elsewhere now.

    Raises
    ------
    SplitMismatchError
        If `data` are not the images of the training.
    MissingFileError
        If the run or the cross-validation is not finished.
    OutputExistsError
        If the folder holds a model already, or the cross-validation is of another recipe or
        data set.

    Examples
    --------
    ``export("runs/mine", "my-model").card.pixels`` is what the flag ``range`` compares with.
    """
    folder = Path(out)
    if (folder / CARD_FILE).exists():
        raise OutputExistsError(f"{folder} holds a model already. Give another folder.")
    origin = model_folder(run)
    card = open_model(origin).card
    metrics = dict(card.metrics)
    for place, domain in _EVALUATIONS.items():
        path = origin / place / "metrics.json"
        if not path.is_file():
            continue
        evaluation = read_json(path)
        if evaluation["model_id"] == open_model(origin, domain).card.model_id:
            metrics[evaluation["part"]] = _intervals([evaluation])
    if crossvalidation is not None:
        path = Path(crossvalidation) / "metrics.json"
        if not path.is_file():
            raise MissingFileError(f"{crossvalidation} is no finished cross-validation.")
        wanted = {"recipe_sha256": card.training.recipe_sha256}
        wanted["dataset_sha256"] = card.training.dataset_sha256
        check_identity(Path(crossvalidation) / "crossvalidation.json", wanted)
        metrics["cross-validation"] = _intervals(read_json(path)["seeds"])
    failures = tuple(dict.fromkeys((*card.known_failures, *known_failures)))
    changes: dict[str, Any] = {"metrics": metrics, "known_failures": failures}
    if data is not None:
        changes["pixels"] = training_pixels(origin, card, data)
    elif card.pixels is None:
        changes["pixels"] = _recorded_pixels(origin, card)
    card = ModelCard.model_validate(card.model_copy(update=changes).model_dump())
    with atomic_path(folder / WEIGHTS_FILE) as temporary:
        shutil.copyfile(origin / WEIGHTS_FILE, temporary)
    if (scores := validation_file(origin)) is not None:
        with atomic_path(folder / VALIDATION_FILE) as temporary:
            shutil.copyfile(scores, temporary)
    card.write(folder / CARD_FILE)
    return open_model(folder)


def _recorded_pixels(folder: Path, card: ModelCard) -> PixelCard | None:
    """Return what the pixels of the run's own images were like, if they are still there."""
    place = recorded_images(folder, card)
    try:
        return None if place is None else training_pixels(folder, card, place)
    except SplitMismatchError:  # the set was made anew since
        return None


def _intervals(evaluations: list[dict[str, Any]]) -> dict[str, tuple[float, float, float]]:
    """Return metric -> (mean, lowest lower end, highest upper end) over evaluations."""
    found = {}
    for name in evaluations[0]["metrics"]:
        intervals = [evaluation["metrics"][name] for evaluation in evaluations]
        if any(value is None for interval in intervals for value in interval.values()):
            continue
        found[name] = (
            sum(interval["value"] for interval in intervals) / len(intervals),
            min(interval["lower"] for interval in intervals),
            max(interval["upper"] for interval in intervals),
        )
    return found
