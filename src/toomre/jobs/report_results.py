"""How the results of other commands are shown in a report: tables of their JSON, and captions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["RESULTS", "ResultKind"]

_Number = float | Sequence[float | None] | Mapping[str, float | None] | None


@dataclass(frozen=True)
class ResultKind:
    """How the folders of a command are shown.

    Attributes
    ----------
    title
        Of the section.
    columns, rows
        The names of the table's columns, and what makes its rows of the JSON.
    caption
        Of the table.
    captions
        Name of a figure -> what to see in it; others are called by their names.
    """

    title: str
    columns: tuple[str, ...]
    rows: Callable[[Mapping[str, Any]], list[tuple[str, ...]]]
    caption: str
    captions: Mapping[str, str]


def _text(value: _Number) -> str:
    """Return a number, or a value with its interval, in three digits."""
    if isinstance(value, Mapping):
        value = [value[key] for key in ("value", "lower", "upper")]
    if isinstance(value, Sequence):
        first, low, high = map(_text, value)
        return first if first == "undefined" else f"{first} ({low} to {high})"
    return "undefined" if value is None else f"{value:.3f}"


def _pointing(record: Mapping[str, Any]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for each in record["pointing"]:
        score, where = each["score"], f"{each['run']}, {each['domain']}"
        way = f"{each['method']}{', beside the middle' if each.get('beside') else ''}"
        names = (where, way, str(each["layer"]), str(each["answer"]))
        above = "yes" if score["above_chance"] else "no"
        rows.append((*names, _text(score["hit"]), _text(score["chance"]), above))
    return rows


def _distances(record: Mapping[str, Any]) -> list[tuple[str, ...]]:
    names = ["domain_accuracy", "proxy_a_distance", "mmd", "silhouette_domain"]
    names += ["silhouette_class_source", "silhouette_class_target"]
    return [
        (moment, *(_text(found[name]) for name in names))
        for moment, found in record["distances"].items()
    ]


def _bias(record: Mapping[str, Any]) -> list[tuple[str, ...]]:
    numbers = ("value", "detectable", "p_holm")
    return [
        (one["column"], one["class"], one["measure"], *(_text(one[name]) for name in numbers))
        for one in record["tests"]
    ]


def _fractions(record: Mapping[str, Any]) -> list[tuple[str, ...]]:
    return [
        (
            str(one["method"]).replace("_", " "),
            _text([one[name] for name in ("fraction", "lower", "upper")]),
            str(one.get("galaxies", "")),
        )
        for one in record["fractions"]
    ]


def _rates(record: Mapping[str, Any]) -> list[tuple[str, ...]]:
    return [
        (str(name).replace("_", " "), f"{value:.3g}")
        for name, value in record["suggestion"].items()
        if name != "note"
    ]


def _appearance(record: Mapping[str, Any]) -> list[tuple[str, ...]]:
    return [("ROC-AUC of a random forest that tells the sets apart", _text(record["domain_auc"]))]


#: The file that marks a result -> how it is shown, in the order of the page.
RESULTS: Mapping[str, ResultKind] = {
    "bias.json": ResultKind(
        "Where it fails: by what is known of the galaxies",
        ("column", "class", "measure", "value", "detectable", "p (Holm)"),
        _bias,
        "whether the error depends on a column.",
        {
            "states": "Scores of non-, past and future mergers.",
            "tests": "How strongly the error hangs on each column.",
            "cameras": "From how many sides a galaxy is called a merger.",
        },
    ),
    "explain.json": ResultKind(
        "What it looked at",
        ("run", "method", "layer", "answer", "peak on the companion", "chance", "above chance"),
        _pointing,
        "how often the peak of a map falls on the companion or a tail of a merger.",
        {
            "answers_sure": "Grad-CAM of answers far from the threshold.",
            "answers_near": "Grad-CAM of answers near the threshold.",
            "classes": "Grad-CAM of both answers, without and with adaptation if both are given.",
            "layers": "Grad-CAM by layer, and activation maps of filters drawn at random.",
            "saliency": "Saliency beside Grad-CAM.",
            "pointing": "How often a map's peak falls on the companion, against chance.",
        },
    ),
    "embedding.json": ResultKind(
        "How it sees source and target",
        ("moment", "domain classifier", "proxy A-distance", "MMD²", "silhouette of domains",
         "of classes, source", "of classes, target"),
        _distances,
        "how far the domains are apart in the space of features (accuracy 0.5: not at all).",
        {
            "embedding": "t-SNE of features, coloured by class and domain.",
            "distances": "Distances of domains and classes against the epoch.",
        },
    ),
    "fraction.json": ResultKind(
        "How many mergers there are",
        ("method", "merger fraction", "galaxies"),
        _fractions,
        "merger fraction with 95 % intervals.",
        {
            "fraction": "Merger fraction by each method.",
            "bins": "Merger fraction in bins.",
            "selection": "Purity and completeness of the validation images.",
        },
    ),
    "comparison.json": ResultKind(
        "How far simulated images are from real ones",
        ("", "value"),
        _appearance,
        "0.5: they cannot be told apart.",
        {"comparison": "Appearance of simulated and real images."},
    ),
    "lr_scan.json": ResultKind(
        "Learning rate and gradients",
        ("", "learning rate"),
        _rates,
        "read off the scan.",
        {
            "lr_scan": "Training loss against the learning rate.",
            "gradient_flow": "Mean and largest gradient of each layer in the first epoch.",
        },
    ),
}  # fmt: skip
