"""The pixels of a model's training images, measured again for a card that does not have them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from toomre.datasets.unlabelled import UnlabelledImages
from toomre.errors import SplitMismatchError
from toomre.inference.familiarity import measure_pixels
from toomre.networks.card import ModelCard, PixelCard
from toomre.preparation.prepared import PreparedSet
from toomre.preparation.split import Split
from toomre.storage import read_json

__all__ = ["recorded_images", "training_pixels"]

_RECORD, _SPLIT = "environment.json", "split.csv"


def recorded_images(folder: Path, card: ModelCard) -> Path | None:
    """Return where a run's record says that the images lie which its model is for.

    Parameters
    ----------
    folder
        The run's; of another model's folder nothing is known.
    card
        The model's: adapted to a target, it is for the target's images.

    Returns
    -------
    A prepared set's folder; None where it is not recorded, or not there any more.
    """
    record = folder / _RECORD
    if not record.is_file():
        return None
    place = read_json(record).get("data" if card.training.target is None else "target")
    return Path(place) if place and (Path(place) / "dataset.json").is_file() else None


def training_pixels(folder: Path, card: ModelCard, data: PreparedSet | Path | str) -> PixelCard:
    """Return mean and standard deviation of the pixels that a model was trained on.

    Parameters
    ----------
    folder
        The model's; a run's own split is taken before that of the set.
    card
        The model's.
    data
        The prepared set that it was trained on; of a model with a target, the target's.

    Raises
    ------
    SplitMismatchError
        If these are not the images of the training, or they are split anew since.

    Examples
    --------
    ``training_pixels(run, open_model(run).card, "prepared/sdss").mean`` has one number a band.
    """
    prepared = PreparedSet.of(data)
    rows = _rows(folder, card, prepared)
    if rows is None:
        raise SplitMismatchError(
            f"{prepared.folder} does not hold the images that {card.name} was trained on, or its "
            f"split is another one. Give the set of the training, {_name(card)!r}."
        )
    return measure_pixels(prepared.images, rows, card.input.grid.size)


def _rows(folder: Path, card: ModelCard, prepared: PreparedSet) -> NDArray[np.intp] | None:
    known, training = card.training.target, card.training
    if known is not None:
        if prepared.info.images_sha256 != known.images_sha256:
            return None
        seen = UnlabelledImages.of(prepared, known.part, training.seed)
        return seen.train if seen.rows_sha256 == known.rows_sha256 else None
    if prepared.info.sha256 != training.dataset_sha256:
        return None
    own = folder / _SPLIT
    split = Split.read(own) if own.is_file() else prepared.split
    if split is None or split.sha256 != training.split_sha256:
        return None
    return split.rows("train").to_numpy(np.intp)


def _name(card: ModelCard) -> str:
    target = card.training.target
    return card.training.data if target is None else target.data
