"""The report on predicted vote fractions: against the model that gives everybody the mean."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from toomre.evaluation.bootstrap import Interval
from toomre.evaluation.votes.fractions import as_votes
from toomre.evaluation.votes.metrics import intervals, merger_ranking, per_answer
from toomre.surveys.vote_tree import ANSWERS, MERGER, QUESTIONS

__all__ = ["VoteReport", "evaluate_votes"]

_SAID = {
    "rmse": "RMSE",
    "mse": "MSE",
    "argmax_accuracy": "accuracy of the largest answer (Keras)",
    "accuracy": "accuracy of each answer at 0.5",
    "baseline_rmse": "RMSE of the mean-label model",
    "gain": "RMSE below the mean-label model's by",
}
_NAMES = [answer for question in QUESTIONS for answer in question.answers]


@dataclass(frozen=True, eq=False)
class VoteReport:
    """Everything that `toomre zoo evaluate` says.

    Attributes
    ----------
    metrics
        Those of `toomre.evaluation.votes.metrics.intervals`, with their 95 % intervals.
    mergers
        Which truth -> how many mergers it has, and the ROC-AUC of the merger answer.
    answers
        A row an answer: `answer`, `question`, `name`, `rmse`, `baseline_rmse`, `gain`, `mse`,
        `accuracy`, `correlation`.
    galaxies, images
        How many were judged.
    part, model_id
        Names for the report.
    """

    metrics: Mapping[str, Interval]
    mergers: Mapping[str, tuple[int, Interval]]
    answers: pd.DataFrame
    galaxies: int
    images: int
    part: str = "test"
    model_id: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return plain dicts, lists and numbers for JSON, with None for NaN."""
        rows = [
            {key: _plain(value) for key, value in row.items()}
            for row in self.answers.to_dict("records")
        ]
        return {
            "model_id": self.model_id,
            "part": self.part,
            "images": self.images,
            "galaxies": self.galaxies,
            "metrics": {name: _interval(found) for name, found in self.metrics.items()},
            "mergers": {
                name: {"mergers": count, "roc_auc": _interval(found)}
                for name, (count, found) in self.mergers.items()
            },
            "answers": rows,
        }

    def __str__(self) -> str:
        title = (
            f"{self.model_id or 'predictions'} on the {self.part} part: "
            f"{self.images} images of {self.galaxies} galaxies"
        )
        ranked = {
            f"ROC-AUC of the merger answer ({name}: {count})": found
            for name, (count, found) in self.mergers.items()
        }
        numbers = {_SAID[name]: found for name, found in self.metrics.items()} | ranked
        width = max(map(len, numbers)) + 2
        lines = [f"{'metric':<{width}}{'value':>8}   95 % interval"]
        for words, (value, lower, upper) in numbers.items():
            lines.append(f"{words:<{width}}{value:>8.4f}   {lower:.4f} to {upper:.4f}")
        return f"{title}\n\n" + "\n".join(lines) + f"\n\n{self._table()}"

    def _table(self) -> str:
        head = f"{'answer':<12}{'':<36}{'RMSE':>8}{'mean label':>12}{'gain':>8}{'accuracy':>10}"
        lines = [head]
        for row in self.answers.itertuples(index=False):
            words = f"{row.question}: {row.name}"
            numbers = f"{row.rmse:>8.4f}{row.baseline_rmse:>12.4f}{row.gain:>8.1%}"
            lines.append(f"{row.answer:<12}{words:<36}{numbers}{row.accuracy:>10.3f}")
        return "\n".join(lines)


def evaluate_votes(
    truth: ArrayLike,
    predicted: ArrayLike,
    baseline: ArrayLike,
    groups: ArrayLike,
    *,
    is_merger: Mapping[str, NDArray[np.bool_]],
    rng: np.random.Generator,
    part: str = "test",
    model_id: str = "",
) -> VoteReport:
    """Compute every number of the report.

    Parameters
    ----------
    truth, predicted, baseline
        Vote fractions, (image, 37); the baseline's are `mean_labels` of the training part.
    groups
        The galaxy of each image; galaxies are what the bootstrap draws.
    is_merger
        What is taken as a true merger -> which images are, (image,). One that all or none are
        is left out.
    rng
        The random generator of the bootstrap.
    part, model_id
        Names for the report.

    Examples
    --------
    >>> rng = np.random.default_rng(3)
    >>> truth = rng.random((20, 37))
    >>> report = evaluate_votes(truth, truth, 1 - truth, range(20), is_merger={}, rng=rng)
    >>> report.metrics["gain"].value
    1.0
    """
    truth, predicted = as_votes(truth, "truth"), as_votes(predicted, "predicted")
    own, other = per_answer(truth, predicted), per_answer(truth, baseline)
    questions = [question.name for question in QUESTIONS for _ in question.answers]
    table = pd.DataFrame({"answer": ANSWERS, "question": questions, "name": _NAMES})
    gain = np.full(len(ANSWERS), np.nan)
    np.divide(own["rmse"], other["rmse"], out=gain, where=other["rmse"] > 0)
    found = {"rmse": own["rmse"], "baseline_rmse": other["rmse"], "gain": 1 - gain}
    ids = np.asarray(groups)
    ranked = {
        name: (int(which.sum()), merger_ranking(which, predicted[:, MERGER], ids, rng=rng))
        for name, which in is_merger.items()
        if 0 < which.sum() < len(which)
    }
    return VoteReport(
        metrics=intervals(truth, predicted, ids, rng=rng, baseline=baseline),
        mergers=ranked,
        answers=table.assign(**found, **{name: own[name] for name in _OTHERS}),
        galaxies=len(np.unique(ids)),
        images=len(truth),
        part=part,
        model_id=model_id,
    )


_OTHERS = ("mse", "accuracy", "correlation")


def _interval(found: Interval) -> dict[str, float | None]:
    return {key: _plain(value) for key, value in found._asdict().items()}


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    return value
