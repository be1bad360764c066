"""The figures of `toomre explain`: which images are shown, and their maps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from toomre.evaluation.confidence import answer_groups, choose_answers
from toomre.interpretation.activations import activation_maps, draw_filters
from toomre.interpretation.grad_cam import grad_cam
from toomre.interpretation.layers import shown_layers
from toomre.interpretation.passes import Answer
from toomre.interpretation.plots import answers_figure, classes_figure, layers_figure
from toomre.interpretation.saliency import saliency
from toomre.interpretation.shown import Shown
from toomre.jobs.explain_views import View

__all__ = ["explain_figures"]

# Images of one kind of answer, as in the papers, and filters of a layer.
_COUNT, _FILTERS = 3, 4
# The seed of the choice of filters.
_SEED = 3
_TITLES = {
    "sure": "answers far from the threshold",
    "near": "answers near the threshold (of twins: in the first block)",
}

Chosen = dict[str, NDArray[np.intp]]


def explain_figures(
    views: Sequence[View], others: Sequence[View], layer: str | None
) -> Iterator[tuple[str, Any]]:
    """Give the figures and their names, one after the other.

    Parameters
    ----------
    views
        Of the run, one a domain.
    others
        The same of another run, or none.
    layer
        The layer of Grad-CAM; None for the backbones' ``cam_layer``.
    """
    for confidence, title in _TITLES.items():
        chosen = _choose(views, confidence, _COUNT)
        domains = {view.domain: _answers(view, rows, layer) for view, rows in chosen}
        if any(any(kinds.values()) for kinds in domains.values()):
            yield f"answers_{confidence}", answers_figure(domains, _COUNT, f"Grad-CAM: {title}")
    sure = _choose(views, "sure", 2)
    first = [rows[0] for rows in sure[0][1].values() if len(rows)][:1] or [0]
    yield "layers", _layers(views[0], np.array(first), layer)
    one = _choose(views, "sure", 1)
    domains = {view.domain: _saliency(view, rows, layer) for view, rows in one}
    if any(any(kinds.values()) for kinds in domains.values()):
        yield "saliency", answers_figure(domains, 1, "Grad-CAM and saliency of the answer merger")
    columns = {}
    for number, (view, kinds) in enumerate(sure):
        rows = np.concatenate([kinds["true positive"], kinds["true negative"]])
        pair = [*others[number : number + 1], view]
        columns[view.domain] = _classes(pair, view, rows, layer)
    if any(columns.values()):
        yield "classes", classes_figure(columns, "Grad-CAM of both answers")


def _choose(views: Sequence[View], confidence: str, count: int) -> list[tuple[View, Chosen]]:
    """Choose images; twins, which show the same galaxies, show the same ones."""
    groups = [
        answer_groups(view.scores["label"], view.scores["p_merger"], view.model.card.threshold)
        for view in views
    ]
    ids = [view.scores["image_id"].tolist() for view in views]
    galaxies = [view.scores["group"].to_numpy() for view in views]
    if all(each == ids[0] for each in ids):
        chosen = choose_answers(groups, confidence, count, galaxies[0])
        return [(view, chosen) for view in views]
    return [
        (view, choose_answers([own], confidence, count, galaxy))
        for view, own, galaxy in zip(views, groups, galaxies, strict=True)
    ]


def _answers(view: View, chosen: Chosen, layer: str | None) -> dict[str, list[Shown]]:
    network = view.model.network
    return {
        kind: view.shown(rows, {"merger": grad_cam(network, view.inputs(rows), layer=layer)})
        for kind, rows in chosen.items()
    }


def _saliency(view: View, chosen: Chosen, layer: str | None) -> dict[str, list[Shown]]:
    found = {}
    for kind, rows in chosen.items():
        network, inputs = view.model.network, view.inputs(rows)
        maps = {"Grad-CAM": grad_cam(network, inputs, layer=layer)}
        found[kind] = view.shown(rows, {**maps, "saliency": saliency(network, inputs)})
    return found


def _layers(view: View, row: NDArray[np.intp], layer: str | None) -> Any:
    """Draw the maps of one image by layer, with some filters of each."""
    network, inputs = view.model.network, view.inputs(row)
    rng = np.random.default_rng(_SEED)
    maps, activations, filters = {}, {}, {}
    for name in shown_layers(network, layer):
        maps[name] = grad_cam(network, inputs, layer=name)
        given = activation_maps(network, inputs, name)[0]
        filters[name] = draw_filters(len(given), _FILTERS, rng)
        activations[name] = given[filters[name]]
    return layers_figure(view.shown(row, maps)[0], activations, filters)


def _classes(
    models: Sequence[View], view: View, rows: NDArray[np.intp], layer: str | None
) -> list[Shown]:
    """Return images with the maps of both answers by each of some models."""
    maps, scores = {}, {}
    for model in models:
        for answer in reversed(get_args(Answer)):
            name = f"{model.run}\n{answer}"
            maps[name] = grad_cam(model.model.network, model.inputs(rows), answer, layer=layer)
            scores[name] = model.scores["p_merger"].to_numpy()[rows].tolist()
    return view.shown(rows, maps, scores)
