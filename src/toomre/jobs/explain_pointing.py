"""The pointing scores of `toomre explain`: by run, domain, method, layer and answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from toomre.evaluation.companion import RADIUS, discs, light_peaks
from toomre.evaluation.pointing import Pointing, pointing_score
from toomre.interpretation.grad_cam import grad_cam
from toomre.interpretation.layers import shown_layers
from toomre.interpretation.saliency import saliency
from toomre.jobs.explain_views import View

__all__ = ["Pointed", "pointing_bars", "pointing_scores"]

# The seed of the bootstrap, as in the published code (requirements E2).
_SEED = 3
# Radius around the middle that does not count for what is "beside the middle", over the side.
_MIDDLE = 2 * RADIUS


@dataclass(frozen=True)
class Pointed:
    """One pointing score and what it is of.

    Attributes
    ----------
    run, domain
        Whose model, and which images.
    method
        ``"Grad-CAM"``, ``"saliency"`` or ``"light"`` (the smoothed image itself, no network).
    layer, answer
        Of the map; empty where they mean nothing.
    beside
        Whether peaks near the middle do not count.
    score
        The score.
    """

    run: str
    domain: str
    method: str
    layer: str
    answer: str
    beside: bool
    score: Pointing

    @property
    def name(self) -> str:
        """Method, layer and answer in a few words."""
        layer = self.layer.removeprefix("backbone.")
        return " ".join(filter(None, (self.method, layer, self.answer)))

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {**vars(self), "score": self.score.to_dict()}


def pointing_scores(view: View, layer: str | None) -> list[Pointed]:
    """Return how well a model's maps of true mergers point at the companion.

    Only mergers whose companion the truth tells take part; without any the list is empty.

    Parameters
    ----------
    view
        Images and model.
    layer
        A further layer than those that figures show.
    """
    places = view.places()
    known = ~np.isnan(places).any(axis=1) & (view.scores["label"] == 1).to_numpy()
    chosen = np.flatnonzero(known)
    if not len(chosen):
        return []
    size = view.model.card.input.grid.size
    regions = discs(places[chosen], size)
    middle = discs(np.full((1, 2), (size - 1) / 2), size, _MIDDLE)[0]
    groups = view.scores["group"].to_numpy()[chosen]
    found = []
    for method, name, answer, maps in _maps(view, chosen, layer):
        for beside in (False, True):
            score = pointing_score(
                maps,
                regions,
                groups,
                rng=np.random.default_rng(_SEED),
                without=middle if beside else None,
            )
            found.append(Pointed(view.run, view.domain, method, name, answer, beside, score))
    return found


def _maps(
    view: View, chosen: NDArray[np.intp], layer: str | None
) -> Iterator[tuple[str, str, str, NDArray[Any]]]:
    """Give method, layer and answer, and the maps that belong to them."""
    network, inputs = view.model.network, view.inputs(chosen)
    *others, last = shown_layers(network, layer)
    for name in others:
        yield "Grad-CAM", name, "merger", grad_cam(network, inputs, layer=name)
    for answer in ("merger", "nonmerger"):
        yield "Grad-CAM", last, answer, grad_cam(network, inputs, answer, layer=last)
    yield "saliency", "", "merger", saliency(network, inputs)
    yield "light", "", "", light_peaks(inputs)


def pointing_bars(scores: list[Pointed]) -> pd.DataFrame:
    """Return the rows of `toomre.interpretation.plots.pointing_figure`."""
    rows = []
    for each in scores:
        hit = each.score.hit
        rows.append(
            {
                "group": f"{each.run}: {each.domain}, {each.score.images} mergers",
                "peaks": "beside the middle" if each.beside else "anywhere",
                "name": each.name,
                **{"hit": hit.value, "lower": hit.lower, "upper": hit.upper},
                **{"chance": each.score.chance, "turned": each.score.turned.value},
            }
        )
    return pd.DataFrame(rows)
