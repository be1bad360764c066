"""``toomre.bias``: where a model fails, by all that is known of the galaxies."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from toomre.errors import ArgumentError
from toomre.evaluation.bias import plots
from toomre.evaluation.bias.association import bias_tests
from toomre.evaluation.bias.cameras import Agreement, camera_agreement
from toomre.evaluation.bias.columns import Column, choose_columns, merger_state
from toomre.evaluation.bias.curves import performance
from toomre.evaluation.plots import save_figure
from toomre.inference.store import CARD_FILE, model_folder
from toomre.jobs.evaluate import evaluate, evaluation_folder
from toomre.jobs.provenance import environment
from toomre.jobs.run import Run
from toomre.networks.card import ModelCard
from toomre.output import output_folder
from toomre.preparation.catalog import read_table
from toomre.preparation.prepared import PreparedSet
from toomre.storage import read_json, write_json

__all__ = ["Bias", "bias"]

_FILES = ("scores.parquet", "curves.csv", "tests.csv", "cameras.csv", "figures", "bias.json")
_SEED = 3
_CLASSES = {"mergers": 1, "nonmergers": 0}
# Columns whose plane with the score is drawn too, as in DeepMerge I.
_PLANES = ("log_mass", "concentration", "m20")


@dataclass(frozen=True, eq=False)
class Bias:
    """What `bias` returns.

    Attributes
    ----------
    curves
        Performance in bins of each column, see `toomre.evaluation.bias.curves.performance`.
    tests
        A row a column and class, see `toomre.evaluation.bias.association.bias_tests`.
    cameras
        ``"mergers"`` and ``"nonmergers"`` -> agreement between the sides of one galaxy; empty
        where there is one image a galaxy.
    folder
        Where ``bias.json``, the tables and the figures are.
    """

    curves: pd.DataFrame
    tests: pd.DataFrame
    cameras: dict[str, Agreement]
    folder: Path


def bias(
    run: Run | Path | str,
    out: Path | str,
    *,
    data: PreparedSet | Path | str | None = None,
    part: str = "test",
    table: Path | str | None = None,
    columns: Sequence[str] | None = None,
    device: str = "auto",
    overwrite: bool = False,
) -> Bias:
    """Look at a model's scores against every column of the catalogue that can tell something.

    Parameters
    ----------
    run
        A run or its folder. An evaluation of it is read; where there is none, it is made.
    out
        The folder to make.
    data, part, device
        As for `evaluate`.
    table
        A table with `image_id` and further columns, such as measured morphology.
    columns
        Names; None: those of `toomre.evaluation.bias.columns.COLUMNS` that are there.
    overwrite
        Replace an earlier result.

    Raises
    ------
    ArgumentError
        If a column is not there, or there is none that differs between images.
    OutputExistsError
        If the folder is there already.
    """
    run = run if isinstance(run, Run) else Run.open(run)
    prepared = data if isinstance(data, PreparedSet) else run.data(data)
    scores, threshold, model_id = _scores(run, prepared, part, device)
    joined = _joined(scores, prepared, table)
    chosen = choose_columns(joined, columns)
    if not chosen:
        raise ArgumentError(
            f"The catalogue of {prepared.folder} has no column to look at. Give one with more "
            "columns (--table), or name others (--columns)."
        )
    rng = np.random.default_rng(_SEED)
    with output_folder(Path(out), _FILES, overwrite=overwrite) as folder:
        curves = pd.concat(
            [performance(joined, column, threshold=threshold, rng=rng) for column in chosen],
            ignore_index=True,
        )
        result = Bias(
            curves, bias_tests(joined, chosen, rng=rng), _cameras(joined), Path(out).resolve()
        )
        for name, figure in _figures(result, joined, chosen, threshold):
            for suffix in ("png", "pdf"):
                save_figure(figure, folder / "figures" / f"{name}.{suffix}")
        joined.to_parquet(folder / "scores.parquet", index=False)
        _write(folder, result, {"model_id": model_id, "part": part, "threshold": threshold})
    return result


def _scores(
    run: Run, prepared: PreparedSet, part: str, device: str
) -> tuple[pd.DataFrame, float, str]:
    """Return scores, threshold and model of an evaluation: of an earlier one if it is the same."""
    domain = run.domain_of(prepared)
    folder = evaluation_folder(run, prepared, part, domain)
    model = ModelCard.read(model_folder(run.folder, domain) / CARD_FILE)
    known = folder / "metrics.json"
    if not known.is_file() or read_json(known).get("model_id") != model.model_id:
        evaluate(run, prepared, part=part, domain=domain, device=device, figures=False)
    record = read_json(known)
    return (
        pd.read_parquet(folder / "scores.parquet"),
        float(record["threshold"]),
        str(record["model_id"]),
    )


def _joined(scores: pd.DataFrame, prepared: PreparedSet, table: Path | str | None) -> pd.DataFrame:
    """Return the scores with the catalogue's columns, those of a table, and the merger state."""
    own = [name for name in prepared.catalog if name == "image_id" or name not in scores]
    joined = scores.merge(prepared.catalog[own], on="image_id", validate="one_to_one")
    if table is not None:
        more = read_table(table)
        new = ["image_id", *(name for name in more if name not in joined)]
        joined = joined.merge(more[new], on="image_id", how="left")
    state = merger_state(joined)
    # Nonmergers have no state; as a column it is of mergers alone.
    return joined.assign(state=state.where(state.str.contains(" ")))


