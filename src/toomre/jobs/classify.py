"""``toomre.classify``: from galaxy cutouts and a trained model to a merger catalogue."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pyarrow as pa

from toomre.build import choose_device
from toomre.errors import ArgumentError, MissingFileError, ToomreError
from toomre.images.arrays import open_stack
from toomre.images.cutout import Encoding
from toomre.images.flags import Flag
from toomre.images.loading import Facts
from toomre.inference.catalog import (
    SCHEMA,
    VOTE_FORMATS,
    VOTE_SCHEMA,
    check_output,
    open_catalog,
    with_extra,
)
from toomre.inference.catalog_reading import read_catalog
from toomre.inference.checks import check_prepared, check_stated
from toomre.inference.classify import Tally, score_readings, vote_readings
from toomre.inference.ensemble import Ensemble, ensemble_card
from toomre.inference.mosaic_readings import for_model, read_mosaics
from toomre.inference.predictor import Predictor
from toomre.inference.readings import Reading, Wish, read_files, read_prepared, read_stack
from toomre.inference.store import Model, open_model, shipped_models
from toomre.jobs.provenance import environment
from toomre.mosaics.patterns import MosaicSource
from toomre.mosaics.stamps import Mosaics
from toomre.networks.card import ModelCard
from toomre.preparation.catalog import read_table
from toomre.preparation.columns import Columns
from toomre.preparation.inputs import Source, escape_name, find_inputs, is_stack
from toomre.preparation.matching import match_files, match_rows
from toomre.preparation.prepared import PreparedSet

__all__ = ["ClassifiedCatalog", "ClassifyOptions", "classify"]


@dataclass(frozen=True)
class ClassifyOptions:
    """What is stated of the inputs, and how to classify them.

    Attributes
    ----------
    bands
        Names of the inputs' bands in order, where the files do not tell.
    pixel_scale
        The inputs' pixel scale [arcsec/pixel].
    encoding
        ``"linear"`` (flux) or ``"display"`` (0 to 255), where the files do not tell.
    threshold
        Another one than the model's.
    device
        ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"cuda:1"``.
    chunk_size
        Inputs that are in memory at a time.
    batch_size
        Images that go through the network at a time; None: what is quickest.
    allow_domain
        Let pictures go to a model of flux, and the reverse.
    overwrite
        Replace an output that is there already.
    """

    bands: tuple[str, ...] | None = None
    pixel_scale: float | None = None
    encoding: Encoding | None = None
    threshold: float | None = None
    device: str = "auto"
    chunk_size: int = 256
    batch_size: int | None = None
    allow_domain: bool = False
    overwrite: bool = False

    @property
    def facts(self) -> Facts:
        """What is stated of the inputs."""
        return Facts(self.bands, self.pixel_scale, self.encoding)


@dataclass(frozen=True, eq=False)
class ClassifiedCatalog:
    """The result of a classification.

    Attributes
    ----------
    path
        The file, or None if the catalogue was kept in memory.
    summary
        How many `images`, `ok`, `warn`, `bad`, `mergers`; the `threshold`; in `flags` how
        many images have each flag; and how many were `left_out`, as no row of the table has
        them.
    provenance
        Model, input, options, versions and time, as in the file.
    """

    path: Path | None
    summary: dict[str, Any]
    provenance: dict[str, Any]
    _rows: tuple[pa.Table, ...] = field(default=(), repr=False)

    @cached_property
    def table(self) -> pd.DataFrame:
        """The catalogue; it is read from the file when it is first asked for."""
        if self.path is not None:
            return read_catalog(self.path)
        table: pd.DataFrame = pa.concat_tables(self._rows).to_pandas()
        return table

    def __len__(self) -> int:
        return int(self.summary["images"])

    def __repr__(self) -> str:
        counts = ", ".join(
            f"{self.summary[name]} {name}" for name in ("images", "mergers", "ok", "warn", "bad")
        )
        return f"<ClassifiedCatalog: {counts}; see .table and .summary>"


_GUESSED = Columns()
_DEFAULTS = ClassifyOptions()


def classify(
    source: Source | MosaicSource | Path | str,
    model: Model | Path | str | Sequence[Model | Path | str] | None = None,
    out: Path | str | None = None,
    catalog: Path | str | None = None,
    *,
    columns: Columns = _GUESSED,
    options: ClassifyOptions = _DEFAULTS,
    progress: Callable[[int, int], None] | None = None,
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
        A shipped model's name, a folder, or an opened model; None: the first shipped one. Of
        several, such as one recipe's runs with other seeds, the probabilities are averaged, and
        the catalogue has a column `p_spread`, their standard deviation over the models.
    out
        The catalogue: ``.parquet``, ``.fits``, ``.vot``, ``.ecsv`` or ``.csv`` (with its
        provenance beside it in ``.csv.json``). None keeps it in memory.
    catalog
        The user's table. It gives ids, positions and the order; a row without an image is bad;
        images without a row are left out, and the summary says how many.
    columns
        Which of the table's columns are what; by default guessed.
    options
        What is stated of the inputs, threshold, device and so on.
    progress
        Called with (inputs done, all inputs).

    Raises
    ------
    ArgumentError
        Before any work: if what is stated of the inputs does not fit the model, or `out` has
        an unknown ending or is the source or the table. Also if none of the first inputs that
        can be read fits the model.
    OutputExistsError, OutputError
        If `out` is there already, or cannot be written.
    """
    path = None if out is None else Path(out)
    source = source if isinstance(source, Source | MosaicSource) else Source(Path(source))
    if path is not None:
        _check_apart(path, None if isinstance(source, MosaicSource) else source.path, catalog)
        check_output(path, overwrite=options.overwrite)
    _check_options(options)
    opened = _open_models(model)
    card = opened[0].card if len(opened) == 1 else ensemble_card([each.card for each in opened])
    votes = bool(card.architecture.answers)
    schema, read = (VOTE_SCHEMA, vote_readings) if votes else (SCHEMA, score_readings)
    if votes and path is not None and path.suffix not in VOTE_FORMATS:
        raise ArgumentError.expected("out", f"{' or '.join(VOTE_FORMATS)} for votes", path.name)
    wish = Wish(card, options.facts, options.allow_domain)
    check_stated(card, options.facts, allow_domain=options.allow_domain)
    # Labels, galaxies and redshifts are not needed, so whatever stands there is no matter.
    columns = replace(columns, label="", galaxy_id="", redshift="")
    inputs = _open_source(source, (catalog, columns), wish, path)
    predictor = _predictor(opened, options)
    schema = with_extra(schema, ["p_spread"] if len(opened) > 1 else [])
    threshold = card.threshold if options.threshold is None else options.threshold
    tally = Tally(threshold)

    def parts() -> Iterator[pa.Table]:
        for rows in read(
            inputs.readings, predictor, threshold=threshold, chunk_size=options.chunk_size
        ):
            tally.add(rows)
            yield rows
            if progress is not None:
                progress(int(tally.summary["images"]), inputs.total)

    def summary() -> dict[str, Any]:
        return {**tally.summary, "left_out": inputs.left_out}

    def provenance() -> dict[str, Any]:
        facts: dict[str, Any] = {"inputs_sha256": tally.inputs_sha256, "counts": summary()}
        if len(opened) > 1:
            facts["members"] = [each.card.model_id for each in opened]
        return {**_provenance(card, (source, catalog), options), **facts}

    if path is None:
        kept = tuple(parts())
        return ClassifiedCatalog(None, summary(), provenance(), (schema.empty_table(), *kept))
    with open_catalog(path, schema=schema, overwrite=options.overwrite) as writer:
        for rows in parts():
            writer.write(rows)
        facts = provenance()
        writer.finish(facts)
    return ClassifiedCatalog(path, summary(), facts)


