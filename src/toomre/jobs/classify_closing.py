"""From finished shards to a catalogue: merged in order, put into place, closed by a manifest."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from toomre.errors import CorruptFileError, MissingFileError, OutputError, OutputExistsError
from toomre.inference.catalog import check_output, open_catalog
from toomre.inference.classify import Tally
from toomre.inference.manifest import (
    MANIFEST,
    catalog_sha256,
    read_manifest,
    sidecar_of,
    work_folder,
)
from toomre.jobs.classify_files import read_shard
from toomre.jobs.classify_plan import Plan
from toomre.storage import read_json, sha256_file, write_json

__all__ = ["Output", "check_free", "close", "close_again", "finished", "is_own"]

_NOTE = "closing.json"  # the manifest before it is in place, in the work folder
_SAYS = "sha256"
_OLD = "replaced"


@dataclass(frozen=True, eq=False)
class Output:
    """The catalogue that is to be.

    Attributes
    ----------
    path
        Its file.
    schema
        Its columns.
    threshold
        From which score a galaxy is a merger.
    overwrite
        Replace what is there.
    provenance
        What stands in the catalogue beside the counts; the same for every run of a job.
    """

    path: Path
    schema: pa.Schema
    threshold: float
    overwrite: bool
    provenance: Mapping[str, Any]


def check_free(path: Path, *, overwrite: bool) -> None:
    """Refuse an output before any work; one that may be this job's own is looked at later.

    Raises
    ------
    ArgumentError, OutputError, OutputExistsError
        As `toomre.inference.catalog.check_output`; also if a JSON file is where the manifest is
        to be.
    """
    check_output(path, overwrite=overwrite or is_own(path))
    sidecar = sidecar_of(path)
    if sidecar.exists() and not overwrite and read_manifest(path) is None:
        raise OutputExistsError(
            f"{sidecar} is there already, where the manifest is to be. Give another name, or allow "
            "it to be replaced (--overwrite)."
        )


def is_own(path: Path) -> bool:
    """Return whether a classification wrote what is at `path`, or had begun to.

    Examples
    --------
    >>> is_own(Path("nowhere.csv"))
    False
    """
    return read_manifest(path) is not None or work_folder(path).is_dir()


def finished(path: Path, plan: Plan) -> dict[str, Any] | None:
    """Return the manifest of a catalogue if it is whole and of this very plan."""
    content = read_manifest(path)
    if content is None or not _is_of(content, plan) or not path.exists():
        return None
    return content if catalog_sha256(path) == content[MANIFEST][_SAYS] else None


def close_again(output: Output, plan: Plan) -> dict[str, Any] | None:
    """Put a catalogue into place that was merged by a run that died then; None if there is none."""
    made = _made(output, plan)
    place = made if made.exists() else output.path
    try:
        content: dict[str, Any] = read_json(plan.folder / _NOTE)
    except (MissingFileError, CorruptFileError):
        return None
    if not _is_of(content, plan) or not place.exists():
        return None
    if catalog_sha256(place) != content[MANIFEST][_SAYS]:
        return None
    _put(output, plan)
    return content


def close(output: Output, plan: Plan, left_out: int, run: Mapping[str, Any]) -> dict[str, Any]:
    """Merge the shards, put the catalogue into place and its manifest beside it.

    At every moment a reader sees the old catalogue or the new one, whole.

    Parameters
    ----------
    output
        The catalogue.
    plan
        Its shards, all of which are there.
    left_out
        How many images no row of the table has.
    run
        What may differ from run to run; of its entry `MANIFEST` those that the manifest has too.

    Returns
    -------
    dict
        The manifest.
    """
    tally = Tally(output.threshold)
    made = _made(output, plan)
    shards: list[dict[str, Any]] = []
    with open_catalog(made, schema=output.schema, overwrite=True) as writer:
        for rows in _in_order(plan, shards):
            tally.add(rows)
            writer.write(rows.cast(output.schema))
        counts = {**tally.summary, "left_out": left_out}
        facts = {
            **output.provenance,
            "inputs_sha256": tally.inputs_sha256,
            "counts": counts,
        }
        writer.finish(facts)
    found = catalog_sha256(made)
    closing = {"job": plan.job.key, _SAYS: found, "shards": shards, **run[MANIFEST]}
    content = {**facts, **run, "rows": plan.inputs.total, MANIFEST: closing}
    if output.path.suffix == ".csv":
        content["csv_sha256"] = found
    write_json(plan.folder / _NOTE, content)
    _put(output, plan)
    return content


def _in_order(plan: Plan, shards: list[dict[str, Any]]) -> Iterator[pa.Table]:
    """Give all rows in the order of the table, as many at a time as a shard has; note each file."""
    for block in plan.blocks():
        tables = []
        for number in block:
            path, key, count = plan.path(number), plan.keys[number], plan.count(number)
            rows = read_shard(path, key, count)
            if rows is None:
                raise OutputError(f"{path} was damaged while it was in use. Run again.")
            tables.append(rows)
            shards.append({"key": key, "rows": count, _SAYS: sha256_file(path)})
        if plan.places is None:
            yield from tables
            continue
        start, stop = plan.span(block[0])[0], plan.span(block[-1])[1]
        whole = pa.concat_tables(tables).take(np.argsort(plan.places[start:stop]))
        for number in block:
            yield whole.slice(plan.span(number)[0] - start, plan.count(number))


def _put(output: Output, plan: Plan) -> None:
    """Do the last steps, of which each leaves a whole catalogue in sight."""
    made, sidecar = _made(output, plan), sidecar_of(output.path)
    if made.exists():
        # Another run may have written the same output in the meantime.
        check_output(output.path, overwrite=output.overwrite)
        sidecar.unlink(missing_ok=True)
        if output.path.is_dir():  # no folder takes the place of another one
            output.path.rename(made.with_name(_OLD))
        made.replace(output.path)
    (plan.folder / _NOTE).replace(sidecar)
    shutil.rmtree(plan.folder, ignore_errors=True)


def _made(output: Output, plan: Plan) -> Path:
    return plan.folder / f"catalogue{output.path.suffix}"


def _is_of(content: Mapping[str, Any], plan: Plan) -> bool:
    manifest = content[MANIFEST]
    keys = [shard["key"] for shard in manifest.get("shards", ())]
    return bool(manifest.get("job") == plan.job.key and tuple(keys) == plan.keys)
