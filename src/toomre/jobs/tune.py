"""``toomre.tune``: search the hyper-parameters of a recipe with Optuna."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from toomre.errors import TrainingError
from toomre.evaluation.plots import save_figure
from toomre.jobs.search_places import changed
from toomre.jobs.train import TrainOptions, train
from toomre.jobs.tune_search import Search
from toomre.output import output_lock
from toomre.packages import import_package
from toomre.preparation.prepared import PreparedSet
from toomre.recipe import Recipe
from toomre.storage import atomic_path
from toomre.training.objectives import Objective
from toomre.training.plots import trials_figure

if TYPE_CHECKING:
    from optuna import Study, Trial

__all__ = ["TuneOptions", "Tuned", "tune"]


@dataclass(frozen=True)
class TuneOptions:
    """How to search.

    Attributes
    ----------
    trials
        Trainings in all, those of earlier calls included.
    objective
        ``"total_loss"``, ``"adversarial"``, or a metric that can choose an epoch, such as
        ``"loss"`` or ``"target_snd"``; such a metric also chooses the epoch of each trial.
    prune
        End trials early that do worse than the median of those before them.
    """

    trials: int = 20
    objective: str = "loss"
    prune: bool = True


@dataclass(frozen=True, eq=False)
class Tuned:
    """What `tune` returns.

    Attributes
    ----------
    trials
        A row a trial: its number, state, objective (`value`), values and run folder.
    best
        The recipe of the best trial.
    value
        Its objective, such as a loss or a ROC-AUC, with its own sign.
    larger_is_better
        Whether a larger value is better.
    folder
        Where ``best.toml``, ``trials.csv``, ``trials.png`` and the runs are.
    """

    trials: pd.DataFrame
    best: Recipe
    value: float
    larger_is_better: bool
    folder: Path


def tune(
    recipe: Recipe | Path | str,
    data: PreparedSet | Path | str,
    out: Path | str,
    *,
    target: PreparedSet | Path | str | None = None,
    start: Path | str | None = None,
    space: Path | str | None = None,
    plan: TuneOptions = TuneOptions(),
    device: str = "auto",
    progress: Callable[[int, int], None] | None = None,
) -> Tuned:
    """Train a recipe with other values again and again, and keep the best (Akiba+ 2019).

    Values are drawn by a tree-structured Parzen estimator. Only training and validation parts
    take part, and no label of a target. A search that was stopped goes on where it was.

    Parameters
    ----------
    recipe, data, target, start, device
        As for `train`.
    out
        Folder of the search; an unfinished or shorter search of the same things is gone on with.
    space
        A file (TOML) that says what may change; by default the published search's space.
    plan
        Number of trials and objective.
    progress
        Called with (trials done, all trials), in hundredths of a trial.

    Raises
    ------
    MissingPackageError
        If Optuna is not installed.
    ArgumentError
        If the objective, the space, the start or the domains do not fit the recipe; nothing is
        made then.
    OutputExistsError
        If the folder holds another search.
    TrainingError
        If no trial came to its end.
    """
    _optuna()
    search = Search.make(
        recipe, data, plan.objective, target=target, start=start, space=space, device=device
    )
    folder = Path(out).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    with output_lock(folder):
        search.claim(folder)
        study = _study(folder, search.objective, plan.prune)
        _train_all(search, folder, study, plan, progress or (lambda done, total: None))
        return _finish(search, folder, study)


def _optuna() -> Any:
    optuna = import_package("optuna", "tune", "A search")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


def _study(folder: Path, objective: Objective, prune: bool) -> Study:
    """Open the study; what was running when a call was killed is put in line again."""
    optuna = _optuna()
    from sqlalchemy.engine import URL

    url = URL.create("sqlite", database=str(folder / "study.sqlite"))
    study: Study = optuna.create_study(
        storage=url.render_as_string(),
        study_name="toomre",
        load_if_exists=True,
        direction="maximize" if objective.larger_is_better else "minimize",
        pruner=optuna.pruners.MedianPruner() if prune else optuna.pruners.NopPruner(),
    )
    state = optuna.trial.TrialState
    for old in study.get_trials(states=(state.RUNNING,)):
        study.tell(old.number, state=state.FAIL)
        study.enqueue_trial(old.params, user_attrs={"goes on with": old.number})
    return study


def _train_all(
    search: Search,
    folder: Path,
    study: Study,
    plan: TuneOptions,
    report: Callable[[int, int], None],
) -> None:
    optuna = _optuna()
    state = optuna.trial.TrialState
    for number in range(len(_ended(study)), plan.trials):
        # Drawn from the number alone, so that a search may be stopped and gone on with.
        seed = int(np.random.SeedSequence((search.recipe.seed, number)).generate_state(1)[0])
        study.sampler = optuna.samplers.TPESampler(seed=seed)
        trial = study.ask()

        def step(done: int, steps: int, number: int = number) -> None:
            report(100 * number + 100 * done // max(1, steps), 100 * plan.trials)

        try:
            study.tell(trial, _value(search, folder, study, trial, step))
        except optuna.TrialPruned:
            study.tell(trial, state=state.PRUNED)
        except TrainingError as error:  # such a rate makes no model
            trial.set_user_attr("error", str(error))
            study.tell(trial, state=state.PRUNED)
    report(100 * plan.trials, 100 * plan.trials)


def _value(
    search: Search,
    folder: Path,
    study: Study,
    trial: Trial,
    progress: Callable[[int, int], None],
) -> float:
    """Train one trial and return its objective at the epoch that is kept."""
    recipe = changed(search.recipe, search.space.suggest(trial))
    run_folder = folder / "trials" / recipe.sha256[:16]
    trial.set_user_attr("run", run_folder.name)
    before = trial.user_attrs.get("goes on with")
    seen = {} if before is None else dict(study.trials[before].intermediate_values)
    for epoch, value in seen.items():
        trial.report(value, epoch)

    def listen(row: dict[str, float]) -> None:
        epoch = int(row["epoch"])
        if epoch not in seen:
            trial.report(search.objective(row), epoch)
        if trial.should_prune():
            raise _optuna().TrialPruned

    try:
        run = train(
            recipe,
            search.prepared,
            run_folder,
            target=search.target,
            start=search.start,
            options=TrainOptions(device=search.device, resume=True),
            progress=progress,
            listeners=[listen],
        )
    except (TrainingError, _optuna().TrialPruned):
        shutil.rmtree(run_folder, ignore_errors=True)
        raise
    kept = run.history[run.history["epoch"] == run.card.training.epoch].iloc[0]
    trial.set_user_attr("epochs", len(run.history))
    trial.set_user_attr("seconds", float(run.history["seconds"].sum()))
    return search.objective({str(name): float(value) for name, value in kept.items()})


def _ended(study: Study) -> list[Any]:
    state = _optuna().trial.TrialState
    return study.get_trials(states=(state.COMPLETE, state.PRUNED))


def _finish(search: Search, folder: Path, study: Study) -> Tuned:
    ended, objective = _ended(study), search.objective
    table = pd.DataFrame([_row(trial, search.space.entries) for trial in ended])
    with atomic_path(folder / "trials.csv") as temporary:
        table.to_csv(temporary, index=False)
    if table["value"].isna().all():
        raise TrainingError(
            f"None of {len(table)} trials came to its end; {folder / 'trials.csv'} says why. "
            "Search lower learning rates."
        )
    larger = objective.larger_is_better
    figure = trials_figure(
        table, list(search.space.entries), objective.name, larger_is_better=larger
    )
    save_figure(figure, folder / "trials.png")
    values = table["value"].to_numpy(np.float64)
    best = table.iloc[int(np.nanargmax(values) if larger else np.nanargmin(values))]
    params = next(trial.params for trial in ended if trial.number == best["trial"])
    recipe = changed(search.recipe, params)
    recipe.write(folder / "best.toml")
    return Tuned(table, recipe, float(best["value"]), larger, folder)


def _row(trial: Any, places: Mapping[str, object]) -> dict[str, object]:
    attributes = trial.user_attrs
    whole = trial.state.name == "COMPLETE"
    return {
        "trial": trial.number,
        "state": trial.state.name.lower(),
        "value": trial.value if whole else float("nan"),
        **{place: trial.params.get(place) for place in places},
        **{name: attributes.get(name) for name in ("epochs", "seconds", "run", "error")},
    }
