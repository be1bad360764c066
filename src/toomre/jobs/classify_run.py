"""Do the shards of a catalogue that are missing, check all of them, and close."""

from __future__ import annotations

import json
import shutil
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from toomre.engines.engine import Engine
from toomre.errors import ArgumentError, CorruptFileError, ToomreError
from toomre.inference.catalog import check_output
from toomre.inference.manifest import MANIFEST, RUN_FACTS
from toomre.jobs.classify_closing import Output, close, close_again, finished
from toomre.jobs.classify_files import (
    kept_at_full_disk,
    read_shard,
    shard_path,
    shard_provenance,
)
from toomre.jobs.classify_journal import rows_done
from toomre.jobs.classify_plan import Plan, Shards
from toomre.jobs.classify_shard import classify_shard
from toomre.jobs.provenance import differences, environment, now
from toomre.output import output_lock
from toomre.storage import read_json, write_json

__all__ = ["run_part", "run_plan"]

_ROUNDS = 3  # of doing damaged shards again
_STARTS = "starts.json"
_FOLDERS = ("journals", "suspects")


def run_plan(
    plan: Plan, output: Output, engine: Engine, progress: Callable[[int, int], None] | None
) -> tuple[dict[str, Any], int]:
    """Make the catalogue; return its manifest, and how many rows were classified for it.

    Raises
    ------
    OutputExistsError
        If another catalogue is there, or another run is writing it.
    OutputError
        If something cannot be written; what is done is kept, and the next run goes on.
    ArgumentError
        If none of the first inputs fits the model; then nothing is kept.
    """
    path = output.path
    with kept_at_full_disk(output.path), output_lock(path):
        content = finished(path, plan) or close_again(output, plan)
        if content is not None:
            shutil.rmtree(plan.folder, ignore_errors=True)
            return content, 0
        check_output(path, overwrite=output.overwrite)
        begun = environment()
        starts = _prepare(plan)
        deaths = engine.deaths
        try:
            report = _Progress(plan, range(len(plan)), progress)
            done = _do(plan, plan.missing(range(len(plan))), engine, report)
            done += _repair(plan, engine, report)
        except ArgumentError:
            shutil.rmtree(plan.folder, ignore_errors=True)
            raise
        closing = {
            "engine": engine.name,
            "workers": engine.workers,
            "worker_deaths": engine.deaths - deaths,
            "starts": starts,
            "classified_last": done,
            "finished": now(),
        }
        run = {name: begun[name] for name in RUN_FACTS}
        return close(output, plan, plan.inputs.left_out, {**run, MANIFEST: closing}), done


def run_part(
    plan: Plan,
    output: Output,
    engine: Engine,
    part: tuple[int, int],
    progress: Callable[[int, int], None] | None,
) -> int:
    """Do the missing ones of every n-th shard, and do not close; return the rows classified.

    Raises
    ------
    OutputError, ArgumentError
        As `run_plan`.
    """
    if finished(output.path, plan) is not None:
        return 0
    check_output(output.path, overwrite=output.overwrite)
    with kept_at_full_disk(output.path):
        plan.folder.mkdir(parents=True, exist_ok=True)
        index, count = part
        numbers = range(index, len(plan), count)
        return _do(plan, plan.missing(numbers), engine, _Progress(plan, numbers, progress))


def _do(plan: Plan, numbers: Sequence[int], engine: Engine, report: _Progress) -> int:
    """Classify some shards; return how many rows they have."""
    report.begin(numbers)
    done = 0
    for rows in engine.run(classify_shard, Shards(plan, numbers), report):
        done += rows
        report.finish(rows)
    return done


def _repair(plan: Plan, engine: Engine, report: _Progress) -> int:
    """Do shards again whose file is damaged."""
    done = 0
    for _ in range(_ROUNDS):
        numbers = range(len(plan))
        damaged = [
            number
            for number in numbers
            if read_shard(plan.path(number), plan.keys[number], plan.count(number)) is None
        ]
        if not damaged:
            return done
        for number in damaged:
            plan.path(number).unlink(missing_ok=True)
        done += _do(plan, damaged, engine, report)
    raise CorruptFileError(
        f"The files in {plan.folder} are damaged again and again. Is the disk in order?"
    )


def _prepare(plan: Plan) -> int:
    """Make the work folder and remove what is of other plans; return how many runs began here."""
    folder = plan.folder
    folder.mkdir(parents=True, exist_ok=True)
    keys = set(plan.keys)
    _tell_what_is_old(plan)
    for path in folder.iterdir():
        # A file that is being written has its key behind a dot.
        if path.name.removeprefix(".").split(".")[0] not in {*keys, "starts", *_FOLDERS}:
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
    for name in _FOLDERS:
        with suppress(FileNotFoundError):
            for path in (folder / name).iterdir():
                if path.name.split(".")[0] not in keys:
                    path.unlink(missing_ok=True)
    starts = 1
    with suppress(ToomreError, KeyError, TypeError):
        starts += int(read_json(folder / _STARTS)["starts"])
    write_json(folder / _STARTS, {"starts": starts})
    return starts


def _tell_what_is_old(plan: Plan) -> None:
    """Warn that finished shards of another plan are not used, and why."""
    keys = set(plan.keys)
    others = (path for path in plan.folder.glob("*.parquet") if path.stem not in keys)
    found = [told for told in map(shard_provenance, others) if told]
    if not found:
        return
    then = found[0]
    changed = differences(then, json.loads(plan.job.provenance))
    warnings.warn(
        f"{len(found)} finished shards of an earlier run are not used, for this is another job: "
        f"{'; '.join(changed) or 'the inputs have changed'}. Their rows are done anew, so that "
        "nothing old is mixed in.",
        UserWarning,
        stacklevel=4,
    )


class _Progress:
    """Tells how many rows are done: those of finished shards, and what the journals say.

    Parameters
    ----------
    plan
        All shards.
    numbers
        Those that concern this run.
    progress
        Called with (rows done, all rows).
    """

    def __init__(
        self, plan: Plan, numbers: Sequence[int], progress: Callable[[int, int], None] | None
    ) -> None:
        self._plan = plan
        self._progress = progress
        self._total = sum(plan.count(number) for number in numbers)
        self._finished = 0
        self._at_work: set[str] = set()
        self._told = -1

    def begin(self, numbers: Sequence[int]) -> None:
        """Note which shards are still to be done."""
        self._finished = self._total - sum(self._plan.count(number) for number in numbers)
        self._at_work = {self._plan.keys[number] for number in numbers}

    def finish(self, rows: int) -> None:
        """Note that a shard is done."""
        self._finished += rows
        self()

    def __call__(self) -> None:
        if self._progress is None:
            return
        folder = self._plan.folder
        found = rows_done(folder)
        begun = [
            rows
            for key, rows in found.items()
            if key in self._at_work and not shard_path(folder, key).exists()
        ]
        done = min(self._finished + sum(begun), self._total)
        if done > self._told:
            self._told = done
            self._progress(done, self._total)
