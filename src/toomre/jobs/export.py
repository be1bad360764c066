"""``toomre.export``: a run as a model to hand on: weights, card and validation scores."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from toomre.errors import MissingFileError, OutputExistsError
from toomre.evaluation.validation_scores import VALIDATION_FILE
from toomre.inference.store import CARD_FILE, WEIGHTS_FILE, Model, open_model, validation_file
from toomre.jobs.provenance import check_identity
from toomre.networks.card import ModelCard
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
) -> Model:
    """Write a model folder from a finished run.

    Parameters
    ----------
    run
        A run folder.
    out
        The folder to write; its name is free, the model keeps its recipe's name.
    crossvalidation
        A folder of `crossvalidate` with the same recipe and images: its pooled metrics go into
        the card, as mean over the seeds with the widest of their intervals.
    known_failures
        Where the model is known to be wrong, one sentence each.

    Raises
    ------
    MissingFileError
        If the run or the cross-validation is not finished.
    OutputExistsError
        If the folder holds a model already, or the cross-validation is of another recipe or
        data set.
    """
    folder = Path(out)
    if (folder / CARD_FILE).exists():
        raise OutputExistsError(f"{folder} holds a model already. Give another folder.")
    card = open_model(run).card
    metrics = dict(card.metrics)
    for place, domain in _EVALUATIONS.items():
        path = Path(run) / place / "metrics.json"
        if not path.is_file():
            continue
        evaluation = read_json(path)
        if evaluation["model_id"] == open_model(run, domain).card.model_id:
            metrics[evaluation["part"]] = _intervals([evaluation])
    if crossvalidation is not None:
        path = Path(crossvalidation) / "metrics.json"
        if not path.is_file():
            raise MissingFileError(f"{crossvalidation} is no finished cross-validation.")
        wanted = {"recipe_sha256": card.training.recipe_sha256}
        wanted["dataset_sha256"] = card.training.dataset_sha256
        check_identity(Path(crossvalidation) / "crossvalidation.json", wanted)
        metrics["cross-validation"] = _intervals(read_json(path)["seeds"])
    changes = {"metrics": metrics, "known_failures": tuple(known_failures)}
    card = ModelCard.model_validate(card.model_copy(update=changes).model_dump())
    with atomic_path(folder / WEIGHTS_FILE) as temporary:
        shutil.copyfile(Path(run) / WEIGHTS_FILE, temporary)
    if (scores := validation_file(run)) is not None:
        with atomic_path(folder / VALIDATION_FILE) as temporary:
            shutil.copyfile(scores, temporary)
    card.write(folder / CARD_FILE)
    return open_model(folder)


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
