"""``toomre.crossvalidate``: every galaxy tested once, by a model that never saw it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from toomre.errors import ArgumentError
from toomre.evaluation.report import Evaluation, evaluate_scores
from toomre.jobs.evaluate import evaluate, write_figures
from toomre.jobs.provenance import check_identity, environment
from toomre.jobs.train import TrainOptions, train
from toomre.output import output_lock
from toomre.preparation.prepared import PreparedSet
from toomre.preparation.split import Split, fold_splits
from toomre.recipe import Recipe
from toomre.recipes.shipped import open_recipe
from toomre.storage import atomic_path, write_json

__all__ = ["CrossValidated", "FoldOptions", "crossvalidate", "pooled", "splits_of"]

# Metrics of the answers, which need a threshold; the others judge the scores.
DECISION_METRICS = (
    "accuracy",
    "balanced_accuracy",
    "purity",
    "completeness",
    "specificity",
    "f1",
)


@dataclass(frozen=True)
class FoldOptions:
    """How to divide and repeat.

    Attributes
    ----------
    folds
        Parts of the galaxies; each is the test part once.
    seeds
        Trainings of each fold, with the recipe's seed and those after it.
    """

    folds: int = 5
    seeds: int = 1


@dataclass(frozen=True, eq=False)
class CrossValidated:
    """What `crossvalidate` returns.

    Attributes
    ----------
    evaluations
        One for each seed, over all galaxies; intervals are bootstrapped over galaxies.
    runs
        One row for each training: seed, fold and its metrics.
    summary
        Metric -> (mean, standard deviation over the seeds of the pooled value; NaN for one).
    folder
        Where ``metrics.json``, ``runs.csv``, ``scores.parquet`` and the figures of the first
        seed are.
    """

    evaluations: list[Evaluation]
    runs: pd.DataFrame
    summary: dict[str, tuple[float, float]]
    folder: Path


def crossvalidate(
    recipe: Recipe | Path | str,
    data: PreparedSet | Path | str,
    out: Path | str,
    *,
    plan: FoldOptions = FoldOptions(),
    options: TrainOptions = TrainOptions(resume=True),
    progress: Callable[[int, int], None] | None = None,
    listeners: Sequence[Callable[[dict[str, float]], None]] = (),
) -> CrossValidated:
    """Train and test a recipe once a fold and seed; go on where an earlier call stopped.

    The folds are drawn from the data set's seed, whole galaxies together, and are the same for
    every recipe. The test parts' scores are pooled: each galaxy counts once a seed, and its
    threshold and calibration come from its own fold's validation part.

    Parameters
    ----------
    recipe, data, out
        As for `train`; the folder gets one run a fold and seed.
    plan
        Number of folds and of seeds.
    options
        As for `train`.
    progress
        Called with (trainings done, all trainings), in hundredths of a training.
    listeners
        Called with each epoch's row of the history.
    """
    recipe = open_recipe(recipe)
    prepared = PreparedSet.of(data)
    splits = splits_of(prepared, plan.folds)  # before the folder is claimed, for it may refuse
    report = progress or (lambda done, total: None)
    folder = Path(out).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    with output_lock(folder):
        _claim(folder, recipe, prepared, plan)
        scores, runs = _train_all(
            recipe, prepared, splits, folder, plan, options, report, listeners
        )
        return _finish(folder, recipe, scores, runs)


def splits_of(prepared: PreparedSet, folds: int) -> list[Split]:
    """Divide the galaxies from the data set's seed, or say why that many folds cannot be."""
    table = prepared.own_split().table
    labels = prepared.catalog["label"]
    rarer = min(table["group"][labels == value].nunique() for value in (0, 1))
    if not 2 <= folds <= rarer:
        allowed = f"from 2 to the {rarer} groups of galaxies of the rarer class"
        raise ArgumentError.expected("folds", allowed, folds)
    return fold_splits(
        table["image_id"].tolist(),
        table["group"].to_numpy(),
        labels,
        (table["part"] != "").to_numpy(),
        folds=folds,
        rng=np.random.default_rng(prepared.info.seed),
    )


