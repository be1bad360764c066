"""Score rows of a prepared data set, and calibrate a model on its validation part."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from toomre.datasets.window import centre_window
from toomre.errors import ArgumentError
from toomre.evaluation.bootstrap import bootstrap
from toomre.evaluation.calibration import fit_platt, fit_temperature
from toomre.evaluation.isotonic import fit_isotonic
from toomre.evaluation.threshold import best_threshold
from toomre.inference.predictor import Predictor, scores_of
from toomre.inference.store import Model
from toomre.networks.card import Calibration, ModelCard
from toomre.preparation.prepared import PreparedInfo
from toomre.recipe import Calibrate

__all__ = ["StoredImages", "calibrated", "read_rows", "score_rows"]

# Images that are read at a time.
_BLOCK = 512


class StoredImages(Protocol):
    """A prepared set, or the part of it that has no labels."""

    @property
    def info(self) -> PreparedInfo:
        """What the images are."""
        ...

    @property
    def images(self) -> NDArray[np.float32]:
        """(image, band, y, x)."""
        ...


def score_rows(
    model: Model, prepared: StoredImages, rows: NDArray[np.intp], device: torch.device | str
) -> NDArray[np.float64]:
    """Return the merger logits of some rows of a prepared set, (n, 8 views)."""
    predictor = Predictor(model, device)
    parts = [predictor.logits(images) for images in read_rows(model.card, prepared, rows)]
    return np.concatenate(parts) if parts else np.empty((0, 8))


def read_rows(
    card: ModelCard, prepared: StoredImages, rows: NDArray[np.intp]
) -> Iterator[NDArray[np.float32]]:
    """Give what the network looks at of some rows, a few hundred at a time: (n, band, y, x)."""
    window = centre_window(prepared.images.shape[-1], card.input.grid.size)
    order = [prepared.info.bands.index(band) for band in card.input.bands]
    for start in range(0, len(rows), _BLOCK):
        yield prepared.images[rows[start : start + _BLOCK], :, window, window][:, order]


def calibrated(
    card: ModelCard,
    logits: NDArray[np.float64],
    labels: NDArray[np.int64],
    groups: NDArray[np.str_],
    plan: Calibrate,
) -> ModelCard:
    """Return the card with calibration, threshold and metrics of the validation part.

    Parameters
    ----------
    card
        A card without calibration.
    logits
        Merger logits of the validation part, (n, views).
    labels, groups
        Its labels and galaxies, (n,).
    plan
        Method of calibration and criterion of the threshold.
    """
    calibration = Calibration()
    if plan.method == "temperature":
        calibration = Calibration(method="temperature", temperature=fit_temperature(logits, labels))
    elif plan.method == "platt":
        temperature, bias = fit_platt(logits, labels)
        calibration = Calibration(method="platt", temperature=temperature, bias=bias)
    elif plan.method == "isotonic":
        knots = fit_isotonic(scores_of(logits, calibration).p, labels)
        calibration = Calibration(method="isotonic", knots=knots)
    p = scores_of(logits, calibration).p
    threshold, notes = _threshold(labels, p, plan.threshold)
    # The generator's seed is fixed, so that the same scores give the same intervals.
    intervals = bootstrap(labels, p, groups, threshold=threshold, rng=np.random.default_rng(3))
    metrics = {
        name: tuple(interval)
        for name, interval in intervals.items()
        if np.isfinite(interval).all()  # undefined ones are left out, as JSON has no NaN
    }
    changes = {
        "calibration": calibration,
        "threshold": threshold,
        "metrics": {**card.metrics, "validation": metrics},
        "known_failures": (*card.known_failures, *notes),
    }
    return ModelCard.model_validate(card.model_copy(update=changes).model_dump())


def _threshold(
    labels: NDArray[np.int64], p: NDArray[np.float64], criterion: str
) -> tuple[float, tuple[str, ...]]:
    """Return the threshold, and a note where the criterion cannot be met."""
    if criterion == "target_mixture":  # what the target's model adds to the source's
        criterion = "balanced_accuracy"
    try:
        return best_threshold(labels, p, criterion), ()
    except ArgumentError:  # a purity that no threshold reaches; the recipe checks the words
        note = f"No threshold reaches {criterion} on the validation part; it is that of f1."
        return best_threshold(labels, p, "f1"), (note,)
