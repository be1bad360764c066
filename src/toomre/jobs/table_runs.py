"""The trainings of a published table: which there are, and how one is trained and tested."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from toomre.jobs.evaluate import evaluate
from toomre.jobs.parallel import Report
from toomre.jobs.run import Run
from toomre.jobs.table_changes import changes_of
from toomre.jobs.table_options import ReproduceOptions
from toomre.jobs.train import TrainOptions, train
from toomre.losses.tables import needs_target
from toomre.preparation.prepared import PreparedSet
from toomre.recipe import Recipe
from toomre.recipes.shipped import open_recipe
from toomre.reproduction.outcome import Judged, Outcome, measure
from toomre.reproduction.table import Row, Start, Table, changed
from toomre.storage import sha256_bytes

__all__ = ["TableRun", "TableRuns", "train_and_test"]


@dataclass(frozen=True)
class TableRun:
    """One training.

    Attributes
    ----------
    row
        Name of the table's row.
    recipe
        With the seed.
    source, target
        Prepared sets; the target's labels are not looked at.
    start
        The run that it starts from, or None.
    folder
        Where the run is.
    tests
        Name of images -> prepared set to test on.
    device
        Where to compute.
    """

    row: str
    recipe: Recipe
    source: Path
    target: Path | None
    start: Path | None
    folder: Path
    tests: Mapping[str, Path]
    device: str

    @property
    def cost(self) -> int:
        """About how long it takes: its epochs, for each domain that is seen."""
        return self.recipe.epochs * (2 if _sees_target(self.recipe) else 1)


@dataclass(frozen=True, eq=False)
class TableRuns:
    """All trainings of some rows.

    Attributes
    ----------
    table, rows
        What is wanted.
    images
        Name -> prepared set.
    root
        The folder of the runs.
    options
        Seeds, epochs, device.
    """

    table: Table
    rows: tuple[Row, ...]
    images: Mapping[str, PreparedSet]
    root: Path
    options: ReproduceOptions

    def starts(self) -> list[TableRun]:
        """Return the trainings that others start from."""
        names = dict.fromkeys(row.start for row in self.rows if row.start)
        return [self._start(name, seed) for name in names for seed in self.options.seed_numbers]

    def tests(self) -> list[TableRun]:
        """Return the trainings of the rows; all rows have a seed before there is another."""
        return [self._row(row, seed) for seed in self.options.seed_numbers for row in self.rows]

    def _row(self, row: Row, seed: int) -> TableRun:
        start = self._start(row.start, seed).folder if row.start else None
        tests = {name: self.images[name].folder for name in row.tests}
        recipe = self._recipe(row, seed)
        return self._run(row.name, recipe, (row.source, row.target), start, tests)

    def _start(self, name: str, seed: int) -> TableRun:
        plan = self.table.starts[name]
        recipe = self._recipe(plan, seed)
        return self._run(f"start {name}", recipe, (plan.source, plan.target), None, {})

    def _recipe(self, training: Row | Start, seed: int) -> Recipe:
        changes = changes_of(training, self.table, self.images, self.options)
        return changed(open_recipe(training.recipe), changes, {"seed": seed})

    def _run(
        self,
        row: str,
        recipe: Recipe,
        names: tuple[str, str],
        start: Path | None,
        tests: Mapping[str, Path],
    ) -> TableRun:
        source, target = self.images[names[0]], self.images.get(names[1])
        # The folder's name tells all that the weights depend on.
        given = [recipe.sha256, source.info.sha256]
        given += ["" if target is None else target.info.sha256, "" if start is None else start.name]
        key = sha256_bytes(" ".join(given).encode())[:8]
        return TableRun(
            row=row,
            recipe=recipe,
            source=source.folder,
            target=None if target is None else target.folder,
            start=start,
            folder=self.root / f"{recipe.name}-seed-{recipe.seed}-{key}",
            tests=tests,
            device=self.options.device,
        )


def train_and_test(task: TableRun, report: Report) -> Outcome:
    """Train what is missing, go on with what was stopped, and test.

    Tests that were made before are read again.
    """
    run = train(
        task.recipe,
        task.source,
        task.folder,
        target=task.target,
        start=task.start,
        options=TrainOptions(device=task.device, resume=True),
        progress=lambda done, total: report(0.98 * done / max(1, total)),
    )
    training = run.card.training
    return Outcome(
        row=task.row,
        recipe=task.recipe.name,
        seed=task.recipe.seed,
        model_id=run.card.model_id,
        protocol=PreparedSet.open(task.source).info.protocol,
        epochs=len(run.history),
        best_epoch=training.epoch,
        seconds_per_epoch=float(run.history["seconds"].mean()),
        cpu_seconds_per_epoch=_cpu_seconds(run.history),
        images=training.images,
        target_images=_target_images(run),
        warnings=training.warnings,
        tests={name: _tested(run, folder, task) for name, folder in task.tests.items()},
    )


def _sees_target(recipe: Recipe) -> bool:
    return any(needs_target(term.name) for term in recipe.loss)


def _cpu_seconds(history: pd.DataFrame) -> float | None:
    """Return the mean over the epochs that have it; histories of older versions do not."""
    known = history["cpu_seconds"].dropna() if "cpu_seconds" in history else ()
    return float(np.mean(known)) if len(known) else None


def _target_images(run: Run) -> int:
    """Return how many target images the losses saw; for a source-only training none."""
    target = run.card.training.target
    return target.images if target is not None and _sees_target(run.recipe) else 0


def _tested(run: Run, folder: Path, task: TableRun) -> Judged:
    prepared = PreparedSet.open(folder)
    out = task.folder / "tests" / prepared.info.sha256[:12]
    if not (out / "metrics.json").is_file():
        evaluate(run, prepared, out=out, device=task.device, figures=False)
    return measure(pd.read_parquet(out / "scores.parquet"))
