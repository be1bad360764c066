"""``toomre.reproduce``: a published table with our numbers beside the published ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from toomre.jobs.parallel import in_parallel
from toomre.jobs.provenance import environment
from toomre.jobs.table_data import DataPlan, find_images
from toomre.jobs.table_head import table_head
from toomre.jobs.table_options import ReproduceOptions
from toomre.jobs.table_rows import rows_at_hand
from toomre.jobs.table_runs import TableRun, TableRuns, train_and_test
from toomre.preparation.writing import Progress
from toomre.reproduction.comparison import PUBLISHED_SPLIT, Comparison
from toomre.reproduction.outcome import Outcome
from toomre.reproduction.table import read_table
from toomre.storage import write_json, write_text

__all__ = ["Reproduced", "reproduce"]


@dataclass(frozen=True, eq=False)
class Reproduced:
    """What `reproduce` returns.

    Attributes
    ----------
    comparison
        The numbers.
    markdown, csv, json
        The files that hold them.
    """

    comparison: Comparison
    markdown: Path
    csv: Path
    json: Path


def reproduce(
    table: str,
    out: Path | str = "reproduction",
    *,
    options: ReproduceOptions = ReproduceOptions(),
    progress: Callable[[str], Progress] | None = None,
    finished: Callable[[Outcome], None] | None = None,
) -> Reproduced:
    """Train and test every row of a published table, and compare.

    What is finished is not done again, and what was stopped is gone on with, even after
    ``kill -9``; runs are shared among tables and told apart by all that their weights depend
    on. Of a target no label is looked at but to test.

    Parameters
    ----------
    table
        ``"T1"`` to ``"T8"``: DeepMerge I (T1, and its ranges over seeds T2), DeepMerge II from
        simulation to simulation (T3, T5) and to real images (T4, T6), its confusion matrices
        (T7), and a student reproduction at fixed rates (T8); ``"T10"``: from scratch against
        transfer learning, of which rows are left out whose ImageNet weights are not here.
    out
        The folder for ``T1.md``, ``T1.csv``, ``T1.json``, the runs and the mocks.
    options
        Data, seeds, rows; with `options.paper` each row is trained and tested on the published
        split too.
    progress
        Description of a stage -> what is called with (done, all).
    finished
        Called with each training's numbers.

    Raises
    ------
    ArgumentError
        If the table or a row is unknown, or the images do not fit.
    MissingFileError
        If published images or the target are not there, or of no row the weights that it starts
        from.
    """
    wanted = read_table(table)
    rows, left_out = rows_at_hand(wanted, options.rows)
    folder = Path(out)
    begin = progress or _silent
    plan = DataPlan(
        options.data, options.target, options.galaxies_of, folder / "mocks", options.workers
    )
    sets = {
        name: find_images(wanted, rows, each, begin)
        for name, each in _plans(plan, options.paper).items()
    }
    head = table_head(wanted, rows, sets[""], options, sets.get(PUBLISHED_SPLIT))
    outcomes = []
    for name, images in sets.items():
        runs = TableRuns(wanted, rows, images, folder / "runs", options)
        outcomes += _outcomes(runs, begin(f"training {wanted.name}{name}"), finished)
    compared = Comparison(wanted, rows, tuple(outcomes), head, left_out)
    return _write(folder, compared, options.quick)


def _plans(plan: DataPlan, paper: Path | None) -> dict[str, DataPlan]:
    """Return where the images come from, once or for both ways of splitting them."""
    if paper is None:
        return {"": plan}
    return {
        "": replace(plan, protocol="grouped"),
        PUBLISHED_SPLIT: replace(plan, published=paper, protocol="paper"),
    }


def _outcomes(
    runs: TableRuns, report: Progress, finished: Callable[[Outcome], None] | None
) -> list[Outcome]:
    """Do all trainings, first those that others start from; return the rows' in order."""
    starts, tests = runs.starts(), runs.tests()
    total = sum(task.cost for task in (*starts, *tests))
    done, outcomes = 0, []
    for stage in (starts, tests):
        step = _steps(stage, done, total, report)
        for outcome in in_parallel(train_and_test, stage, runs.options.workers, step):
            outcomes.append(outcome)
            if finished is not None:
                finished(outcome)
        done += sum(task.cost for task in stage)
    places = {row.name: place for place, row in enumerate(runs.rows)}
    own = [outcome for outcome in outcomes if outcome.row in places]
    return sorted(own, key=lambda outcome: (places[outcome.row], outcome.seed))


def _steps(
    stage: Sequence[TableRun], before: int, total: int, report: Progress
) -> Callable[[Sequence[float]], None]:
    """Return what turns the fractions of a stage's trainings into hundredths of all costs."""

    def step(fractions: Sequence[float]) -> None:
        done = sum(task.cost * part for task, part in zip(stage, fractions, strict=True))
        report(round(100 * (before + done)), 100 * total)

    return step


def _write(folder: Path, comparison: Comparison, quick: bool) -> Reproduced:
    name = comparison.table.name + ("-quick" if quick else "")
    markdown, csv, json = (folder / f"{name}.{ending}" for ending in ("md", "csv", "json"))
    write_text(markdown, comparison.to_markdown())
    write_text(csv, comparison.frame.to_csv(index=False, lineterminator="\n"))
    write_json(json, {**comparison.to_dict(), "environment": environment()})
    return Reproduced(comparison, markdown, csv, json)


def _silent(description: str) -> Progress:
    del description
    return lambda done, total: None
