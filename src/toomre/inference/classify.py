"""From inputs to the rows of a catalogue, a chunk at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from itertools import islice
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from toomre.errors import ArgumentError
from toomre.images.flags import Flag, Status, flag_names
from toomre.inference.catalog import SCHEMA, VOTE_SCHEMA, with_extra
from toomre.inference.ensemble import Ensemble
from toomre.inference.predictor import Predictor
from toomre.inference.readings import Reading
from toomre.surveys.vote_tree import ANSWERS, MERGER

__all__ = ["Tally", "refuse_misfits", "score_chunk", "score_readings"]

# What `toomre.inference.checks.fit_to_card` says of an input that does not fit.
_MISFIT = Flag.BANDS | Flag.DTYPE


class Tally:
    """Counts of what was classified, kept while the rows go by.

    Parameters
    ----------
    threshold
        The probability from which a galaxy is called a merger.
    """

    def __init__(self, threshold: float) -> None:
        self._threshold = threshold
        self._status: Counter[str] = Counter()
        self._flags: Counter[str] = Counter()
        self._mergers = 0
        self._ids = sha256()

    def add(self, rows: pa.Table) -> None:
        """Count some rows."""
        self._status.update(rows["status"].to_pylist())
        for flags in rows["flags"].to_pylist():
            self._flags.update(flag_names(flags))
        self._mergers += sum(bool(value) for value in rows["is_merger"].to_pylist())
        for image_id in rows["image_id"].to_pylist():
            self._ids.update(image_id.encode() + b"\0")

    @property
    def inputs_sha256(self) -> str:
        """SHA-256 of all image ids in order, each with a zero byte behind it."""
        return self._ids.hexdigest()

    @property
    def summary(self) -> dict[str, Any]:
        """The counts: `images`, `ok`, `warn`, `bad`, `mergers`, `threshold`, `flags`."""
        return {
            "images": self._status.total(),
            **{str(status): self._status[str(status)] for status in Status},
            "mergers": self._mergers,
            "threshold": self._threshold,
            "flags": dict(self._flags.most_common()),
        }


def score_readings(
    readings: Iterable[Reading],
    predictor: Predictor | Ensemble,
    *,
    threshold: float,
    chunk_size: int = 256,
) -> Iterator[pa.Table]:
    """Give the catalogue's rows of the inputs, in their order, each input once; see `score_chunk`.

    Parameters
    ----------
    readings
        The inputs on the model's grid.
    predictor
        The model at work.
    threshold
        A galaxy is a merger when its calibrated probability is at least this.
    chunk_size
        Inputs that are in memory at a time.

    Yields
    ------
    pyarrow.Table
        At most `chunk_size` rows.

    Raises
    ------
    ArgumentError
        If no input of the first chunk that can be read is what the model was trained on.
    """
    iterator = iter(readings)
    is_first = True
    while chunk := list(islice(iterator, chunk_size)):
        if is_first:
            refuse_misfits(chunk, predictor)
            is_first = False
        yield score_chunk(chunk, predictor, threshold)


def score_chunk(
    chunk: Sequence[Reading], predictor: Predictor | Ensemble, threshold: float
) -> pa.Table:
    """Return the catalogue's rows of some inputs.

    Those of an ensemble have a column `p_spread`. Those of a model of vote fractions are as in
    `VOTE_SCHEMA`; a galaxy is then a merger when at least `threshold` of the votes say so.
    """
    if isinstance(predictor, Predictor) and predictor.card.architecture.answers:
        return _vote_rows(chunk, predictor, threshold)
    return _rows(chunk, predictor, threshold)


def refuse_misfits(chunk: Sequence[Reading], predictor: Predictor | Ensemble) -> None:
    """Refuse inputs of which none is what the model was trained on; for the first of a run.

    Raises
    ------
    ArgumentError
        If so, with the most frequent reason.
    """
    if any(reading.cutout.pixels is not None for reading in chunk):
        return
    if any(reading.fits for reading in chunk):
        return  # its pixels are of no use, but its bands and encoding are right
    found = [reading.cutout for reading in chunk if reading.fits is False]
    misfits = Counter(cutout.reason for cutout in found if cutout.flags & _MISFIT)
    if misfits:
        reason, count = misfits.most_common(1)[0]
        raise ArgumentError(
            f"None of the first {len(chunk)} inputs fits the model {predictor.card.name}; "
            f"{count} of them: {reason}. Nothing was classified."
        )


def _rows(chunk: Sequence[Reading], predictor: Predictor | Ensemble, threshold: float) -> pa.Table:
    usable = [index for index, reading in enumerate(chunk) if reading.cutout.pixels is not None]
    extra = ("spread",) if isinstance(predictor, Ensemble) else ()
    columns = {name: np.full(len(chunk), np.nan) for name in ("p", "raw", "std", *extra)}
    if usable:
        scores = predictor.scores(np.stack([_pixels(chunk[index]) for index in usable]))
        for name, values in columns.items():
            values[usable] = getattr(scores, name)
    scored = {
        "p_merger": columns["p"],
        "p_merger_raw": columns["raw"],
        "p_merger_std": columns["std"],
        "is_merger": _mergers(columns["p"], threshold),
    }
    scored |= {f"p_{name}": columns[name] for name in extra}
    schema = with_extra(SCHEMA, scored)
    return pa.table({**scored, **_described(chunk, predictor)}, schema=schema)


def _vote_rows(chunk: Sequence[Reading], predictor: Predictor, threshold: float) -> pa.Table:
    usable = [index for index, reading in enumerate(chunk) if reading.cutout.pixels is not None]
    votes = np.full((len(chunk), len(ANSWERS)), np.nan)
    if usable:
        votes[usable] = predictor.votes(np.stack([_pixels(chunk[index]) for index in usable]))
    columns = dict(zip(ANSWERS, votes.T, strict=True))
    merger = _mergers(votes[:, MERGER], threshold)
    described = _described(chunk, predictor)
    return pa.table({**columns, "is_merger": merger, **described}, schema=VOTE_SCHEMA)


def _mergers(score: NDArray[np.float64], threshold: float) -> pa.Array:
    """Return which scores mean a merger; missing where there is none."""
    return pa.array(score >= threshold, mask=np.isnan(score))


def _described(chunk: Sequence[Reading], predictor: Predictor | Ensemble) -> dict[str, list[Any]]:
    """Return the columns that say which input it is, and in what state."""
    return {
        "image_id": [reading.image_id for reading in chunk],
        "ra": [reading.ra for reading in chunk],
        "dec": [reading.dec for reading in chunk],
        "status": [str(reading.cutout.status) for reading in chunk],
        "flags": [reading.cutout.flags.value for reading in chunk],
        "reason": [reading.cutout.reason for reading in chunk],
        "model_id": [predictor.card.model_id] * len(chunk),
    }


def _pixels(reading: Reading) -> np.ndarray[Any, np.dtype[np.float32]]:
    if reading.cutout.pixels is None:
        raise ArgumentError(f"The input {reading.image_id!r} has no pixels.")
    return reading.cutout.pixels
