"""``toomre zoo explore``: what a set of vote fractions is like, before anything is trained."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from toomre.errors import ArgumentError
from toomre.evaluation.votes.correlation import correlation
from toomre.evaluation.votes.distributions import compare_parts, histograms
from toomre.evaluation.votes.drawing import Pictures
from toomre.evaluation.votes.plots import exploring, galleries, panels
from toomre.evaluation.votes.prototypes import prototypes
from toomre.jobs.provenance import environment
from toomre.jobs.zoo_downsizing import draw_downsizing
from toomre.output import output_folder
from toomre.preparation.inputs import Source
from toomre.preparation.prepared import PreparedSet
from toomre.spreadsheet import guard
from toomre.storage import write_json
from toomre.surveys.vote_tree import ANSWERS, QUESTIONS

__all__ = ["Exploration", "zoo_explore"]

_SHEET = 25
_FIGURES = (
    "sheet", "histograms", "prototypes", "correlations", "question_correlations", "parts",
    "downsizing",
)  # fmt: skip
_TABLES = ("sheet.csv", "histograms.csv", "answers.csv", "correlations.csv")
_FILES = (*(f"{name}.{kind}" for name in _FIGURES for kind in ("png", "pdf")), *_TABLES)
_RECORD = "explore.json"


@dataclass(frozen=True, eq=False)
class Exploration:
    """What `zoo_explore` returns.

    Attributes
    ----------
    answers
        A row an answer: `answer`, `question`, `name`; `mean`, `std`, `median` and `max` of its
        fraction; `prototype` (image id) with the greatest one; where the set has training and
        validation images, also the columns of
        `toomre.evaluation.votes.distributions.compare_parts`.
    images, left_out
        How many images were used, and how many are bad or lack votes.
    parts
        Whether the training part was compared with the validation part.
    folder
        Where the figures (PNG and PDF) and their numbers (CSV) are.
    """

    answers: pd.DataFrame
    images: int
    left_out: int
    parts: bool
    folder: Path


def zoo_explore(
    data: PreparedSet | Path | str,
    out: Path | str,
    *,
    originals: Source | Path | str | None = None,
    galaxy: str | None = None,
    seed: int = 0,
    overwrite: bool = False,
) -> Exploration:
    """Draw images, histograms, prototypes, correlations and parts of a set with vote fractions.

    Parameters
    ----------
    data
        A prepared set whose catalogue has the 37 columns ``Class1.1`` to ``Class11.6``.
    out
        The folder to make.
    originals
        The images that the set was prepared from: one galaxy is then also drawn as it came,
        beside the stored image.
    galaxy
        Its image id; None: the first of the sheet.
    seed
        Of the choice of images for the sheet.
    overwrite
        Replace an earlier exploration.

    Raises
    ------
    ArgumentError
        If the set has no votes, or no image that can be used; or there is no such galaxy, or its
        original cannot be read.
    MissingFileError
        If the galaxy is not among the originals.
    OutputExistsError
        If the folder is there already.
    """
    prepared = PreparedSet.of(data)
    votes, rows = _votes(prepared)
    names = prepared.catalog["image_id"].iloc[rows].astype(str).tolist()
    shown = np.random.default_rng(seed).choice(len(rows), min(_SHEET, len(rows)), replace=False)
    parts = _parts(prepared, votes, rows)
    answers = _answers(votes, names)
    if parts is not None:
        answers = answers.merge(compare_parts(*parts), on="answer")
    matrix = correlation(votes)
    if galaxy is not None and originals is None:
        raise ArgumentError.expected(
            "originals", "the folder of the images, for one galaxy", None, "Give --originals."
        )
    drawn = None
    if originals is not None:
        drawn = draw_downsizing(prepared, rows, originals, galaxy or names[int(shown.min())])
    counts = {"images": len(rows), "left_out": len(prepared) - len(rows)}
    with output_folder(Path(out), (*_FILES, _RECORD), overwrite=overwrite) as folder:
        info = prepared.info
        pictures = Pictures(prepared.images, info.encoding, info.bands, rows)
        chosen, caption = np.sort(shown), f"{len(shown)} random images out of {len(rows)}"
        figures = {
            "sheet": galleries.image_sheet(
                pictures, chosen, [names[row] for row in chosen], caption
            ),
            "histograms": exploring.histogram_grid(votes),
            "prototypes": galleries.prototype_grid(pictures, votes, names),
            "correlations": exploring.correlation_figure(matrix),
            "question_correlations": exploring.question_correlations(matrix),
        }
        if parts is not None:
            figures["parts"] = exploring.parts_grid(*parts)
        if drawn is not None:
            figures["downsizing"] = drawn
        panels.save_figures(figures, folder)
        _write(folder / "sheet.csv", pd.DataFrame({"image_id": [names[row] for row in chosen]}))
        _write(folder / "histograms.csv", _bins(votes))
        _write(folder / "answers.csv", answers)
        table = pd.DataFrame(matrix, columns=list(ANSWERS))
        table.insert(0, "answer", ANSWERS)
        _write(folder / "correlations.csv", table)
        record = {**environment(), **counts, "seed": seed, "dataset_sha256": info.sha256}
        write_json(folder / _RECORD, record)
    return Exploration(answers, **counts, parts=parts is not None, folder=Path(out).resolve())


def _votes(prepared: PreparedSet) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Return the fractions of the images that can be used, and which these are."""
    missing = [name for name in ANSWERS if name not in prepared.catalog]
    if missing:
        raise ArgumentError(
            f"{prepared.folder} has no vote fractions: its catalogue has no column {missing[0]}. "
            "Prepare it with Galaxy Zoo's table."
        )
    votes = prepared.catalog[list(ANSWERS)].to_numpy(np.float64)
    good = (prepared.catalog["status"] != "bad").to_numpy() & np.isfinite(votes).all(axis=1)
    if not good.any():
        raise ArgumentError(f"{prepared.folder} has no good image with all {len(ANSWERS)} votes.")
    return votes[good], np.flatnonzero(good)


