"""The figures of a report that are drawn from the runs' scores and histories."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from toomre.evaluation import plots
from toomre.evaluation.bias.columns import choose_columns, merger_state
from toomre.evaluation.bias.plots import score_density_figure, state_histogram_figure
from toomre.evaluation.bootstrap import RocBand, roc_band
from toomre.evaluation.gallery import choose_examples
from toomre.evaluation.page import Picture
from toomre.evaluation.prevalence.plots import selection_figure
from toomre.evaluation.prevalence.selection import purity_by_fraction, selection_by_threshold
from toomre.evaluation.reliability import reliability
from toomre.evaluation.runs.plots import certainty_figure, roc_runs_figure, runs_figure
from toomre.evaluation.validation_scores import ValidationScores
from toomre.images.stretch import Stretch
from toomre.jobs.report_album import Album
from toomre.jobs.report_judgement import Judgement
from toomre.jobs.report_runs import DOMAINS, Group
from toomre.preparation.prepared import PreparedSet

__all__ = [
    "answer_figures",
    "calibration_figures",
    "comparison_figures",
    "failure_figures",
    "history_figures",
]

# The seed of the intervals, as in the published code.
_SEED = 3
# True fractions of mergers, from those of surveys to those of training sets.
_FRACTIONS = np.geomspace(0.005, 0.6, 60)
# Columns whose plane with the score is drawn, as in DeepMerge I.
_PLANES = ("log_mass", "concentration", "m20")
# Images of each kind in a gallery.
_SHOWN = 6


def comparison_figures(album: Album, groups: Sequence[Group]) -> Iterator[Picture]:
    """Draw bars of six metrics, and ROC curves of each domain, of all groups."""
    bars = {
        group.name: {d: group.metrics(d) for d in DOMAINS if group.judged(d)} for group in groups
    }
    yield album.add(
        "metrics",
        runs_figure(bars),
        "Bars of six metrics for each recipe, of the source dashed and of the target solid, with "
        "their intervals; the numbers are in the table.",
        "Six metrics, source dashed, target solid. Intervals: 95 %, over seeds where there are "
        "several, else over galaxies. Of the Brier score, less is better.",
    )
    for domain in DOMAINS:
        bands = {
            group.name: [_band(one) for one in group.judged(domain) if one.two_classes]
            for group in groups
        }
        bands = {name: found for name, found in bands.items() if found}
        if bands:
            yield album.add(
                f"roc_{domain}",
                roc_runs_figure(bands),
                f"ROC curves of each recipe on the {domain}.",
                f"ROC curves on the {domain}: every seed as a thin line and their mean, or one "
                "seed with its 95 % band over galaxies.",
            )


def history_figures(album: Album, groups: Sequence[Group]) -> Iterator[Picture]:
    """Draw loss, accuracy and learning rate of each run."""
    for number, group in enumerate(groups, 1):
        for seed, one in enumerate(group.runs, 1):
            yield album.add(
                f"{number}_history_{seed}",
                plots.history_figure(one.run.history),
                f"Loss, accuracy and learning rate of {one.name} against the epoch.",
                f"Training of {one.name} (seed {one.run.recipe.seed}).",
            )


def answer_figures(album: Album, number: int, group: Group) -> Iterator[Picture]:
    """Draw confusion matrix, scores and galleries of a group's first run."""
    name, judged = group.first.name, group.first.domains
    for domain, one in judged.items():
        yield album.add(
            f"{number}_{domain}_confusion",
            plots.confusion_figure(one.record["confusion"], one.metrics),
            f"Confusion matrix of {name} on the {domain}.",
            f"{name} on the {domain}: fraction of each true class.",
        )
        yield album.add(f"{number}_{domain}_scores", *_histogram(one, name, domain))
    yield album.add(
        f"{number}_certainty",
        certainty_figure(
            {domain: (one.label, one.p) for domain, one in judged.items()},
            next(iter(judged.values())).threshold,
        ),
        f"Histograms of how sure {name} is of the right class, a panel a domain.",
        f"{name}: score of the true class, p of mergers and 1 − p of nonmergers.",
    )
    for domain, one in judged.items():
        yield from _galleries(album, f"{number}_{domain}", one, f"{name} on the {domain}")


