"""The evaluation of a model on one part of a data set: every number, for people and as JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from toomre.errors import ArgumentError
from toomre.evaluation.baselines import lookup_baseline, majority_baseline
from toomre.evaluation.bootstrap import Interval, bootstrap
from toomre.evaluation.metrics import confusion_matrix

__all__ = ["Evaluation", "evaluate_scores"]

#: Metrics of the uncalibrated score, shown beside those of the calibrated one.
_RAW = ("brier_score", "expected_calibration_error")
_FEW_GALAXIES = 30
_UNCALIBRATED = 0.10


@dataclass(frozen=True)
class Evaluation:
    """What a model reaches on one part of a data set.

    Attributes
    ----------
    metrics
        Name -> value with its 95 % interval. Names that end in ``_raw`` belong to the score
        before calibration.
    confusion
        Counts: a row a truth, a column an answer, nonmerger first.
    baselines
        What answers without the images reach: ``"majority"`` and ``"lookup"``.
    threshold
        A score of at least this means merger.
    n_images, n_galaxies, n_mergers
        Images, galaxies and merger images with a score and a label.
    part
        Part of the data set, such as ``"test"``.
    model_id
        Which model.
    warnings
        What a reader should know before using the numbers.
    """

    metrics: dict[str, Interval]
    confusion: tuple[tuple[int, int], tuple[int, int]]
    baselines: dict[str, dict[str, float]]
    threshold: float
    n_images: int
    n_galaxies: int
    n_mergers: int
    part: str = "test"
    model_id: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def confusion_rates(self) -> tuple[tuple[Interval, Interval], tuple[Interval, Interval]]:
        """The confusion matrix as fractions of each true class, with 95 % intervals."""
        specificity, completeness = self.metrics["specificity"], self.metrics["completeness"]
        return (specificity, _rest(specificity)), (_rest(completeness), completeness)

    def to_dict(self) -> dict[str, Any]:
        """Return plain dicts, lists and numbers for JSON, with None for NaN."""
        return {
            "model_id": self.model_id,
            "part": self.part,
            "threshold": self.threshold,
            "n_images": self.n_images,
            "n_galaxies": self.n_galaxies,
            "n_mergers": self.n_mergers,
            "metrics": {name: _json_interval(one) for name, one in self.metrics.items()},
            "confusion": [list(row) for row in self.confusion],
            "confusion_rates": [
                [_json_interval(rate) for rate in row] for row in self.confusion_rates
            ],
            "baselines": {
                name: {key: _json_number(value) for key, value in numbers.items()}
                for name, numbers in self.baselines.items()
            },
            "warnings": list(self.warnings),
        }

    def __str__(self) -> str:
        blocks = [self._title(), self._metric_table(), self._confusion_table()]
        if self.baselines:
            blocks.append(self._baseline_table())
        if self.warnings:
            blocks.append("\n".join(["Warnings", *(f"  - {text}" for text in self.warnings)]))
        return "\n\n".join(blocks)

    def _title(self) -> str:
        return (
            f"{self.model_id or 'scores'} on the {self.part} part: {self.n_images} images of "
            f"{self.n_galaxies} galaxies, {self.n_mergers} images of mergers; "
            f"threshold {self.threshold:.3f}"
        )

    def _metric_table(self) -> str:
        width = max((len(_words(name)) for name in self.metrics), default=6) + 2
        rows = [f"{'metric':<{width}}{'value':>7}   95 % interval"]
        for name, (value, lower, upper) in self.metrics.items():
            ends = f"{_number(lower)} to {_number(upper)}"
            rows.append(f"{_words(name):<{width}}{_number(value):>7}   {ends}")
        return "\n".join(rows)

    def _confusion_table(self) -> str:
        rows = [f"{'truth':<12}{'called nonmerger':>30}{'called merger':>30}"]
        names = ("nonmerger", "merger")
        for name, counts, rates in zip(names, self.confusion, self.confusion_rates, strict=True):
            cells = "".join(
                f"{f'{count}: {rate}':>30}" for count, rate in zip(counts, rates, strict=True)
            )
            rows.append(f"{name:<12}{cells}")
        return "\n".join(rows)

    def _baseline_table(self) -> str:
        names = list(dict.fromkeys(key for row in self.baselines.values() for key in row))
        widths = [max(len(_words(name)), 6) + 2 for name in names]
        head = "".join(f"{_words(n):>{w}}" for n, w in zip(names, widths, strict=True))
        rows = [f"{'baseline':<10}{head}"]
        for baseline, numbers in self.baselines.items():
            cells = (_number(numbers[name]) if name in numbers else "" for name in names)
            line = "".join(f"{c:>{w}}" for c, w in zip(cells, widths, strict=True))
            rows.append(f"{baseline:<10}{line}")
        return "\n".join(row.rstrip() for row in rows)


def evaluate_scores(
    scores: pd.DataFrame,
    *,
    threshold: float,
    rng: np.random.Generator,
    train: pd.DataFrame | None = None,
    part: str = "test",
    model_id: str = "",
    resamples: int = 1000,
) -> Evaluation:
    """Compute every number of an evaluation from a table of scores.

    Parameters
    ----------
    scores
        One row an image: `galaxy_id`, `label` (1 merger, 0 nonmerger), `p_merger`; if they are
        there, `group` is what the bootstrap draws (else `galaxy_id`), and `p_merger_raw` is
        judged beside `p_merger`. Rows without a label or a score are left out, with a warning.
    threshold
        A score of at least this means merger.
    rng
        The random generator of the bootstrap.
    train
        `galaxy_id` and `label` of the training part, for the baselines; None: no baselines.
    part, model_id
        Names for the report.
    resamples
        Number of bootstrap resamples.

    Raises
    ------
    ArgumentError
        If a column is missing or a value is not allowed.

    Examples
    --------
    >>> rng = np.random.default_rng(3)
    >>> label = rng.integers(0, 2, 200)
    >>> p_merger = np.clip(0.3 + 0.4 * label + rng.normal(0, 0.2, 200), 0, 1)
    >>> table = pd.DataFrame({"galaxy_id": range(200), "label": label, "p_merger": p_merger})
    >>> print(evaluate_scores(table, threshold=0.5, rng=rng))
    scores on the test part: 200 images of 200 galaxies, ... images of mergers; threshold 0.500
    <BLANKLINE>
    metric                        value   95 % interval
    accuracy                      0...
    """
    _need_columns("scores", scores, ("galaxy_id", "label", "p_merger"))
    kept = scores[scores["label"].notna() & scores["p_merger"].notna()]
    label = kept["label"].to_numpy(dtype=np.float64)
    score = kept["p_merger"].to_numpy(dtype=np.float64)
    group = kept["group" if "group" in kept else "galaxy_id"].to_numpy()
    metrics = bootstrap(label, score, group, threshold=threshold, rng=rng, resamples=resamples)
    if "p_merger_raw" in kept:
        raw = kept["p_merger_raw"].to_numpy(dtype=np.float64)
        judged = bootstrap(
            label, raw, group, threshold=threshold, rng=rng, resamples=resamples, metrics=_RAW
        )
        metrics |= {f"{name}_raw": interval for name, interval in judged.items()}
    baselines = {} if train is None else _baselines(train, kept)
    (tn, fp), (fn, tp) = confusion_matrix(label, score, threshold).tolist()
    return Evaluation(
        metrics=metrics,
        confusion=((tn, fp), (fn, tp)),
        baselines=baselines,
        threshold=float(threshold),
        n_images=len(kept),
        n_galaxies=int(kept["galaxy_id"].nunique()),
        n_mergers=int(label.sum()),
        part=part,
        model_id=model_id,
        warnings=tuple(_warnings(scores, kept, metrics, baselines)),
    )


def _baselines(train: pd.DataFrame, test: pd.DataFrame) -> dict[str, dict[str, float]]:
    _need_columns("train", train, ("galaxy_id", "label"))
    known = train[train["label"].notna()]
    train_label, test_label = (table["label"].to_numpy(dtype=float) for table in (known, test))
    return {
        "majority": majority_baseline(train_label, test_label),
        "lookup": lookup_baseline(
            known["galaxy_id"].to_numpy(), train_label, test["galaxy_id"].to_numpy(), test_label
        ),
    }


def _warnings(
    scores: pd.DataFrame,
    kept: pd.DataFrame,
    metrics: Mapping[str, Interval],
    baselines: Mapping[str, Mapping[str, float]],
) -> list[str]:
    found = []
    unlabelled = int(scores["label"].isna().sum())
    unscored = len(scores) - len(kept) - unlabelled
    if unlabelled:
        found.append(f"{unlabelled} images have no label and are left out.")
    if unscored:
        found.append(f"{unscored} images have no score (bad inputs) and are left out.")
    for name, value in (("mergers", 1), ("nonmergers", 0)):
        number = int(kept.loc[kept["label"] == value, "galaxy_id"].nunique())
        if number == 0:
            found.append(f"There are no {name}: metrics that need both classes are undefined.")
        elif number < _FEW_GALAXIES:
            found.append(f"There are only {number} {name}: the intervals are rough.")
    error = metrics["expected_calibration_error"].value
    if error > _UNCALIBRATED:
        found.append(
            f"poorly calibrated: the expected calibration error is {error:.3f}, above "
            f"{_UNCALIBRATED:.3f}; do not read p_merger as a probability here."
        )
    seen = baselines.get("lookup", {}).get("seen", 0.0)
    if seen > 0:
        found.append(
            f"leak: {seen:.1%} of the images show a galaxy that the model was trained on; "
            "split by galaxy and train again."
        )
    if metrics["accuracy"].value <= baselines.get("majority", {}).get("accuracy", -1.0):
        found.append("The accuracy does not exceed that of always giving the commoner class.")
    return found


def _need_columns(name: str, table: pd.DataFrame, columns: tuple[str, ...]) -> None:
    missing = [column for column in columns if column not in table]
    if missing:
        raise ArgumentError.expected(
            name, f"a table with the columns {', '.join(columns)}", list(table.columns)
        )


def _rest(share: Interval) -> Interval:
    return Interval(1 - share.value, 1 - share.upper, 1 - share.lower)


def _json_interval(interval: Interval) -> dict[str, float | None]:
    return {key: _json_number(value) for key, value in interval._asdict().items()}


def _json_number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _number(value: float) -> str:
    return f"{value:.3f}" if math.isfinite(value) else "-"


def _words(name: str) -> str:
    if name.endswith("_raw"):
        return f"{_words(name.removesuffix('_raw'))}, not calibrated"
    special = {
        "roc_auc": "ROC-AUC",
        "f1": "F1",
        "brier_score": "Brier score",
        "seen": "seen in training",
    }
    return special.get(name, name.replace("_", " "))