def _parts(
    prepared: PreparedSet, votes: NDArray[np.float64], rows: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Return the fractions of the training and of the validation part, if there are both."""
    if prepared.split is None:
        return None
    train, valid = (votes[np.isin(rows, prepared.split.rows(part))] for part in ("train", "valid"))
    return (train, valid) if len(train) and len(valid) else None


def _answers(votes: NDArray[np.float64], names: list[str]) -> pd.DataFrame:
    """Return a row an answer: what it is, how its fraction is spread, and its prototype."""
    best = prototypes(votes).tolist()
    return pd.DataFrame(
        {
            "answer": ANSWERS,
            "question": [question.name for question in QUESTIONS for _ in question.answers],
            "name": [answer for question in QUESTIONS for answer in question.answers],
            "mean": votes.mean(axis=0),
            "std": votes.std(axis=0),
            "median": np.median(votes, axis=0),
            "max": votes.max(axis=0),
            "prototype": ["" if row < 0 else names[row] for row in best],
        }
    )


def _bins(votes: NDArray[np.float64]) -> pd.DataFrame:
    """Return a row a bin of each answer: `answer`, `low`, `high`, `density`."""
    density, edges = histograms(votes)
    count = density.shape[1]
    return pd.DataFrame(
        {
            "answer": np.repeat(ANSWERS, count),
            "low": np.tile(edges[:-1], len(ANSWERS)),
            "high": np.tile(edges[1:], len(ANSWERS)),
            "density": density.ravel(),
        }
    )


def _write(path: Path, table: pd.DataFrame) -> None:
    safe = {name: table[name].map(guard) for name in ("image_id", "prototype") if name in table}
    table.assign(**safe).to_csv(path, index=False, lineterminator="\n")
