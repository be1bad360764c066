"""True and predicted vote fractions of some images, with the model that gives the mean."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from toomre.build import choose_device
from toomre.errors import ArgumentError
from toomre.evaluation.votes.metrics import mean_labels
from toomre.evaluation.votes.report import VoteReport, evaluate_votes
from toomre.inference.checks import check_prepared
from toomre.inference.store import open_model
from toomre.inference.votes import vote_rows
from toomre.jobs.labelling import labels_of, with_votes
from toomre.jobs.run import Run
from toomre.preparation.prepared import PreparedSet
from toomre.surveys.vote_tree import ANSWERS, MERGER, MERGER_VOTES

__all__ = ["judge", "predictions"]

# The seed of the bootstrap, as for `toomre evaluate`.
_BOOTSTRAP_SEED = 3
_TRUE, _MEAN = "true_", "mean_"


def predictions(
    run: Run, prepared: PreparedSet, rows: NDArray[np.intp], device: str
) -> pd.DataFrame:
    """Return a row an image: ids, `label`, and for each answer three fractions.

    Those of ``Class8.6``, say, are ``Class8.6`` (predicted), ``true_Class8.6`` and
    ``mean_Class8.6``, the mean of the training part.

    The rows must have all their votes, see `toomre.jobs.labelling.with_votes`.

    Raises
    ------
    ArgumentError
        If the run's network predicts no votes, or the set has none.
    """
    model = open_model(run.folder)
    if model.card.architecture.answers != ANSWERS:
        raise ArgumentError(
            f"{run.folder} predicts no vote fractions: its head is {run.recipe.head.name!r}. Use "
            "`toomre evaluate`."
        )
    check_prepared(model.card, prepared.info)
    learnt = run.split.rows("train").to_numpy(np.intp)
    trained = labels_of(prepared, with_votes(prepared, learnt, ANSWERS, "train"), ANSWERS)
    truth = labels_of(prepared, rows, ANSWERS)
    parts = {
        "": vote_rows(model, prepared, rows, choose_device(device)),
        _TRUE: truth.astype(np.float64),
        _MEAN: mean_labels(trained, len(rows)),
    }
    columns = {
        f"{start}{name}": values[:, place]
        for start, values in parts.items()
        for place, name in enumerate(ANSWERS)
    }
    table = prepared.catalog.iloc[rows][["image_id", "galaxy_id", "label"]].reset_index(drop=True)
    return table.assign(group=_groups(run, rows)).join(pd.DataFrame(columns))


def judge(table: pd.DataFrame, part: str, model_id: str) -> VoteReport:
    """Return the report on a table of predictions.

    True mergers are those of the label, where every image has one, and those with at least
    `MERGER_VOTES` of the votes.
    """
    truth, predicted, mean = (
        table[[f"{start}{name}" for name in ANSWERS]].to_numpy(np.float64)
        for start in (_TRUE, "", _MEAN)
    )
    is_merger = {f"votes of {MERGER_VOTES:g} or more": truth[:, MERGER] >= MERGER_VOTES}
    if table["label"].notna().all():
        is_merger = {"label": (table["label"] == 1).to_numpy(bool), **is_merger}
    return evaluate_votes(
        truth,
        predicted,
        mean,
        table["group"].to_numpy(),
        is_merger=is_merger,
        rng=np.random.default_rng(_BOOTSTRAP_SEED),
        part=part,
        model_id=model_id,
    )


def _groups(run: Run, rows: NDArray[np.intp]) -> NDArray[np.str_]:
    found: NDArray[np.str_] = run.split.table["group"].iloc[rows].to_numpy()
    return found
