"""What a network's backbone makes of stored images, before its head answers."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from toomre.datasets.normalisation import Normalisation
from toomre.inference.folding import folded
from toomre.inference.scoring import StoredImages, read_rows
from toomre.inference.store import Model

__all__ = ["feature_rows"]

_BATCH = 64


def feature_rows(
    model: Model, prepared: StoredImages, rows: NDArray[np.intp], device: torch.device | str
) -> NDArray[np.float32]:
    """Return the features of some rows of a prepared set as they lie, (n, num_features).

    Parameters
    ----------
    model
        Card and network; its normalisation is that of the card.
    prepared
        Images that fit the card.
    rows
        Row numbers.
    device
        Where to compute.
    """
    network = folded(model.network).to(device)
    card = model.card.input
    normalisation = Normalisation(card.mean, card.std, card.stretch)
    found = []
    with torch.inference_mode():
        for images in read_rows(model.card, prepared, rows):
            for start in range(0, len(images), _BATCH):
                batch = normalisation.apply(images[start : start + _BATCH])
                features, _ = network(torch.from_numpy(batch).to(device))
                found.append(features.float().cpu().numpy())
    return np.concatenate(found) if found else np.empty((0, 0), np.float32)
