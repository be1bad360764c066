"""What `toomre explain` looks at: a part of a set with a run's model and its scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from toomre.datasets.normalisation import Normalisation
from toomre.datasets.window import centre_window
from toomre.errors import ArgumentError
from toomre.evaluation.companion import companions
from toomre.images.stretch import to_rgb
from toomre.inference.store import Model, open_model
from toomre.interpretation.shown import Shown
from toomre.jobs.evaluate import evaluate
from toomre.jobs.run import Run
from toomre.preparation.prepared import PreparedSet

__all__ = ["View", "own_views", "same_view"]


@dataclass(frozen=True, eq=False)
class View:
    """Images of one domain as one run's model sees them.

    Attributes
    ----------
    domain
        ``"source"`` or ``"target"``; what the columns of a figure are called.
    run
        The name of the run's folder.
    prepared, rows
        The set, and which of its images are looked at.
    model
        Card and network.
    scores
        A row an image of `rows`, from `toomre.evaluate`.
    """

    domain: str
    run: str
    prepared: PreparedSet
    rows: NDArray[np.intp]
    model: Model
    scores: pd.DataFrame

    def pixels(self, chosen: NDArray[np.intp]) -> NDArray[np.float32]:
        """Return some of the images as they are stored, in the model's window and bands."""
        card = self.model.card.input
        window = centre_window(self.prepared.images.shape[-1], card.grid.size)
        order = [self.prepared.info.bands.index(band) for band in card.bands]
        stored: NDArray[np.float32] = self.prepared.images[self.rows[chosen], :, window, window]
        return stored[:, order]

    def inputs(self, chosen: NDArray[np.intp]) -> NDArray[np.float32]:
        """Return some of the images as the network takes them."""
        card = self.model.card.input
        return Normalisation(card.mean, card.std, card.stretch).apply(self.pixels(chosen))

    def places(self) -> NDArray[np.float64]:
        """Return each image's companion (x, y) [pixel], (n, 2), where the truth tells it."""
        table = self.prepared.catalog.iloc[self.rows]
        if "nucleus2_x" not in table:
            return np.full((len(table), 2), np.nan)
        stored = self.prepared.images.shape[-1]
        return companions(table, stored, self.model.card.input.grid.size)

    def shown(
        self,
        chosen: NDArray[np.intp],
        maps: Mapping[str, NDArray[np.float32]],
        scores: Mapping[str, Sequence[float]] | None = None,
    ) -> list[Shown]:
        """Return some of the images with their maps (name -> one an image) for a figure."""
        info, places = self.prepared.info, self.places()[chosen]
        pictures = self.pixels(chosen)
        return [
            Shown(
                picture=to_rgb(
                    pictures[k], info.encoding, "log", bands=self.model.card.input.bands
                ),
                score=float(self.scores["p_merger"].iloc[row]),
                truth=int(self.scores["label"].iloc[row]),
                maps={name: values[k] for name, values in maps.items()},
                scores={name: float(values[k]) for name, values in (scores or {}).items()},
                companion=None if np.isnan(places[k]).any() else tuple(places[k].tolist()),
                origin="lower" if info.encoding == "linear" else "upper",
            )
            for k, row in enumerate(chosen)
        ]


def own_views(run: Run, data: Path | str | None, part: str, device: str) -> list[View]:
    """Return what a run is looked at with: its source and its target, or one other set."""
    if data is not None:
        prepared = run.data(data)
        return [_view(run, prepared, part, device, run.domain_of(prepared))]
    views = [_view(run, run.data(), part, device, "source")]
    if target := run.environment.get("target"):
        views.append(_view(run, run.data(target), part, device, "target"))
    return views


def same_view(against: Run, view: View, part: str, device: str) -> View:
    """Return the same images as another run's model sees them.

    Raises
    ------
    ArgumentError
        If the other run's network takes other images.
    SplitMismatchError
        If the other run was trained on some of them.
    """
    prepared = view.prepared
    known = against.split.table["image_id"].tolist() == prepared.catalog["image_id"].tolist()
    part = part if known or against.is_target(prepared) else "all"
    found = _view(against, prepared, part, device, view.domain)
    mine, other = view.model.card.input, found.model.card.input
    if (mine.grid.size, mine.encoding) != (other.grid.size, other.encoding):
        allowed = f"a run with {mine.encoding} images of {mine.grid.size} pixels"
        got = f"{found.run}: {other.encoding}, {other.grid.size} pixels"
        raise ArgumentError.expected("against", allowed, got)
    place = pd.Index(found.rows).get_indexer(pd.Index(view.rows))
    scores = found.scores.iloc[place].reset_index(drop=True)
    return View(view.domain, found.run, prepared, view.rows, found.model, scores)


def _view(run: Run, prepared: PreparedSet, part: str, device: str, name: str) -> View:
    """Score a part as `toomre evaluate` does, which refuses what the run was trained on."""
    with TemporaryDirectory() as temporary:
        done = evaluate(run, prepared, part=part, out=temporary, device=device, figures=False)
    ids = pd.Index(prepared.catalog["image_id"])
    rows = ids.get_indexer(pd.Index(done.scores["image_id"]))
    model = open_model(run.folder, run.domain_of(prepared))
    return View(name, run.folder.resolve().name, prepared, rows, model, done.scores)
