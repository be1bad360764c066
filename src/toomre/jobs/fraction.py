"""``toomre.fraction``: the merger fraction of a catalogue, corrected, with honest intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from toomre.errors import ArgumentError
from toomre.evaluation.plots import save_figure
from toomre.evaluation.prevalence.bins import binned_fractions, check_edges, estimate_table
from toomre.evaluation.prevalence.estimates import ASSUMPTIONS, Estimator
from toomre.evaluation.prevalence.plots import (
    binned_fraction_figure,
    fraction_figure,
    selection_figure,
)
from toomre.evaluation.prevalence.recalibration import bend
from toomre.evaluation.prevalence.selection import purity_by_fraction, selection_by_threshold
from toomre.evaluation.validation_scores import ValidationScores
from toomre.images.flags import Flag
from toomre.inference.catalog_reading import read_catalog, read_provenance
from toomre.jobs.labelled_scores import LABELLED_VOTES, labelled_scores
from toomre.jobs.provenance import environment
from toomre.output import output_folder
from toomre.preparation.catalog import read_table
from toomre.storage import sha256_file, write_json
from toomre.surveys.vote_tree import ANSWERS, MERGER

__all__ = ["FractionBins", "MergerFraction", "fraction"]

_FILES = (
    "fraction.csv",
    "fraction.png",
    "bins.csv",
    "bins.png",
    "selection.png",
    "fraction.json",
)
_FRACTIONS = np.geomspace(0.005, 0.6, 60)
_FIGURE_SEED = 3
_MANY_STRANGE = 0.05
_BENT = 0.01
_UNCORRECTED = (
    "Nothing is corrected: name the model's run (--run), or scores of labelled images "
    "(--validation)."
)
_UNCORRECTED_VOTES = f"Nothing is corrected. A catalogue of votes can be by {LABELLED_VOTES}."


@dataclass(frozen=True)
class FractionBins:
    """A property in bins of which the fraction is asked for.

    Attributes
    ----------
    column
        Of the table, such as ``"redshift"`` or a mass.
    edges
        Edges of the bins; None: five bins with equal numbers of galaxies.
    table
        The user's table with that column, joined by image id. None: the catalogue itself.
    """

    column: str
    edges: tuple[float, ...] | None = None
    table: Path | str | None = None


@dataclass(frozen=True, eq=False)
class MergerFraction:
    """What `fraction` returns.

    Attributes
    ----------
    table
        A row a method: `method`, `fraction`, `lower`, `upper` (95 %), `galaxies`.
    bins
        The same in bins, or None.
    assumptions
        Method -> what must hold for its number to be right.
    notes
        What a reader should know before using the numbers.
    folder
        Where the tables, the figures and ``fraction.json`` are.
    """

    table: pd.DataFrame
    bins: pd.DataFrame | None
    assumptions: dict[str, str]
    notes: tuple[str, ...]
    folder: Path


def fraction(
    catalog: Path | str,
    out: Path | str,
    *,
    run: Path | str | None = None,
    validation: Path | str | None = None,
    bins: FractionBins | None = None,
    seed: int = 0,
    overwrite: bool = False,
) -> MergerFraction:
    """Estimate the merger fraction of a catalogue, and write tables and figures.

    Parameters
    ----------
    catalog
        From `toomre.classify` or `toomre zoo classify`. Every row with a score counts as one
        galaxy.
    out
        The folder to make.
    run
        The run, or the model's folder or name, that made the catalogue: its validation scores
        correct the count.
    validation
        Instead, scores of other labelled images, such as ``scores.parquet`` of `toomre.evaluate`;
        for a catalogue of votes ``predictions.parquet`` of `toomre zoo evaluate`. Without either,
        the fraction is only counted.
    bins
        Also estimate the fraction in bins of a property.
    seed
        Of the resampling.
    overwrite
        Replace a finished result.

    Raises
    ------
    ArgumentError
        If the catalogue was made by another model, has no score, or a column is not there.
    MissingFileError
        If a file is not there, or the model keeps no validation scores.
    OutputExistsError
        If the folder holds something already.
    """
    rows, provenance = read_catalog(catalog), read_provenance(catalog)
    name = _score_name(rows)
    score = rows[name].to_numpy(np.float64)
    if np.isnan(score).all():
        raise ArgumentError(f"{catalog} has no galaxy with a score, so that there is no fraction.")
    scores, notes = labelled_scores(provenance, run, validation, name)
    threshold = float(provenance["counts"]["threshold"])
    values = None if bins is None else _values(rows, bins)
    estimator = Estimator(threshold, scores, rng=np.random.default_rng(seed))
    table = estimate_table(estimator(score), int((~np.isnan(score)).sum()))
    binned = None
    if bins is not None and values is not None:
        binned = binned_fractions(estimator, score, values, bins.edges)
    notes = (*notes, *_notes(rows, scores))
    found = MergerFraction(table, binned, _assumptions(table), notes, Path(out).resolve())
    with output_folder(found.folder, _FILES, overwrite=overwrite) as folder:
        _write(folder, found, bins)
        if scores is not None:
            likely = table["fraction"][table["method"] == "expectation_maximisation"]
            _draw_selection(folder / "selection.png", scores, threshold, float(likely.iloc[0]))
        record = {
            **environment(),
            "catalog": str(catalog),
            "catalog_sha256": sha256_file(Path(catalog)),
            "model_id": provenance.get("model_id"),
            "threshold": threshold,
            "validation": _described(scores, threshold),
            "bins": None if bins is None else {**asdict(bins), "table": str(bins.table)},
            "seed": seed,
            "fractions": _records(table),
            "assumptions": found.assumptions,
            "notes": list(notes),
        }
        write_json(folder / "fraction.json", record)
    return found


def _score_name(rows: pd.DataFrame) -> str:
    return "p_merger" if "p_merger" in rows else ANSWERS[MERGER]


def _values(rows: pd.DataFrame, bins: FractionBins) -> np.ndarray:
    """Return the property of each row of the catalogue, NaN where it is unknown."""
    if bins.edges is not None:
        check_edges(bins.edges)
    if bins.table is None:
        source = rows
    else:
        source = read_table(bins.table).set_index("image_id").reindex(rows["image_id"])
    if bins.column not in source:
        allowed = f"a column of the table ({', '.join(map(str, source.columns))})"
        hint = "Give the table that has it (--table); it is joined by image id."
        raise ArgumentError.expected("column", allowed, bins.column, hint)
    values = pd.to_numeric(source[bins.column], errors="coerce").to_numpy(
        np.float64, na_value=np.nan
    )
    if np.isnan(values).all():
        raise ArgumentError(
            f"No row of the catalogue has a number in the column {bins.column!r}: the table's ids "
            "must be those of the catalogue."
        )
    return values


def _notes(rows: pd.DataFrame, scores: ValidationScores | None) -> tuple[str, ...]:
    alone = _UNCORRECTED if "p_merger" in rows else _UNCORRECTED_VOTES
    notes = [] if scores is not None else [alone]
    unscored = int(rows[_score_name(rows)].isna().sum())
    if unscored:
        notes.append(f"{unscored} of {len(rows)} rows have no score and are left out.")
    if scores is not None and bend(scores) < _BENT:
        notes.append(
            "The log odds of the validation scores are no straight line, as "
            "expectation-maximisation assumes: trust the adjusted count instead."
        )
    strange = float(((rows["flags"] & Flag.OOD.value) > 0).mean())
    if strange > _MANY_STRANGE:
        notes.append(
            f"{strange:.0%} of the rows are unlike the training images (flag ood): the rates of "
            "the validation images may not be theirs."
        )
    return tuple(notes)


def _assumptions(table: pd.DataFrame) -> dict[str, str]:
    return {str(method): ASSUMPTIONS[str(method)] for method in table["method"]}


def _draw_selection(
    path: Path, scores: ValidationScores, threshold: float, fraction: float
) -> None:
    """Draw purity and completeness; the fraction is kept where a sample could be."""
    rng = np.random.default_rng(_FIGURE_SEED)
    fraction = float(np.clip(fraction, _FRACTIONS[0], _FRACTIONS[-1]))
    figure = selection_figure(
        selection_by_threshold(scores, fraction, rng=rng),
        purity_by_fraction(scores, threshold, _FRACTIONS, rng=rng),
        fraction=fraction,
        threshold=threshold,
    )
    save_figure(figure, path)


def _write(folder: Path, found: MergerFraction, bins: FractionBins | None) -> None:
    found.table.to_csv(folder / "fraction.csv", index=False)
    save_figure(fraction_figure(found.table), folder / "fraction.png")
    if found.bins is not None and bins is not None:
        found.bins.to_csv(folder / "bins.csv", index=False)
        save_figure(binned_fraction_figure(found.bins, bins.column), folder / "bins.png")


def _described(scores: ValidationScores | None, threshold: float) -> dict[str, Any] | None:
    if scores is None:
        return None
    tpr, fpr = scores.rates(threshold)
    return {
        "images": len(scores.label),
        "galaxies": scores.galaxies,
        "mergers": int(scores.label.sum()),
        "true_positive_rate": tpr,
        "false_positive_rate": fpr,
    }


def _records(table: pd.DataFrame) -> Sequence[dict[str, Any]]:
    """Return the rows for JSON, with None for NaN."""
    return [
        {str(key): None if pd.isna(value) else value for key, value in row.items()}
        for row in table.to_dict("records")
    ]