def _cameras(joined: pd.DataFrame) -> dict[str, Agreement]:
    found = {}
    for name, label in _CLASSES.items():
        mine = joined[joined["label"] == label]
        if len(mine) and (mine.groupby("galaxy_id").size().mode().max() > 1):
            found[name] = camera_agreement(mine["is_merger"], mine["galaxy_id"])
    return found


def _figures(
    result: Bias, joined: pd.DataFrame, columns: list[Column], threshold: float
) -> Iterator[tuple[str, Any]]:
    """Give the names and the figures."""
    state = merger_state(joined)
    yield "states", plots.state_histogram_figure(state, joined["p_merger"], threshold)
    yield "tests", plots.association_figure(result.tests, {one.name: one.title for one in columns})
    if result.cameras:
        yield "cameras", plots.agreement_figure(result.cameras)
    for column in columns:
        mine = result.curves[result.curves["column"] == column.name]
        figure = plots.performance_figure(mine, column, _note(result.tests, column.name))
        yield f"by_{column.name}", figure
    for column in columns:
        if column.name in _PLANES and column.kind == "number":
            figure = plots.score_density_figure(joined.assign(state=state), column, threshold)
            yield f"plane_{column.name}", figure


def _note(tests: pd.DataFrame, name: str) -> str:
    mine = tests[tests["column"] == name]
    parts = [f"{row['class']} {row['p_holm']:.2g}" for _, row in mine.iterrows()]
    return f"error against it, p (Holm): {', '.join(parts)}" if parts else ""


def _write(folder: Path, result: Bias, record: dict[str, Any]) -> None:
    result.curves.to_csv(folder / "curves.csv", index=False)
    result.tests.to_csv(folder / "tests.csv", index=False)
    tables = [one.table.assign(**{"class": name}) for name, one in result.cameras.items()]
    pd.concat(tables or [pd.DataFrame()]).to_csv(folder / "cameras.csv", index=False)
    agreement = {
        name: {"rate": one.rate, "correlation": one.correlation, "left_out": one.left_out}
        for name, one in result.cameras.items()
    }
    content = {
        **environment(),
        **record,
        "cameras": agreement,
        "curves": result.curves.to_dict(orient="records"),
        "tests": result.tests.to_dict(orient="records"),
    }
    write_json(folder / "bias.json", json.loads(json.dumps(content).replace("NaN", "null")))
