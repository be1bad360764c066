"""``toomre.classify``: from galaxy cutouts and a trained model to a merger catalogue."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa

from toomre.engines.local import LocalEngine
from toomre.errors import ArgumentError
from toomre.inference.classify import Tally, score_readings
from toomre.inference.manifest import MANIFEST, work_folder
from toomre.inference.readings import Reading
from toomre.jobs.apart import check_apart, mosaic_files
from toomre.jobs.classified import ClassifiedCatalog
from toomre.jobs.classify_closing import Output, check_free, is_own
from toomre.jobs.classify_opened import Named, Opened, open_classification
from toomre.jobs.classify_options import ClassifyOptions
from toomre.jobs.classify_plan import SHARD_ROWS, make_plan
from toomre.jobs.classify_run import run_part, run_plan
from toomre.jobs.classify_shard import forget_models, remember_models
from toomre.jobs.provenance import environment
from toomre.mosaics.patterns import MosaicSource
from toomre.preparation.columns import Columns
from toomre.preparation.inputs import Source

__all__ = ["ClassifyOptions", "check_classification", "classify"]

Progress = Callable[[int, int], None]

_GUESSED = Columns()
_DEFAULTS = ClassifyOptions()


def classify(
    source: Source | MosaicSource | Path | str,
    model: Named | Sequence[Named] | None = None,
    out: Path | str | None = None,
    catalog: Path | str | None = None,
    *,
    columns: Columns = _GUESSED,
    options: ClassifyOptions = _DEFAULTS,
    progress: Progress | None = None,
) -> ClassifiedCatalog:
    """Classify galaxy cutouts and write the catalogue.

    Every input has one row, in order: `image_id, ra, dec` [degree; NaN where unknown],
    `p_merger` (calibrated; mean over the 8 flips and quarter turns), `p_merger_raw` (not
    calibrated), `p_merger_std` (scatter of the 8), `is_merger` (p at or above the threshold;
    missing where there is no score), `status` (ok, warn, bad), `flags` (bits of
    `toomre.images.flags.Flag`), `reason`, `model_id`. An input that cannot be used is bad and
    has no score; it never stops the run. Other columns of a table are not copied: join the
    catalogue with the table on `image_id`. A model of vote fractions gives the 37 columns
    ``Class1.1`` to ``Class11.6`` in place of the probabilities.

    The work is done in shards of 1024 rows, whose files are in a hidden folder beside `out` until
    all are there. A run that was stopped, also by ``kill -9`` or a full disk, goes on when it is
    started again as before; a finished one does nothing. The bytes of the catalogue depend on
    none of that. An input at which the process died twice is bad (`Flag.KILLED_WORKER`).

    The memory does not grow with the number of inputs, but for their names, and but for the
    end of writing FITS, VOTable and ECSV (see `toomre.inference.catalog`).

    Parameters
    ----------
    source
        A folder of JPEG, PNG, TIFF, FITS or single ``.npy`` images; one such file; a stack
        (``.npy``, ``.npz``; image_id is the row); or a prepared data set. A `Source` also
        says how the files are named. A `MosaicSource` is survey images, from which the stamp
        of each row of the table is cut and never written.
    model
        A shipped model's name, a folder, or an opened model; None: `sdss-jpeg`. Of
        several, such as one recipe's runs with other seeds, the probabilities are averaged, and
        the catalogue has a column `p_spread`, their standard deviation over the models.
    out
        The catalogue: ``.parquet``, ``.fits``, ``.vot``, ``.ecsv``, ``.csv``, ``.hats`` (a
        folder) or ``.reg`` (DS9 regions, which cannot be read back), with its manifest beside it,
        such as ``mergers.csv.json``. None keeps it in memory.
    catalog
        The user's table. It gives ids, positions and the order; a row without an image is bad;
        images without a row are left out, and the summary says how many.
    columns
        Which of the table's columns are what; by default guessed.
    options
        What is stated of the inputs, threshold, device, processes and so on.
    progress
        Called with (inputs done, all inputs).

    Raises
    ------
    ArgumentError
        Before any work: if what is stated of the inputs does not fit the model, or `out` has
        an unknown ending, or is the source, a part of it, or the table. Also if none of the first
        inputs that can be read fits the model.
    OutputExistsError, OutputError
        If `out` is there already and of other inputs or another model, or cannot be written.
    """
    path = None if out is None else Path(out)
    # Of several parts the first checks the sums of all bytes, and then the run that closes.
    sums = options.part is None or options.part[0] == 0
    opened = _open(source, model, path, (catalog, columns), options, sums)
    if path is None:
        return _in_memory(opened, progress)
    try:
        return _in_shards(opened, path, progress)
    finally:
        forget_models()


def check_classification(
    source: Source | MosaicSource | Path | str,
    model: Named | Sequence[Named] | None,
    out: Path,
    catalog: Path | str | None = None,
    *,
    columns: Columns = _GUESSED,
    options: ClassifyOptions = _DEFAULTS,
) -> None:
    """Refuse what `classify` would refuse before any work, but do nothing.

    Inputs, table and model are opened. The sums of the bytes of mosaics are not checked, nor
    whether there is a GPU, for another machine may do the work.

    Raises
    ------
    ArgumentError, OutputExistsError, OutputError
        As `classify`.
    """
    device = "auto" if options.device.startswith("cuda") else options.device
    _open(source, model, out, (catalog, columns), replace(options, device=device), sums=False)


def _open(
    source: Source | MosaicSource | Path | str,
    model: Named | Sequence[Named] | None,
    path: Path | None,
    given: tuple[Path | str | None, Columns],
    options: ClassifyOptions,
    sums: bool,
) -> Opened:
    source = source if isinstance(source, Source | MosaicSource) else Source(Path(source))
    catalog, _ = given
    if path is not None:
        _check_apart(path, source, catalog)
        check_free(path, overwrite=options.overwrite)
    elif options.part is not None:
        raise ArgumentError.expected("part", "None where nothing is written", options.part)
    options.check()
    return open_classification(source, model, given, options, path, sums=sums)


def _check_apart(out: Path, source: Source | MosaicSource, catalog: Path | str | None) -> None:
    """Refuse an output that would replace what is to be read."""
    if isinstance(source, MosaicSource):
        extension = None if source.options is None else source.options.extension
        given = mosaic_files(out, source.files, extension)
    else:
        given = [source.path]
    check_apart(out, [*given, catalog], is_own=is_own(out))


def _in_memory(opened: Opened, progress: Progress | None) -> ClassifiedCatalog:
    inputs, tally = opened.inputs, Tally(opened.threshold)
    kept: list[pa.Table] = [opened.schema.empty_table()]
    for rows in score_readings(
        chain.from_iterable(_readings(opened)),
        opened.predictor(),
        threshold=opened.threshold,
        chunk_size=opened.options.chunk_size,
    ):
        tally.add(rows)
        kept.append(rows)
        if progress is not None:
            progress(int(tally.summary["images"]), inputs.total)
    counts = {**tally.summary, "left_out": inputs.left_out}
    facts = {"inputs_sha256": tally.inputs_sha256, "counts": counts}
    provenance = {**environment(), **opened.provenance, **facts}
    return ClassifiedCatalog(None, counts, provenance, inputs.total, tuple(kept))


def _readings(opened: Opened) -> Iterator[Iterator[Reading]]:
    """Give the inputs, some rows at a time, so that not all of their table is copied at once."""
    for start in range(0, opened.inputs.total, SHARD_ROWS):
        rows = opened.inputs.rows(start, min(start + SHARD_ROWS, opened.inputs.total))
        yield rows.readings(opened.wish, 0, len(rows))


def _in_shards(opened: Opened, path: Path, progress: Progress | None) -> ClassifiedCatalog:
    options = opened.options
    plan = make_plan(opened.job(work_folder(path)), opened.inputs)
    output = Output(path, opened.schema, opened.threshold, options.overwrite, opened.provenance)
    on_gpu = opened.device.type != "cpu"
    workers = 1 if options.workers is None and on_gpu else options.workers
    isolated = options.isolated or options.workers != 1
    engine = options.engine or LocalEngine(workers, isolated=isolated)
    remember_models(plan.job.key, opened.models)
    if options.part is not None:
        done = run_part(plan, output, engine, options.part, progress)
        counts: dict[str, Any] = {"images": done, "part": options.part}
        empty = (opened.schema.empty_table(),)
        return ClassifiedCatalog(None, counts, opened.provenance, done, empty)
    content, done = run_plan(plan, output, engine, progress)
    provenance = {name: value for name, value in content.items() if name != MANIFEST}
    return ClassifiedCatalog(path, content["counts"], provenance, done)