def calibration_figures(
    album: Album, number: int, group: Group, fraction: float
) -> Iterator[Picture]:
    """Draw reliability, and purity and completeness, of a group's first run."""
    name = group.first.name
    for domain, one in group.first.domains.items():
        yield album.add(
            f"{number}_{domain}_reliability",
            plots.reliability_figure(reliability(one.label, one.p, one.group), one.metrics),
            f"Reliability diagram of {name} on the {domain}.",
            f"{name} on the {domain}: how often a score is a merger; intervals count galaxies.",
        )
        if one.two_classes:
            scores = ValidationScores.of(one.label, one.p, one.group)
            rng = np.random.default_rng(_SEED)
            figure = selection_figure(
                selection_by_threshold(scores, fraction, rng=rng),
                purity_by_fraction(scores, one.threshold, _FRACTIONS, rng=rng),
                fraction=fraction,
                threshold=one.threshold,
            )
            yield album.add(
                f"{number}_{domain}_selection",
                figure,
                f"Purity and completeness of {name} on the {domain}, against the threshold and "
                "against the true fraction of mergers.",
                f"{name} on the {domain}: purity and completeness where {fraction:.3g} of the "
                "galaxies are mergers, and at the model's threshold for other true fractions.",
            )


def failure_figures(album: Album, number: int, group: Group) -> Iterator[Picture]:
    """Draw the score against mass, concentration and M20, where the truth is known."""
    for domain, one in group.first.domains.items():
        table = one.truth
        names = [] if table is None else [name for name in _PLANES if name in table]
        if table is None or not names:
            continue
        table = table.assign(state=merger_state(table))
        names = [name for name in names if table[name].nunique() > 1]
        for column in choose_columns(table, names):
            yield album.add(
                f"{number}_{domain}_plane_{column.name}",
                score_density_figure(table, column, one.threshold),
                f"Scores of {group.first.name} on the {domain} against {column.name}, a panel "
                "each for nonmergers, past and future mergers.",
                f"{group.first.name} on the {domain}: score against "
                f"{column.name.replace('_', ' ')}; grey holds 20, 50, 80 and 95 % of the images, "
                "lines the same of the right answers, crosses are the wrong ones.",
            )


def _band(one: Judgement) -> RocBand:
    return roc_band(one.label, one.p, one.group, rng=np.random.default_rng(_SEED))


def _histogram(one: Judgement, name: str, domain: str) -> tuple[Any, str, str]:
    """Return the histogram of the scores, of past and future mergers where these are known."""
    table = one.truth
    known = table is not None and merger_state(table).str.contains(" ").any()
    if table is None or not known:
        figure = plots.score_histogram_figure(one.label, one.p, one.threshold)
    else:
        figure = state_histogram_figure(merger_state(table), table["p_merger"], one.threshold)
    classes = "non-, past and future mergers" if known else "mergers and nonmergers"
    return (
        figure,
        f"Histograms of the scores of {classes} by {name} on the {domain}.",
        f"{name} on the {domain}: scores of {classes}.",
    )


def _galleries(album: Album, prefix: str, one: Judgement, where: str) -> Iterator[Picture]:
    """Show right and wrong answers in two stretches; without the images, what was drawn before."""
    stretches: tuple[Stretch, ...] = ("linear", "log")
    for stretch in stretches:
        alt = f"Images of true and false positives and negatives of {where}, {stretch} stretch."
        caption = f"{where}: each row from the surest answer to the one nearest the threshold."
        made, before = f"{prefix}_gallery_{stretch}", one.folder / "figures"
        if one.data is not None:
            yield album.add(made, _gallery(one, one.data, stretch), alt, caption)
        elif (before / f"gallery_{stretch}.png").is_file():
            yield album.copy(made, before / f"gallery_{stretch}.png", alt, caption)


def _gallery(one: Judgement, data: PreparedSet, stretch: Stretch) -> Any:
    chosen = choose_examples(one.label, one.p, one.threshold, _SHOWN)
    shown = np.concatenate(list(chosen.values()))
    rows = data.catalog.reset_index(names="row").set_index("image_id")["row"]
    images = data.images[rows.loc[one.scores["image_id"].iloc[shown]].to_numpy()]
    return plots.gallery_figure(
        np.asarray(images),
        one.p[shown],
        one.label[shown],
        one.threshold,
        encoding=data.info.encoding,
        stretch=stretch,
        bands=data.info.bands,
        count=_SHOWN,
    )
