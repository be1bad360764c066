"""``toomre zoo evaluate``: how good predicted vote fractions are, on images never seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from toomre.errors import ArgumentError
from toomre.evaluation.votes.drawing import Pictures
from toomre.evaluation.votes.plots import galleries, judging, panels
from toomre.evaluation.votes.report import VoteReport
from toomre.jobs.labelling import with_votes
from toomre.jobs.run import Run
from toomre.jobs.zoo_predictions import judge, predictions
from toomre.preparation.prepared import PreparedSet
from toomre.preparation.split import PARTS
from toomre.storage import atomic_path, write_json
from toomre.surveys.vote_tree import ANSWERS, MERGER

__all__ = ["EvaluatedVotes", "histories", "write_votes", "zoo_evaluate"]

# What the history calls the accuracy of the training batches.
_TRAINED = "mean_squared_error_accuracy"
# The seed of the choice of mergers to show.
_SHOWN_SEED = 0


@dataclass(frozen=True, eq=False)
class EvaluatedVotes:
    """What `zoo_evaluate` returns.

    Attributes
    ----------
    report
        All numbers.
    predictions
        One row an image, see `toomre.jobs.zoo_predictions.predictions`.
    folder
        Where ``metrics.json``, ``answers.csv``, ``predictions.parquet`` and the figures are;
        with other runs also ``comparison.csv``.
    """

    report: VoteReport
    predictions: pd.DataFrame
    folder: Path


def zoo_evaluate(
    run: Run | Path | str,
    data: PreparedSet | Path | str | None = None,
    *,
    part: str = "test",
    against: Sequence[Run | Path | str] = (),
    out: Path | str | None = None,
    device: str = "auto",
    figures: bool = True,
) -> EvaluatedVotes:
    """Predict the votes of one part of a run's data and measure how good they are.

    Parameters
    ----------
    run
        A run of a network with the head ``votes``, or its folder.
    data
        The prepared set, if it is not where the training found it.
    part
        ``"test"``, ``"valid"`` or ``"train"``.
    against
        Other runs, whose losses and accuracies by epoch are put beside this one's.
    out
        Where to write; None: the run's own folder, or for another part than the test part a
        folder in its ``evaluations``.
    device
        Where to compute.
    figures
        Whether to draw the figures too.

    Raises
    ------
    SplitMismatchError
        If the set is split differently than when the run was trained.
    ArgumentError
        If the run predicts no votes, or the part is empty.
    """
    run = run if isinstance(run, Run) else Run.open(run)
    compared = histories([run, *against])  # before the images, for a run may be missing
    prepared = data if isinstance(data, PreparedSet) else run.data(data)
    if part not in PARTS:
        raise ArgumentError.expected("part", "train, valid or test", part)
    run.check_split(prepared)
    rows = with_votes(prepared, run.rows(part), ANSWERS, part)
    table = predictions(run, prepared, rows, device)
    report = judge(table, part, run.card.model_id)
    own = run.folder if part == "test" else run.folder / "evaluations" / part
    folder = own if out is None else Path(out)
    write_votes(folder, report, table)
    if against:
        whole = pd.concat([h.assign(run=name) for name, h in compared.items()], ignore_index=True)
        with atomic_path(folder / "comparison.csv") as temporary:
            whole[["run", *whole.columns.drop("run")]].to_csv(temporary, index=False)
    if figures:
        _write_figures(folder / "figures", table, (prepared, rows), compared)
    return EvaluatedVotes(report, table, folder)


def histories(runs: Sequence[Run | Path | str]) -> dict[str, pd.DataFrame]:
    """Return the losses and accuracies of some runs by epoch: name -> a row an epoch.

    Runs of one recipe are told apart by their folders.

    Raises
    ------
    MissingFileError
        If one is no finished run.
    """
    opened = [run if isinstance(run, Run) else Run.open(run) for run in runs]
    names = [run.recipe.name for run in opened]
    found = {}
    for name, run in zip(names, opened, strict=True):
        own = name if names.count(name) == 1 else f"{name} ({run.folder.name})"
        history = run.history.rename(columns={_TRAINED: "train_accuracy"})
        wanted = ("epoch", "train_loss", "valid_loss", "train_accuracy", "valid_accuracy")
        found[own] = history[[column for column in wanted if column in history]]
    return found


def write_votes(folder: Path, report: VoteReport, table: pd.DataFrame) -> None:
    """Write ``metrics.json``, ``answers.csv`` and ``predictions.parquet``."""
    folder.mkdir(parents=True, exist_ok=True)
    with atomic_path(folder / "predictions.parquet") as temporary:
        table.to_parquet(temporary, index=False)
    with atomic_path(folder / "answers.csv") as temporary:
        report.answers.to_csv(temporary, index=False)
    write_json(folder / "metrics.json", report.to_dict())


def _write_figures(
    folder: Path,
    table: pd.DataFrame,
    shown: tuple[PreparedSet, NDArray[np.intp]],
    compared: Mapping[str, pd.DataFrame],
) -> None:
    """Draw the predictions of some rows of a set, and the histories."""
    truth, predicted = (
        table[[f"{start}{name}" for name in ANSWERS]].to_numpy(np.float64)
        for start in ("true_", "")
    )
    name, (prepared, rows) = next(iter(compared)), shown
    pictures = Pictures(prepared.images, prepared.info.encoding, prepared.info.bands, rows)
    rng = np.random.default_rng(_SHOWN_SEED)
    folder.mkdir(parents=True, exist_ok=True)
    figures = {
        "scatter": judging.scatter_grid(truth, predicted, name),
        "prototypes": galleries.prototype_rows(pictures, truth, predicted, name=name),
        "mergers": galleries.random_mergers(pictures, predicted[:, MERGER], rng=rng),
        "history": judging.compare_histories(compared),
    }
    panels.save_figures(figures, folder)