def _check_apart(out: Path, *given: Path | str | None) -> None:
    """Refuse an output that would replace what is to be read."""
    for path in given:
        if path is not None and Path(path).exists() and Path(path).resolve() == out.resolve():
            raise ArgumentError.expected("out", "another file than those to be read", str(out))


def _check_options(options: ClassifyOptions) -> None:
    if options.threshold is not None and not 0 <= options.threshold <= 1:
        raise ArgumentError.expected("threshold", "a number from 0 to 1", options.threshold)
    if options.chunk_size < 1:
        raise ArgumentError.expected("chunk_size", "a positive number", options.chunk_size)
    if options.encoding not in (None, "linear", "display"):
        raise ArgumentError.expected("encoding", "'linear' or 'display'", options.encoding)


def _open_models(model: Model | Path | str | Sequence[Model | Path | str] | None) -> list[Model]:
    """Return the models that were named, opened."""
    if model is None or isinstance(model, Model | Path | str):
        named: Sequence[Model | Path | str] = [model or _first_model()]
    else:
        named = model or [_first_model()]
    return [each if isinstance(each, Model) else open_model(each) for each in named]


def _predictor(models: Sequence[Model], options: ClassifyOptions) -> Any:
    """Return what scores images: a model, or several as one."""
    device = choose_device(options.device)
    if len(models) == 1:
        return Predictor(models[0], device, options.batch_size)
    return Ensemble(models, device, options.batch_size)


