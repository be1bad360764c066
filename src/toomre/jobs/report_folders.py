"""The results of other commands that a report takes in: their figures and their numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toomre.errors import ArgumentError, CorruptFileError
from toomre.evaluation.page import Block, Code, Notes, Picture, Table
from toomre.jobs.report_album import Album
from toomre.jobs.report_judgement import is_evaluation
from toomre.jobs.report_results import RESULTS, ResultKind
from toomre.jobs.report_tables import names_only
from toomre.storage import read_json

__all__ = ["AUDIT", "FOREST", "Folders", "result_blocks", "sort_folders"]

#: The marks of a leak audit and of a random forest.
AUDIT, FOREST = "audit.json", "forest.json"


@dataclass(frozen=True)
class Folders:
    """Folders by what is in them: evaluations, forests, audits, and mark -> others."""

    evaluations: list[Path]
    forests: list[Path]
    audits: list[Path]
    results: dict[str, list[Path]]


def sort_folders(folders: Sequence[Path]) -> Folders:
    """Tell by their files which command made each folder.

    Raises
    ------
    ArgumentError
        If a folder is not there, or of no command that is known.
    """
    found = Folders([], [], [], {})
    kinds = {FOREST: found.forests, AUDIT: found.audits}
    for folder in folders:
        marks = [mark for mark in (*RESULTS, FOREST, AUDIT) if (folder / mark).is_file()]
        for mark in marks:
            mine = kinds[mark] if mark in kinds else found.results.setdefault(mark, [])
            mine.append(folder)
        if is_evaluation(folder) and not set(marks) - {AUDIT}:
            found.evaluations.append(folder)
        elif not marks:
            allowed = f"folders with metrics.json, {', '.join((*RESULTS, FOREST))} or {AUDIT}"
            hint = "They are made by evaluate, explain, embed, bias, fraction, forest, lr-scan."
            raise ArgumentError.expected("with", allowed, str(folder), hint)
    return found


def result_blocks(album: Album, mark: str, folder: Path, number: int) -> list[Block]:
    """Return figures and numbers of one result.

    Raises
    ------
    CorruptFileError
        If its JSON is not what the command writes.
    """
    kind, record = RESULTS[mark], read_json(folder / mark)
    try:
        rows = kind.rows(record)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise CorruptFileError(
            f"{folder / mark} is not what toomre writes ({error!r}). Make the result again."
        ) from error
    blocks: list[Block] = []
    if record.get("command"):
        blocks.append(Code(names_only(str(record["command"]))))
    if rows:
        blocks.append(Table(f"{folder.resolve().name}: {kind.caption}", kind.columns, rows))
    blocks.append(Notes(_notes(record)))
    figures = [*sorted(folder.glob("*.png")), *sorted(folder.glob("figures/*.png"))]
    prefix = f"{Path(mark).stem}_{number}_"
    return [*blocks, *(_picture(album, kind, png, prefix) for png in figures)]


def _picture(album: Album, kind: ResultKind, png: Path, prefix: str) -> Picture:
    name = png.stem
    text = kind.captions.get(name)
    if text is None:
        place, _, rest = name.partition("_")
        column = rest.replace("_", " ")
        known = {
            "by": f"Performance and mean scores against {column}, with 95 % intervals.",
            "plane": f"Score against {column}; lines: right answers, crosses: wrong ones.",
        }
        text = known.get(place, f"{name.replace('_', ' ').capitalize()}.")
    return album.copy(f"{prefix}{name}", png, f"{kind.title}: {text}", text)


def _notes(record: Mapping[str, Any]) -> tuple[str, ...]:
    notes = [record["note"]] if record.get("note") else list(record.get("notes", ()))
    notes += [f"{key.replace('_', ' ')}: {text}" for key, text in _assumed(record).items()]
    return tuple(str(note) for note in notes)


def _assumed(record: Mapping[str, Any]) -> Mapping[str, str]:
    found = record.get("assumptions", {})
    return found if isinstance(found, Mapping) else {}