def _train_all(
    recipe: Recipe,
    prepared: PreparedSet,
    splits: list[Split],
    folder: Path,
    plan: FoldOptions,
    options: TrainOptions,
    report: Callable[[int, int], None],
    listeners: Sequence[Callable[[dict[str, float]], None]],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Train and test what is not finished; return all scores, and a row for each training."""
    total = plan.folds * plan.seeds
    rows, pooled = [], []
    for number in range(total):
        extra, fold = divmod(number, plan.folds)
        seed = recipe.seed + extra

        def step(done: int, steps: int, number: int = number) -> None:
            report(100 * number + 100 * done // max(1, steps), 100 * total)

        run = train(
            recipe.replaced(seed=seed),
            prepared,
            folder / f"seed-{seed}-fold-{fold}",
            split=splits[fold],
            options=options,
            progress=step,
            listeners=listeners,
        )
        tested = evaluate(run, prepared, device=options.device, figures=False)
        values = {name: interval.value for name, interval in tested.evaluation.metrics.items()}
        rows.append({"seed": seed, "fold": fold, **values})
        pooled.append(tested.scores.assign(seed=seed, fold=fold, threshold=run.card.threshold))
    return pd.concat(pooled, ignore_index=True), pd.DataFrame(rows)


def _claim(folder: Path, recipe: Recipe, prepared: PreparedSet, plan: FoldOptions) -> None:
    identity = {
        "recipe_sha256": recipe.sha256,
        "dataset_sha256": prepared.info.sha256,
        "folds": plan.folds,
    }
    path = folder / "crossvalidation.json"
    if path.exists():
        check_identity(path, identity)
        return
    write_json(path, {**environment(), **identity})
    recipe.write(folder / "recipe.toml")


def _finish(
    folder: Path, recipe: Recipe, scores: pd.DataFrame, runs: pd.DataFrame
) -> CrossValidated:
    evaluations = [
        pooled(own, f"{recipe.name}, seed {seed}") for seed, own in scores.groupby("seed")
    ]
    first = scores[scores["seed"] == scores["seed"].iloc[0]]
    write_figures(folder / "figures", evaluations[0], first)
    names = evaluations[0].metrics
    summary = {}
    for name in names:
        values = np.array([evaluation.metrics[name].value for evaluation in evaluations])
        spread = float(values.std(ddof=1)) if len(values) > 1 else float("nan")
        summary[name] = (float(values.mean()), spread)
    with atomic_path(folder / "scores.parquet") as temporary:
        scores.to_parquet(temporary, index=False)
    with atomic_path(folder / "runs.csv") as temporary:
        runs.to_csv(temporary, index=False)
    write_json(
        folder / "metrics.json",
        {
            "recipe": recipe.name,
            "seeds": [evaluation.to_dict() for evaluation in evaluations],
            "summary": {
                name: {"mean": mean, "std": None if np.isnan(std) else std}
                for name, (mean, std) in summary.items()
            },
        },
    )
    return CrossValidated(evaluations, runs, summary, folder)


def pooled(scores: pd.DataFrame, name: str) -> Evaluation:
    """Judge the scores of all folds; each fold's answers come from its own threshold."""

    def judge(table: pd.DataFrame, threshold: float) -> Evaluation:
        rng = np.random.default_rng(3)
        return evaluate_scores(
            table, threshold=threshold, rng=rng, part="cross-validated", model_id=name
        )

    whole = judge(scores, float(scores["threshold"].mean()))
    answers = judge(scores.assign(p_merger=scores["is_merger"].astype(float)), 0.5)
    metrics = {
        key: answers.metrics[key] if key in DECISION_METRICS else interval
        for key, interval in whole.metrics.items()
    }
    return replace(whole, metrics=metrics, confusion=answers.confusion)
