"""``toomre.classify``: from galaxy cutouts and a trained model to a merger catalogue."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from toomre.build import choose_device
from toomre.errors import ArgumentError, MissingFileError
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
from toomre.inference.checks import check_stated
from toomre.inference.classify import Tally, score_readings, vote_readings
from toomre.inference.ensemble import Ensemble, ensemble_card
from toomre.inference.predictor import Predictor
from toomre.inference.readings import Wish
from toomre.inference.store import Model, open_model, shipped_models
from toomre.jobs.classified import ClassifiedCatalog
from toomre.jobs.classify_inputs import open_inputs
from toomre.jobs.provenance import environment
from toomre.mosaics.patterns import MosaicSource
from toomre.networks.card import ModelCard
from toomre.preparation.columns import Columns
from toomre.preparation.inputs import Source, escape_name

__all__ = ["ClassifyOptions", "classify"]


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
    inputs = open_inputs(source, (catalog, columns), wish, path)
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
