"""``toomre zoo crossvalidate``: every galaxy's votes predicted once, by a model without it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from toomre.errors import ArgumentError
from toomre.jobs.labelling import with_votes
from toomre.jobs.provenance import check_identity, environment
from toomre.jobs.train import TrainOptions, train
from toomre.jobs.zoo_evaluate import EvaluatedVotes, write_votes
from toomre.jobs.zoo_predictions import judge, predictions
from toomre.output import output_lock
from toomre.preparation.catalog import has_labels
from toomre.preparation.prepared import PreparedSet
from toomre.preparation.split import Split, fold_splits
from toomre.recipe import Recipe
from toomre.recipes.shipped import open_recipe
from toomre.storage import write_json
from toomre.surveys.vote_tree import ANSWERS

__all__ = ["zoo_crossvalidate"]


def zoo_crossvalidate(
    recipe: Recipe | Path | str,
    data: PreparedSet | Path | str,
    out: Path | str,
    *,
    folds: int = 5,
    options: TrainOptions = TrainOptions(resume=True),
    progress: Callable[[int, int], None] | None = None,
    listeners: Sequence[Callable[[dict[str, float]], None]] = (),
) -> EvaluatedVotes:
    """Train a recipe once a fold and judge all test parts together; go on after a stop.

    The folds are drawn by galaxy from the data set's seed. Each galaxy is compared with the mean
    of the training part of its own fold.

    Parameters
    ----------
    recipe, data, out
        As for `toomre.train`; the folder gets one run a fold.
    folds
        How many, at least 2.
    options
        As for `toomre.train`.
    progress
        Called with (trainings done, all trainings), in hundredths of a training.
    listeners
        Called with each epoch's row of the history.

    Returns
    -------
    EvaluatedVotes
        Of all galaxies; its folder has ``metrics.json``, ``answers.csv`` and
        ``predictions.parquet``.
    """
    recipe = open_recipe(recipe)
    prepared = PreparedSet.of(data)
    splits = _splits(prepared, folds)
    report = progress or (lambda done, total: None)
    folder = Path(out).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    with output_lock(folder):
        _claim(folder, recipe, prepared, folds)
        tables = []
        for fold, split in enumerate(splits):

            def step(done: int, steps: int, fold: int = fold) -> None:
                report(100 * fold + 100 * done // max(1, steps), 100 * folds)

            run = train(
                recipe,
                prepared,
                folder / f"fold-{fold}",
                split=split,
                options=options,
                progress=step,
                listeners=listeners,
            )
            tested = split.rows("test").to_numpy(np.intp)
            rows = with_votes(prepared, tested, ANSWERS, "test")
            tables.append(predictions(run, prepared, rows, options.device).assign(fold=fold))
        table = pd.concat(tables, ignore_index=True)
        judged = judge(table, f"cross-validated ({folds} folds)", recipe.name)
        write_votes(folder, judged, table)
    return EvaluatedVotes(judged, table, folder)


def _splits(prepared: PreparedSet, folds: int) -> list[Split]:
    """Divide the galaxies, with the classes in proportion where there are classes."""
    table, labels = prepared.own_split().table, prepared.catalog["label"]
    usable = (table["part"] != "").to_numpy()
    most = int(table.loc[usable, "group"].nunique())
    if not 2 <= folds <= most:
        raise ArgumentError.expected("folds", f"from 2 to the {most} groups of galaxies", folds)
    return fold_splits(
        table["image_id"].tolist(),
        table["group"].to_numpy(),
        labels if has_labels(prepared.catalog) else None,
        usable,
        folds=folds,
        rng=np.random.default_rng(prepared.info.seed),
    )


def _claim(folder: Path, recipe: Recipe, prepared: PreparedSet, folds: int) -> None:
    identity = {
        "recipe_sha256": recipe.sha256,
        "dataset_sha256": prepared.info.sha256,
        "folds": folds,
    }
    path = folder / "crossvalidation.json"
    if path.exists():
        check_identity(path, identity)
        return
    write_json(path, {**environment(), **identity})
    recipe.write(folder / "recipe.toml")
