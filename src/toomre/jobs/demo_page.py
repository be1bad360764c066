"""The page of the demo: what was simulated, learned and found, in pictures, tables and commands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import toomre
from toomre.evaluation import plots
from toomre.evaluation.bootstrap import Interval
from toomre.evaluation.contact_sheet import contact_sheet
from toomre.evaluation.drawing import SIX
from toomre.evaluation.page import Block, Code, Notes, Page, Paragraph, Picture, Section, Table
from toomre.jobs.demo_result import DemoResult
from toomre.jobs.demo_steps import IMAGES, NETWORKS, held_out
from toomre.jobs.provenance import now
from toomre.jobs.run import Run
from toomre.preparation.prepared import PreparedSet
from toomre.storage import atomic_path

__all__ = ["write_page"]

# Galaxies of each class on the contact sheet, which is as wide as a phone can show.
_SHOWN = 6
_CLASSES = {1: "merger", 0: "nonmerger"}
_METRICS = ("roc_auc", "accuracy", "purity", "completeness")
_CAVEATS = (
    "One small sample and one seed: another seed may move these numbers by as much as the "
    "intervals, which are of the test galaxies alone, not of the training.",
    "The galaxies are simulated by a simple model, and the noise is that of a mean sky. Nothing "
    "here says how well a network does on real images; do not use these networks on them.",
    "The networks are trained for about a minute each. The published ones had thousands of "
    "galaxies and hours.",
    "Noise hides what the adaptation cannot bring back: even a network that was trained with the "
    "labels of noisy images would do worse on them than on clean ones.",
    "Threshold and calibration come from clean images with labels, for there are no others. On "
    "noisy images a score is a rank, and no probability.",
)


def write_page(result: DemoResult) -> None:
    """Draw the figures, and write them and the page into the demo's folder."""
    sections = [
        Section("What was simulated", _simulated(result)),
        Section("What the networks reach", _reached(result)),
        Section("What was found", _found(result)),
        Section("How to do it", _commands(result)),
        Section("What this does not show", [Notes(_CAVEATS)]),
    ]
    Page(
        title="Mergers through the noise",
        lead=_lead(result),
        sections=sections,
        foot=f"Made by toomre {toomre.__version__} on {now()}.",
    ).write(result.place.page)


def _lead(result: DemoResult) -> str:
    auc = {pair: metrics["roc_auc"].value for pair, metrics in result.metrics.items()}
    return (
        "A network learned from clean simulated images which galaxies merge. On clean images its "
        f"ROC-AUC is {auc['source-only', 'pristine']:.2f}; on the same galaxies seen through the "
        f"noise of a telescope it is {auc['source-only', 'noisy']:.2f}, where 0.50 is guessing. "
        "Adapted to noisy images, of whose labels it saw none, it reaches "
        f"{auc['adapted', 'noisy']:.2f} on them, and {auc['adapted', 'pristine']:.2f} on clean "
        f"ones. {result.verdict}"
    )


def _simulated(result: DemoResult) -> list[Block]:
    place = result.place
    twins = {name: PreparedSet.open(place.images(name)) for name in IMAGES}
    counts = twins["noisy"].summary()
    return [
        Paragraph(
            f"{place.galaxies} systems at redshift 2, each seen by four cameras: "
            f"{counts['images']} images, {counts['mergers']} of them of mergers. A merger is a "
            "pair with a mass ratio above 1 to 10 that becomes one galaxy within 250 million "
            "years, or did so as long ago. The others are single galaxies, pairs long before and "
            "remnants long after, flybys, small companions, and pairs that only seem to be close."
        ),
        Paragraph(
            "Each image exists twice: pristine (blurred by the telescope alone) and noisy (with "
            "sky noise of 25 mag/arcsec²). The bands are "
            f"{', '.join(twins['noisy'].info.bands)} of Hubble and Webb. All images of a galaxy "
            "are in the same part, for training (70 %), validation (10 %) or test (20 %)."
        ),
        _sheet(result.place.folder / "figures", twins),
    ]


def _sheet(folder: Path, twins: dict[str, PreparedSet]) -> Picture:
    """Show mergers and nonmergers of the test part, each pristine and below it noisy."""
    first = twins["pristine"]
    table = first.catalog.iloc[held_out(first)].reset_index(names="row")
    table = table[table["camera"] == 0]
    columns = min(_SHOWN, *table["label"].value_counts())
    images, labels, captions = [], [], []
    for label, name in _CLASSES.items():
        rows = table.loc[table["label"] == label, "row"].to_numpy()[:columns]
        for twin, prepared in twins.items():
            images += [prepared.images[row] for row in rows]
            labels += [label] * columns
            captions += [f"{name}, {twin}"] * columns
    sheet = contact_sheet(
        np.stack(images), labels, captions, bands=first.info.bands, columns=columns, side=150
    )
    return Picture(
        _png(folder / "mocks.png", sheet),
        "Four rows of simulated galaxies in colour: mergers without and with noise, nonmergers "
        "without and with noise.",
        "Galaxies of the test part. Orange frames: mergers; blue frames: nonmergers. Each galaxy "
        "is shown pristine and, in the row below, noisy. Brightness is stretched image by image.",
    )


