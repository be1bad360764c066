"""Several models as one: the mean of their calibrated probabilities, and how far they differ."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from toomre.errors import ArgumentError
from toomre.inference.predictor import Predictor, Scores, votes_refused
from toomre.inference.runtimes.runtime import Precision
from toomre.inference.store import Model
from toomre.networks.card import ModelCard
from toomre.storage import sha256_bytes

__all__ = ["Ensemble", "ensemble_card"]


class Ensemble:
    """Models that look at the same images, such as trainings with several seeds.

    Parameters
    ----------
    models
        Two or more.
    device, batch_size, runtime, precision
        As for `toomre.inference.predictor.Predictor`.

    Raises
    ------
    ArgumentError
        If the models do not take the same images, or one predicts votes.

    References
    ----------
    Lakshminarayanan, Pritzel & Blundell (2017), "Simple and scalable predictive uncertainty
    estimation using deep ensembles".

    Examples
    --------
    ``Ensemble([open_model(name) for name in names]).scores(images).spread`` is how far the models
    differ, one number an image.
    """

    def __init__(
        self,
        models: Sequence[Model],
        device: torch.device | str = "cpu",
        batch_size: int | None = None,
        *,
        runtime: str = "torch",
        precision: Precision = "float32",
    ) -> None:
        self.card = ensemble_card([model.card for model in models])
        self._members = [
            Predictor(model, device, batch_size, runtime=runtime, precision=precision)
            for model in models
        ]

    def scores(self, images: NDArray[np.float32]) -> Scores:
        """Return the scores of images of shape (n, band, size, size).

        Each is the mean over the models; `std` remains the scatter over the views, and `spread` is
        the standard deviation of the calibrated probability over the models.
        """
        found = [member.scores(images) for member in self._members]
        p = np.array([scores.p for scores in found])
        raw = np.mean([scores.raw for scores in found], axis=0)
        std = np.mean([scores.std for scores in found], axis=0)
        return Scores(p.mean(axis=0), raw, std, p.std(axis=0))


def ensemble_card(cards: Sequence[ModelCard]) -> ModelCard:
    """Return a card for several models as one: the first one's, but for what they share.

    The name says how many there are, the threshold is the mean of theirs, and the hash is that
    of their hashes. What tells strange images (`novelty`, `pixels`) is the first one's.

    Raises
    ------
    ArgumentError
        If they do not take the same images, or one predicts votes.
    """
    if len(cards) < 2:
        raise ArgumentError.expected("models", "two or more", len(cards))
    first = cards[0]
    for card in cards:
        if card.architecture.answers:
            raise ArgumentError(votes_refused(card))
        for field in ("bands", "encoding", "unit", "grid"):
            mine, wanted = getattr(card.input, field), getattr(first.input, field)
            if mine != wanted:
                raise ArgumentError(
                    "The models of an ensemble must take the same images, but their cards differ "
                    f"in `{field}`: {wanted!r} for {first.model_id} and {mine!r} for "
                    f"{card.model_id}. Leave one out."
                )
    if len({card.weights_sha256 for card in cards}) < len(cards):
        raise ArgumentError("A model is named twice in the ensemble. Name each once.")
    names = "+".join(dict.fromkeys(card.name for card in cards))
    changes = {
        "name": f"{names}-ensemble-of-{len(cards)}",
        "summary": f"The mean of {', '.join(card.model_id for card in cards)}.",
        "threshold": float(np.mean([card.threshold for card in cards])),
        "weights_sha256": sha256_bytes("".join(card.weights_sha256 for card in cards).encode()),
        "class_prior": float(np.mean([card.class_prior for card in cards])),
        "metrics": {},
    }
    if len({card.input.psf_fwhm for card in cards}) > 1:  # no one sharpness is that of all
        changes["input"] = first.input.model_copy(update={"psf_fwhm": ()})
    return first.model_copy(update=changes)