def _first_model() -> str:
    names = list(shipped_models())
    if not names:
        raise MissingFileError("No model is shipped with this package. Name a folder (--model).")
    return names[0]


class _Inputs(NamedTuple):
    """The inputs one after another, how many they are, and how many have no row."""

    readings: Iterator[Reading]
    total: int
    left_out: int = 0


def _open_source(
    source: Source | MosaicSource,
    given: tuple[Path | str | None, Columns],
    wish: Wish,
    out: Path | None,
) -> _Inputs:
    """Return the inputs; `out` is none of them."""
    catalog, columns = given
    if isinstance(source, MosaicSource):
        if catalog is None:
            raise ArgumentError.expected("catalog", "a table with ra and dec for mosaics", None)
        how = for_model(wish.card, source.options)
        mosaics = Mosaics.open(source.files, read_table(catalog, columns), how)
        return _Inputs(read_mosaics(mosaics, wish), len(mosaics))
    path = Path(source.path)
    if (path / "dataset.json").is_file():
        prepared = PreparedSet.open(path)
        if catalog is not None:
            raise ArgumentError(f"{path} is prepared and has its own table: give no --catalog.")
        check_prepared(wish.card, prepared.info, allow_domain=wish.allow_domain)
        return _Inputs(read_prepared(prepared, wish), len(prepared))
    table = None if catalog is None else read_table(catalog, columns)
    rows = _stack_length(path, len(wish.card.input.bands))
    if rows is not None:
        items = None if table is None else [match.item for match in match_rows(table, rows)]
        total = rows if items is None else len(items)
        return _Inputs(read_stack(path, items, table, wish), total, rows - total)
    found = list(find_inputs(source, wish.facts.bands or wish.card.input.bands, without=out))
    if table is None:
        return _Inputs(read_files([(item, "") for item in found], None, wish), len(found))
    matches = match_files(table, found, path if path.is_dir() else path.parent)
    files = [(match.item, match.problem) for match in matches]
    left_out = len(found) - sum(not match.problem for match in matches)
    return _Inputs(read_files(files, table, wish), len(files), left_out)


def _stack_length(source: Path, bands: int) -> int | None:
    """Return how many images a stack has, or None if the source is none."""
    if not is_stack(source):
        return None
    try:
        stack = open_stack(source)
    except ToomreError:
        return None  # read as one image, whose row says what is wrong
    # Three axes may be (image, y, x) or (band, y, x): the model tells.
    return None if stack.shape[1] == 1 and bands > 1 else len(stack)


def _provenance(
    card: ModelCard,
    inputs: tuple[Source | MosaicSource, Path | str | None],
    options: ClassifyOptions,
) -> dict[str, Any]:
    source, catalog = inputs
    stamps = source.options if isinstance(source, MosaicSource) else None
    return {
        **environment(),
        "model_id": card.model_id,
        "weights_sha256": card.weights_sha256,
        "split_sha256": card.training.split_sha256,
        "input": escape_name(str(source.path if isinstance(source, Source) else source)),
        "catalog": None if catalog is None else escape_name(str(catalog)),
        "options": asdict(options),
        "stamps": None if stamps is None else asdict(stamps),
        "flag_bits": {str(flag.name).lower(): flag.value for flag in Flag},
    }