def _reached(result: DemoResult) -> list[Block]:
    noisy = {name: result.metrics[name, "noisy"] for name in NETWORKS}
    bars = plots.metrics_figure({name.replace("-", " "): found for name, found in noisy.items()})
    run = Run.open(result.place.run("adapted"))
    return [
        Paragraph(
            "Two networks of the same kind (DeepMerge II, Ćiprijanović et al. 2021): one learned "
            "from clean images alone, the other was adapted at the same time to noisy images. "
            f"{run.recipe.summary}. Neither saw a label of a noisy image or a test galaxy."
        ),
        Table(
            f"Measured on the {len(result.answers)} images of the test part, with 95 % intervals "
            "from 1,000 bootstrap resamples of galaxies.",
            ("network", "images", *(SIX[name] for name in _METRICS)),
            [
                (
                    network.replace("-", " "),
                    images,
                    *(_cell(result.metrics[network, images][name]) for name in _METRICS),
                )
                for images in IMAGES
                for network in NETWORKS
            ],
        ),
        _figure(
            result.place.folder / "figures" / "noisy.png",
            bars,
            "Bars of six metrics on noisy images, for the source-only network and the adapted "
            "one, with their intervals; the numbers are in the table.",
            "Both networks on noisy images; of the Brier score, less is better. ROC-AUC does not "
            "depend on the threshold, the others do.",
        ),
        Notes(result.warnings, warning=True),
    ]


def _found(result: DemoResult) -> list[Block]:
    place, counts, answers = result.place, result.counts, result.answers
    prepared = PreparedSet.open(place.images("noisy"))
    rows = prepared.catalog.reset_index(names="row").set_index("image_id").loc[answers["image_id"]]
    model = Run.open(place.run("adapted")).card
    gallery = plots.gallery_figure(
        np.asarray(prepared.images[rows["row"].to_numpy()]),
        answers["p_merger"].to_numpy(),
        answers["label"].to_numpy(np.int64),
        model.threshold,
        stretch="asinh",
        bands=prepared.info.bands,
    )
    called = counts["mergers_called"] + counts["nonmergers_called"]
    return [
        Paragraph(
            f"The adapted network classified {len(answers)} noisy FITS files, as a user would. It "
            f"calls {called} of them mergers: {counts['mergers_called']} of the "
            f"{counts['mergers']} images of mergers and {counts['nonmergers_called']} of the "
            f"{counts['nonmergers']} images of nonmergers. The catalogue is {place.catalog}."
        ),
        _figure(
            place.folder / "figures" / "gallery.png",
            gallery,
            "Noisy images in four rows: true positives, false positives, true negatives and "
            "false negatives, each with its score.",
            "Right and wrong answers, each row from the surest to the one nearest to the "
            "threshold. The colour of the score is that of the truth.",
        ),
        Paragraph(
            "What the networks look at, how their features lie, where they fail and whether their "
            f"scores can be used stands in the report: {place.report / 'report.html'}."
        ),
    ]


def _commands(result: DemoResult) -> list[Block]:
    lines = []
    for name, commands in result.commands.items():
        lines += [f"# {name}", *commands, ""]
    seconds = {**result.seconds, "all": sum(result.seconds.values())}
    return [
        Paragraph(
            "These commands do the same, step by step; give other names behind --out. The FITS "
            "files that the last one reads are the noisy test images, written by the demo. With "
            "images and labels of your own, begin with toomre prepare in place of toomre simulate."
        ),
        Code("\n".join(lines).strip()),
        Table(
            "How long each step took on this machine. A step that was stopped counts from where "
            "it went on.",
            ("step", "time [s]"),
            [(name, f"{value:.0f}") for name, value in seconds.items()],
        ),
    ]


def _figure(path: Path, figure: Any, alt: str, caption: str) -> Picture:
    plots.save_figure(figure, path)
    return Picture.read(path, alt, caption)


def _png(path: Path, image: Image.Image) -> bytes:
    with atomic_path(path) as temporary:
        image.save(temporary, "PNG")
    return path.read_bytes()


def _cell(interval: Interval) -> str:
    if np.isnan(interval.value):
        return "undefined"  # such as the purity where nothing is called a merger
    return f"{interval.value:.2f} ({interval.lower:.2f} to {interval.upper:.2f})"
