"""Predict vote fractions for rows of a prepared set, and put what they are worth on the card."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from toomre.evaluation.votes.metrics import intervals
from toomre.inference.predictor import Predictor
from toomre.inference.scoring import StoredImages, read_rows
from toomre.inference.store import Model
from toomre.networks.card import ModelCard
from toomre.surveys.vote_tree import MERGER_VOTES

__all__ = ["vote_rows", "with_vote_metrics"]


def vote_rows(
    model: Model, prepared: StoredImages, rows: NDArray[np.intp], device: torch.device | str
) -> NDArray[np.float64]:
    """Return the fractions of some rows of a prepared set, the mean over 8 views: (n, answer)."""
    predictor = Predictor(model, device)
    parts = [predictor.votes(images) for images in read_rows(model.card, prepared, rows)]
    return np.concatenate(parts) if parts else np.empty((0, len(model.card.architecture.answers)))


def with_vote_metrics(
    card: ModelCard,
    predicted: NDArray[np.float64],
    fractions: NDArray[np.float32],
    groups: NDArray[np.str_],
) -> ModelCard:
    """Return the card with the metrics of the validation part.

    There is nothing to calibrate: a fraction is no probability. The threshold is the published
    one, `toomre.surveys.vote_tree.MERGER_VOTES`.

    Parameters
    ----------
    card
        A card without metrics.
    predicted, fractions, groups
        Of the validation part: (n, answer), (n, answer), (n,).
    """
    # The generator's seed is fixed, so that the same fractions give the same intervals.
    found = intervals(fractions, predicted, groups, rng=np.random.default_rng(3))
    metrics = {name: tuple(found[name]) for name in ("rmse", "argmax_accuracy")}
    changes = {"metrics": {**card.metrics, "validation": metrics}, "threshold": MERGER_VOTES}
    return ModelCard.model_validate(card.model_copy(update=changes).model_dump())
