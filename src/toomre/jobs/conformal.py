"""``toomre.conformal``: a catalogue with sets that hold the truth as often as is wanted."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa

from toomre.errors import ArgumentError
from toomre.evaluation.conformal import SETS, Conformal
from toomre.inference.catalog import SCHEMA, check_output, open_catalog, with_extra
from toomre.inference.catalog_reading import read_catalog, read_provenance
from toomre.jobs.labelled_scores import labelled_scores

__all__ = ["ConformalCatalog", "conformal"]


@dataclass(frozen=True, eq=False)
class ConformalCatalog:
    """What `conformal` returns.

    Attributes
    ----------
    path
        The new catalogue.
    table
        The same, with the column `conformal_set`.
    limits
        The coverage, and the scores at which sets begin and end.
    counts
        Set -> how many galaxies have it.
    notes
        What a reader should know.
    """

    path: Path
    table: pd.DataFrame
    limits: Conformal
    counts: dict[str, int]
    notes: tuple[str, ...]


def conformal(
    catalog: Path | str,
    out: Path | str,
    *,
    run: Path | str | None = None,
    validation: Path | str | None = None,
    coverage: float = 0.9,
    overwrite: bool = False,
) -> ConformalCatalog:
    """Add the column `conformal_set` to a catalogue: merger, nonmerger, both or none.

    Parameters
    ----------
    catalog
        From `toomre.classify`.
    out
        The new catalogue, in any of the formats of `toomre.classify`.
    run, validation
        As for `toomre.fraction`; one of them is needed.
    coverage
        Fraction of the galaxies of each class whose set shall hold their class.
    overwrite
        Replace `out`.

    Raises
    ------
    ArgumentError
        If neither scores nor run are given, the catalogue was made by another model or of votes,
        or `out` is the catalogue itself.
    MissingFileError
        If a file is not there, or the model keeps no validation scores.
    OutputExistsError
        If `out` is there already.
    """
    path = Path(out)
    if path.resolve() == Path(catalog).resolve():
        raise ArgumentError.expected("out", "another file than the catalogue", str(out))
    check_output(path, overwrite=overwrite)
    rows, provenance = read_catalog(catalog), read_provenance(catalog)
    if "p_merger" not in rows:
        raise ArgumentError(f"{catalog} holds vote fractions and no probability of a merger.")
    scores, notes = labelled_scores(provenance, run, validation)
    if scores is None:
        raise ArgumentError(
            "The sets need scores of labelled images: name the model's run (--run) or a file of "
            "scores (--validation)."
        )
    limits = Conformal.fit(scores, coverage)
    rows["conformal_set"] = limits.sets(rows["p_merger"].to_numpy())
    facts = {
        "coverage": coverage,
        "least_merger": limits.least_merger,
        "most_nonmerger": limits.most_nonmerger,
        "images": len(scores.label),
    }
    schema = with_extra(SCHEMA, rows.columns)
    with open_catalog(path, schema=schema, overwrite=overwrite) as writer:
        writer.write(pa.Table.from_pandas(rows[schema.names], schema=schema, preserve_index=False))
        writer.finish({**provenance, "conformal": facts})
    counts = {name: int((rows["conformal_set"] == name).sum()) for name in SETS}
    return ConformalCatalog(path, rows, limits, counts, notes)
