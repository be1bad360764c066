"""Find the labelled scores by which a catalogue's numbers are corrected."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from toomre.errors import ArgumentError, MissingFileError
from toomre.evaluation.validation_scores import VALIDATION_FILE, ValidationScores
from toomre.inference.store import CARD_FILE, model_folder, validation_file
from toomre.networks.card import ModelCard

__all__ = ["ADAPTED", "labelled_scores"]

#: What to know where the scores are those of another domain than the catalogue's.
ADAPTED = (
    "The model was adapted to another domain than its labelled images are from: the rates of its "
    "validation images may not be those of the catalogue. Scores of labelled images like the "
    "catalogue's (--validation) are better."
)
_HINT = (
    "Score labelled images with `toomre evaluate RUN` and give its scores.parquet (--validation)."
)


def labelled_scores(
    provenance: dict[str, Any], run: Path | str | None, validation: Path | str | None
) -> tuple[ValidationScores | None, tuple[str, ...]]:
    """Return the scores of labelled images, and what to know about them.

    Parameters
    ----------
    provenance
        Of the catalogue.
    run
        The run, or the model's folder or name, that classified the catalogue; its validation
        scores are taken.
    validation
        A file of scores with labels, such as `toomre evaluate` writes; it goes before the run's.

    Raises
    ------
    MissingFileError
        If the run keeps no scores, or the file is not there.
    ArgumentError
        If the catalogue was made by another model than the run's.
    """
    card = None if run is None else ModelCard.read(model_folder(run) / CARD_FILE)
    if card is not None and card.model_id != provenance.get("model_id"):
        allowed = f"the model that classified the catalogue, {provenance.get('model_id')}"
        raise ArgumentError.expected("run", allowed, card.model_id)
    if validation is not None:
        return ValidationScores.read(validation), ()
    if card is None or run is None:
        return None, ()
    path = validation_file(run)
    if path is None:
        raise MissingFileError(
            f"The model {card.model_id} keeps no {VALIDATION_FILE}: it was trained before such "
            f"scores were kept, or came without them. {_HINT}"
        )
    notes = () if card.training.target is None else (ADAPTED,)
    return ValidationScores.read(path), notes
