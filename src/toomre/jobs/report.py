"""``toomre.report``: runs side by side, with all that is known of them, on one page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import toomre
from toomre.errors import ArgumentError
from toomre.evaluation.page import Block, Notes, Page, Section
from toomre.jobs.provenance import command_line, environment, now
from toomre.jobs.report_album import Album
from toomre.jobs.report_figures import (
    answer_figures,
    calibration_figures,
    comparison_figures,
    failure_figures,
    history_figures,
)
from toomre.jobs.report_folders import AUDIT, Folders, result_blocks, sort_folders
from toomre.jobs.report_judgement import Judgement, is_evaluation
from toomre.jobs.report_results import RESULTS
from toomre.jobs.report_runs import DOMAINS, Group, group_runs, read_runs
from toomre.jobs.report_tables import cell, names_only, provenance, published, summary
from toomre.jobs.report_warnings import run_warnings
from toomre.output import output_folder
from toomre.storage import read_json, write_json

__all__ = ["Report", "report"]

_FILES = ("figures", "report.html", "report.json")
_NO_AUDIT = (
    "No leak audit was given. Make one with toomre audit SET --json > DIR/audit.json, and give "
    "DIR with --with."
)
# More groups than this have no sentence each at the head of the page.
_FEW = 4


@dataclass(frozen=True, eq=False)
class Report:
    """What `report` returns.

    Attributes
    ----------
    page
        The page, complete by itself.
    figures
        The PNG files; the PDF of the same name is beside each.
    warnings
        What a reader must know before using the numbers.
    folder
        Where everything is.
    """

    page: Path
    figures: tuple[Path, ...]
    warnings: tuple[str, ...]
    folder: Path


def report(
    runs: Sequence[Path | str],
    out: Path | str,
    *,
    also: Sequence[Path | str] = (),
    fraction: float = 0.1,
    overwrite: bool = False,
) -> Report:
    """Put runs side by side on one page, from what their folders hold.

    Nothing is trained or scored; `toomre.jobs.evidence.gather_evidence` makes what is missing.
    Runs that differ by their seeds alone are put together; the figures of single answers are of
    the first of them.

    Parameters
    ----------
    runs
        Folders of runs that have been evaluated.
    out
        The folder to make.
    also
        Folders of other results of these runs: evaluations elsewhere, and what `toomre.explain`,
        `toomre.embed`, `toomre.bias`, `toomre.fraction`, `toomre.forest`, `toomre.lr_scan` and
        `toomre.compare` made; an ``audit.json`` may lie in any of them.
    fraction
        The true fraction of mergers at which purity is drawn.
    overwrite
        Replace an earlier report.

    Raises
    ------
    MissingFileError
        If a run is not finished, or has not been evaluated.
    ArgumentError
        If a folder is of no known kind or of none of the runs.
    OutputExistsError
        If the folder is there already.
    """
    if not 0 < fraction < 1:
        raise ArgumentError.expected("fraction", "a number between 0 and 1", fraction)
    folders = sort_folders([Path(folder) for folder in also])
    groups = group_runs(read_runs([Path(folder) for folder in runs], folders.evaluations))
    forests = {folder.resolve().name: _forest(folder) for folder in folders.forests}
    leaks, audits = _audits(folders.audits)
    warnings = [*leaks, *run_warnings(groups)]
    done = Path(out).resolve()
    with output_folder(done, _FILES, overwrite=overwrite) as folder:
        album = Album(folder / "figures")
        sections = [
            Section("In short", _short(album, groups, forests, warnings)),
            *_sections(album, groups, folders, fraction),
            Section("How it was made", [Notes(audits), *provenance(groups)]),
        ]
        Page(
            title="Report: " + ", ".join(group.name for group in groups),
            lead=_lead(groups, warnings),
            sections=[section for section in sections if section.blocks],
            foot=f"Made by toomre {toomre.__version__} on {now()}: {names_only(command_line())}",
        ).write(folder / "report.html")
        write_json(folder / "report.json", _record(groups, forests, warnings, album))
    figures = tuple(done / "figures" / f"{name}.png" for name in album.names)
    return Report(done / "report.html", figures, tuple(warnings), done)


def _short(
    album: Album,
    groups: Sequence[Group],
    forests: Mapping[str, Mapping[str, Judgement]],
    warnings: Sequence[str],
) -> list[Block]:
    table = summary(groups, forests)
    return [Notes(warnings, warning=True), table, *comparison_figures(album, groups)]


def _sections(
    album: Album, groups: Sequence[Group], folders: Folders, fraction: float
) -> list[Section]:
    """Return what stands between the summary and how it was made, some of them empty."""
    numbered = list(enumerate(groups, 1))
    answers = [p for number, group in numbered for p in answer_figures(album, number, group)]
    use = [p for n, group in numbered for p in calibration_figures(album, n, group, fraction)]
    failures = [p for number, group in numbered for p in failure_figures(album, number, group)]
    found = [
        Section("Beside published numbers", published(groups)),
        Section("Right and wrong answers", answers),
        Section("Can the number be used", use),
        Section("Where it fails: by mass and shape", failures),
    ]
    for mark, kind in RESULTS.items():
        blocks = [
            block
            for number, each in enumerate(folders.results.get(mark, ()), 1)
            for block in result_blocks(album, mark, each, number)
        ]
        found.append(Section(kind.title, blocks))
    return [*found, Section("Training", list(history_figures(album, groups)))]


def _lead(groups: Sequence[Group], warnings: Sequence[str]) -> str:
    runs = sum(len(group.runs) for group in groups)
    lead = f"{_count(runs, 'run')} of {_count(len(groups), 'recipe')}."
    if len(groups) <= _FEW:
        for group in groups:
            found = {domain: group.metrics(domain).get("roc_auc") for domain in DOMAINS}
            parts = [f"{cell(auc)} on the {domain}" for domain, auc in found.items() if auc]
            lead += f" {group.name}: ROC-AUC {', '.join(parts)}."
    number = _count(len(warnings), "warning")
    return f"{lead} {number}, in the first section." if warnings else f"{lead} No warnings."


def _count(number: int, name: str) -> str:
    return f"{number} {name}{'' if number == 1 else 's'}"


def _forest(folder: Path) -> dict[str, Judgement]:
    places = {"source": folder, "target": folder / "target"}
    return {name: Judgement.read(place) for name, place in places.items() if is_evaluation(place)}


def _audits(folders: Sequence[Path]) -> tuple[list[str], list[str]]:
    """Return warnings of leaks, and a sentence for each audit."""
    leaks, said = [], []
    for folder in folders:
        found = read_json(folder / AUDIT)
        pairs = f"{found['exact_pairs']} exact and {found['near_pairs']} near copies"
        text = f"{pairs} in {found['images']} images ({folder.resolve().name})"
        said.append(f"Leak audit {'passed' if found['passed'] else 'FAILED'}: {text}.")
        if not found["passed"]:
            leaks.append(f"Leak audit: the parts share galaxies or images: {text}.")
    return leaks, said or [_NO_AUDIT]


def _record(
    groups: Sequence[Group],
    forests: Mapping[str, Mapping[str, Judgement]],
    warnings: Sequence[str],
    album: Album,
) -> dict[str, Any]:
    table = summary(groups, forests)
    return {
        **environment(),
        "command": names_only(command_line()),
        "runs": [one.run.card.model_id for group in groups for one in group.runs],
        "columns": list(table.columns),
        "summary": [list(row) for row in table.rows],
        "warnings": list(warnings),
        "figures": album.names,
    }
