"""Classify one shard of a catalogue, in whatever process, and write its file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pyarrow as pa
import torch

from toomre.engines.engine import Report
from toomre.engines.process import torch_threads
from toomre.errors import ArgumentError, CorruptFileError
from toomre.images.cutout import Cutout
from toomre.images.flags import Flag
from toomre.images.loading import Facts
from toomre.inference.classify import refuse_misfits, score_chunk
from toomre.inference.ensemble import Ensemble
from toomre.inference.predictor import Predictor
from toomre.inference.readings import Reading, Wish
from toomre.inference.rows import Rows
from toomre.inference.runtimes.runtime import Precision
from toomre.inference.store import Model, open_model
from toomre.jobs.classify_files import kept_at_full_disk, shard_path, write_shard
from toomre.jobs.classify_journal import Journal
from toomre.storage import sha256_bytes

__all__ = [
    "Scoring",
    "Shard",
    "ShardJob",
    "cards_sha256",
    "classify_shard",
    "forget_models",
    "remember_models",
]

_KILLED = "the process that had it died twice; it was not tried again"

# Of this process, under the job's key: models that are open, and what scores images.
_models: dict[str, list[Model]] = {}
_predictors: dict[str, Predictor | Ensemble] = {}


@dataclass(frozen=True)
class Scoring:
    """How images are scored; see `toomre.inference.predictor.Predictor`."""

    device: str
    batch_size: int | None
    runtime: str
    precision: Precision

    def predictor(self, models: list[Model]) -> Predictor | Ensemble:
        """Make what scores images: of one model, or of several as one."""
        make = partial(Predictor, models[0]) if len(models) == 1 else partial(Ensemble, models)
        device = torch.device(self.device)
        return make(device, self.batch_size, runtime=self.runtime, precision=self.precision)


@dataclass(frozen=True)
class ShardJob:
    """What all shards of a catalogue have in common.

    Attributes
    ----------
    folder
        Where their files are.
    key
        Hash of all that decides the scores.
    run
        Which run this is, see `toomre.jobs.classify_journal.Suspects`.
    models
        Their folders; empty if they have none, and are known in this process only.
    cards
        From `cards_sha256`.
    facts, allow_domain
        As in `toomre.inference.readings.Wish`.
    threshold, chunk_size
        As in `toomre.jobs.classify_options.ClassifyOptions`.
    scoring
        How images are scored.
    provenance
        What stands in the catalogue beside the counts, as JSON.
    """

    folder: Path
    key: str
    run: str
    models: tuple[Path, ...]
    cards: str
    facts: Facts
    allow_domain: bool
    threshold: float
    chunk_size: int
    scoring: Scoring
    provenance: str


@dataclass(frozen=True)
class Shard:
    """Some rows of a catalogue, one after another in the order of the plan.

    Attributes
    ----------
    job
        What it has in common with the others.
    key
        Hash of the job, the rows and their files.
    first
        The place of its first row in the plan.
    rows
        What to read.
    """

    job: ShardJob
    key: str
    first: int
    rows: Rows


def classify_shard(shard: Shard, report: Report) -> int:
    """Classify a shard and write its file, unless it is there; return how many rows it has.

    Parameters
    ----------
    shard
        What to do.
    report
        Called after each chunk.

    Raises
    ------
    OutputError
        If the file cannot be written, for example because the disk is full; or if processes
        died at this shard whatever they were given.
    CorruptFileError
        If the model is no longer the one that the work was planned for.
    """
    path = shard_path(shard.job.folder, shard.key)
    if path.is_file():
        return len(shard.rows)
    with (
        torch_threads(),
        kept_at_full_disk(path),
        Journal(shard.job.folder, shard.key, shard.job.run) as journal,
    ):
        predictor = _predictor_of(shard.job)
        rows = pa.concat_tables(_tables(shard, predictor, journal, report)).combine_chunks()
        write_shard(path, shard.key, rows, shard.job.provenance)
    return len(shard.rows)


def cards_sha256(models: list[Model]) -> str:
    """Return one hash of what the cards of some models say, weights included."""
    return sha256_bytes("\n".join(model.card.model_dump_json() for model in models).encode())


def remember_models(key: str, models: list[Model]) -> None:
    """Keep opened models for the shards of a job that are done in this process."""
    _models[key] = models


def forget_models() -> None:
    """Give the memory back that shards which were done in this process took."""
    _models.clear()
    _predictors.clear()


def _predictor_of(job: ShardJob) -> Predictor | Ensemble:
    if job.key not in _predictors:
        predictor = job.scoring.predictor(_models_of(job))
        _predictors.clear()
        _predictors[job.key] = predictor
    return _predictors[job.key]


def _models_of(job: ShardJob) -> list[Model]:
    if job.key in _models:
        return _models[job.key]
    if not job.models:
        hint = "Or take one process."
        allowed = "a name or a folder, which other processes can open"
        raise ArgumentError.expected("model", allowed, "an opened model", hint)
    models = [open_model(folder) for folder in job.models]
    if cards_sha256(models) != job.cards:
        raise CorruptFileError(
            f"The model in {job.models[0]} was changed while it was in use. Run again."
        )
    return models


def _tables(
    shard: Shard, predictor: Predictor | Ensemble, journal: Journal, report: Report
) -> Iterator[pa.Table]:
    """Give the shard's rows in parts that are as small as the journal's suspects demand."""
    count, size = len(shard.rows), shard.job.chunk_size
    wish = Wish(predictor.card, shard.job.facts, shard.job.allow_domain)
    for start in range(0, count, size):
        stop = min(start + size, count)
        readings = list(_readings(shard.rows, wish, journal, (start, stop)))
        if shard.first + start == 0:
            refuse_misfits(readings, predictor)
        for begin, end in journal.suspects.pieces(start, stop):
            journal.at(begin, end)
            chunk = readings[begin - start : end - start]
            yield score_chunk(chunk, predictor, shard.job.threshold)
        journal.at(-1, -1, stop)
        report()


def _readings(rows: Rows, wish: Wish, journal: Journal, part: tuple[int, int]) -> Iterator[Reading]:
    """Read some rows, each noted before it is read; those that killed two processes are not."""
    killers = journal.suspects.killers
    for start, stop in journal.suspects.pieces(*part):
        if start in killers:
            yield rows.unread(start, Cutout.bad(Flag.KILLED_WORKER, _KILLED))
            continue
        journal.at(start, stop)
        found = rows.readings(wish, start, stop)
        for row in range(start, stop):
            if not rows.together:
                journal.at(row, row + 1)
            yield next(found)
