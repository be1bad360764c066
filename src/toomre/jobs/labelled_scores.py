"""Find the labelled scores by which a catalogue's numbers are corrected."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from toomre.errors import ArgumentError, MissingFileError
from toomre.evaluation.validation_scores import VALIDATION_FILE, ValidationScores
from toomre.inference.store import CARD_FILE, model_folder, validation_file
from toomre.networks.card import ModelCard
from toomre.surveys.vote_tree import ANSWERS, MERGER

__all__ = ["ADAPTED", "LABELLED_VOTES", "labelled_scores"]

#: What to know where the scores are those of another domain than the catalogue's.
ADAPTED = (
    "The model was adapted to another domain than its labelled images are from: the rates of its "
    "validation images may not be those of the catalogue. Scores of labelled images like the "
    "catalogue's (--validation) are better."
)
#: What scores a catalogue of votes can be corrected by.
LABELLED_VOTES = (
    f"labelled images (--validation): Parquet with the columns label and {ANSWERS[MERGER]}, as "
    "`toomre zoo evaluate RUN` writes it for a set with labels (predictions.parquet)"
)
_HINT = (
    "Score labelled images with `toomre evaluate RUN` and give its scores.parquet (--validation)."
)


def labelled_scores(
    provenance: dict[str, Any],
    run: Path | str | None,
    validation: Path | str | None,
    score: str = "p_merger",
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
    score
        The column of scores that the catalogue has, and the file.

    Raises
    ------
    MissingFileError
        If the run keeps no scores, as one of vote fractions never does, or the file is not there.
    ArgumentError
        If the catalogue was made by another model than the run's.
    """
    card = None if run is None else ModelCard.read(model_folder(run) / CARD_FILE)
    if card is not None and card.model_id != provenance.get("model_id"):
        allowed = f"the model that classified the catalogue, {provenance.get('model_id')}"
        raise ArgumentError.expected("run", allowed, card.model_id)
    if validation is not None:
        return ValidationScores.read(validation, score), ()
    if card is None or run is None:
        return None, ()
    if card.architecture.answers:
        raise MissingFileError(
            f"The model {card.model_id} predicts vote fractions and keeps no labelled scores. "
            f"Leave --run out for the count alone, or correct it by {LABELLED_VOTES}."
        )
    path = validation_file(run)
    if path is None:
        raise MissingFileError(
            f"The model {card.model_id} keeps no {VALIDATION_FILE}: it was trained before such "
            f"scores were kept, or came without them. {_HINT}"
        )
    notes = () if card.training.target is None else (ADAPTED,)
    return ValidationScores.read(path), notes
