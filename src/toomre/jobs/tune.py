"""``toomre.tune``: search the hyper-parameters of a recipe with Optuna."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from toomre.errors import ArgumentError, TrainingError
from toomre.evaluation.plots import save_figure
from toomre.jobs.domains import start_sha256
from toomre.jobs.provenance import check_identity, environment
from toomre.jobs.search_places import changed, in_effect
from toomre.jobs.search_space import SearchSpace, default_space, read_space
from toomre.jobs.train import TrainOptions, train
from toomre.output import output_lock
from toomre.packages import import_package
from toomre.preparation.prepared import PreparedSet
from toomre.recipe import Recipe
from toomre.recipes.shipped import open_recipe
from toomre.storage import atomic_path, write_json
from toomre.training.objectives import Objective, find_objective
from toomre.training.plots import trials_figure
from toomre.training.selection import DIRECTIONS

if TYPE_CHECKING:
    from optuna import Study, Trial

__all__ = ["TuneOptions", "Tuned", "tune"]

_RECORD = "tune.json"


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
        A row a trial: its number, state, objective (smaller is better), values and run folder.
    best
        The recipe of the best trial.
    value
        Its objective.
    folder
        Where ``best.toml``, ``trials.csv``, ``trials.png`` and the runs are.
    """

    trials: pd.DataFrame
    best: Recipe
    value: float
    folder: Path


@dataclass(frozen=True, eq=False)
class _Search:
    recipe: Recipe
    prepared: PreparedSet
    target: PreparedSet | None
    start: Path | str | None
    space: SearchSpace
    objective: Objective
    folder: Path
    options: TrainOptions


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
    OutputExistsError
        If the folder holds another search.
    TrainingError
        If no trial came to its end.
    """
    _optuna()
    recipe = open_recipe(recipe)
    objective = find_objective(plan.objective)
    if plan.objective in DIRECTIONS:
        places = [f"{place}.metric" for place in in_effect(recipe, "selection")]
        recipe = changed(recipe, dict.fromkeys(places, plan.objective))
    wanted = default_space(recipe) if space is None else read_space(space)
    wanted.check(recipe)
    folder = Path(out).resolve()
    options = TrainOptions(device=device, resume=True)
    opened = None if target is None else PreparedSet.of(target)
    search = _Search(
        recipe, PreparedSet.of(data), opened, start, wanted, objective, folder, options
    )
    folder.mkdir(parents=True, exist_ok=True)
    with output_lock(folder):
        _claim(search, plan)
        study = _study(folder, plan)
        _train_all(search, study, plan, progress or (lambda done, total: None))
        return _finish(search, study, plan)


def _optuna() -> Any:
    optuna = import_package("optuna", "tune", "A search")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


def _claim(search: _Search, plan: TuneOptions) -> None:
    identity = {
        "recipe_sha256": search.recipe.sha256,
        "dataset_sha256": search.prepared.info.sha256,
        "target_images_sha256": None if search.target is None else search.target.info.images_sha256,
        "start_sha256": start_sha256(search.start),
        "space_sha256": search.space.sha256,
        "objective": plan.objective,
    }
    path = search.folder / _RECORD
    if path.exists():
        check_identity(path, identity)
        return
    if any(not name.name.startswith(".") for name in search.folder.iterdir()):
        raise ArgumentError(f"{search.folder} is not empty, and it is no search. Give another.")
    write_json(path, {**environment(), **identity})
    search.recipe.write(search.folder / "recipe.toml")


def _study(folder: Path, plan: TuneOptions) -> Study:
    """Open the study; what was running when a call was killed is put in line again."""
    optuna = _optuna()
    from sqlalchemy.engine import URL

    url = URL.create("sqlite", database=str(folder / "study.sqlite"))
    study: Study = optuna.create_study(
        storage=url.render_as_string(),
        study_name="toomre",
        load_if_exists=True,
        direction="minimize",
        pruner=optuna.pruners.MedianPruner() if plan.prune else optuna.pruners.NopPruner(),
    )
    state = optuna.trial.TrialState
    for old in study.get_trials(states=(state.RUNNING,)):
        study.tell(old.number, state=state.FAIL)
        study.enqueue_trial(old.params, user_attrs={"goes on with": old.number})
    return study


def _train_all(
    search: _Search,
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
            study.tell(trial, _value(search, study, trial, step))
        except optuna.TrialPruned:
            study.tell(trial, state=state.PRUNED)
        except TrainingError as error:  # such a rate makes no model
            trial.set_user_attr("error", str(error))
            study.tell(trial, state=state.PRUNED)
    report(100 * plan.trials, 100 * plan.trials)


def _value(
    search: _Search, study: Study, trial: Trial, progress: Callable[[int, int], None]
) -> float:
    """Train one trial and return its objective at the epoch that is kept."""
    recipe = changed(search.recipe, search.space.suggest(trial))
    run_folder = search.folder / "trials" / recipe.sha256[:16]
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
            options=search.options,
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


def _finish(search: _Search, study: Study, plan: TuneOptions) -> Tuned:
    ended = _ended(study)
    table = pd.DataFrame([_row(trial, search.space.entries) for trial in ended])
    with atomic_path(search.folder / "trials.csv") as temporary:
        table.to_csv(temporary, index=False)
    if table["value"].isna().all():
        raise TrainingError(
            f"None of {len(table)} trials came to its end; {search.folder / 'trials.csv'} says "
            "why. Search lower learning rates."
        )
    places = list(search.space.entries)
    save_figure(trials_figure(table, places, plan.objective), search.folder / "trials.png")
    best = table.iloc[int(np.nanargmin(table["value"].to_numpy(np.float64)))]
    params = next(trial.params for trial in ended if trial.number == best["trial"])
    recipe = changed(search.recipe, params)
    recipe.write(search.folder / "best.toml")
    return Tuned(table, recipe, float(best["value"]), search.folder)


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
