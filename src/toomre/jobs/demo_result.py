"""What the demo found: read from its folder, and said in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import pandas as pd

from toomre.evaluation.bootstrap import Interval
from toomre.inference.catalog_reading import read_catalog
from toomre.jobs.demo_steps import IMAGES, NETWORKS, STEPS, DemoFolder
from toomre.preparation.prepared import PreparedSet
from toomre.storage import read_json

__all__ = ["DemoResult"]


@dataclass(frozen=True, eq=False)
class DemoResult:
    """What `demo` made and found.

    Attributes
    ----------
    place
        Where everything is.
    seconds
        Name of a step -> how long it took [s].
    commands
        Name of a step -> the commands that do the same.
    metrics
        (network, images) -> name of a metric -> its value on the test part, with its interval;
        the networks are ``"source-only"`` and ``"adapted"``, the images ``"pristine"`` and
        ``"noisy"``.
    warnings
        What the evaluations warn of.
    answers
        One row a noisy test image: the catalogue's columns, and the truth as `label`.
    """

    place: DemoFolder
    seconds: Mapping[str, float]
    commands: Mapping[str, list[str]]
    metrics: Mapping[tuple[str, str], Mapping[str, Interval]]
    warnings: tuple[str, ...]
    answers: pd.DataFrame

    @classmethod
    def read(cls, place: DemoFolder, record: Mapping[str, Any]) -> DemoResult:
        """Read the results of the finished steps; `record` is the content of ``demo.json``."""
        metrics, warnings = {}, []
        for network, images in product(NETWORKS, IMAGES):
            found = read_json(place.measured(network, images) / "metrics.json")
            metrics[network, images] = {
                name: _interval(one) for name, one in found["metrics"].items()
            }
            warnings += [f"{network} on {images} images: {text}" for text in found["warnings"]]
        truth = PreparedSet.open(place.images("noisy")).catalog[["image_id", "label"]]
        catalog = read_catalog(place.catalog)
        # Without a table of the user's, an image has the name of its file.
        catalog["image_id"] = catalog["image_id"].str.removesuffix(".fits")
        answers = catalog.merge(truth, on="image_id", how="left", validate="one_to_one")
        seconds, commands = (
            {name: record[key][name] for name in STEPS} for key in ("seconds", "commands")
        )
        return cls(place, seconds, commands, metrics, tuple(warnings), answers)

    @property
    def counts(self) -> dict[str, int]:
        """How many mergers and nonmergers were classified, and how many were called mergers."""
        merger, called = self.answers["label"] == 1, self.answers["is_merger"].fillna(False)
        return {
            "mergers": int(merger.sum()),
            "mergers_called": int((merger & called).sum()),
            "nonmergers": int((~merger).sum()),
            "nonmergers_called": int((~merger & called).sum()),
        }

    @property
    def verdict(self) -> str:
        """What the adaptation brought on noisy images, as far as the intervals bear it."""
        before, after = (self.metrics[network, "noisy"]["roc_auc"] for network in NETWORKS)
        if after.lower > before.upper:
            return "The adaptation helps on noisy images: the intervals do not overlap."
        if after.value > before.value:
            return (
                "The adaptation may help on noisy images, but the intervals overlap: so small a "
                "sample cannot tell it from chance."
            )
        return "The adaptation does not help on noisy images in this small sample."

    @property
    def summary(self) -> str:
        """What was done and found, in words."""
        counts = self.counts
        auc = {pair: metrics["roc_auc"] for pair, metrics in self.metrics.items()}
        return (
            f"Simulated {self.place.galaxies} galaxies (seed {self.place.seed}) and trained two "
            "networks.\nROC-AUC on galaxies that neither has seen (0.5 is guessing), with its 95 % "
            "interval:\n"
            f"  trained on clean images, on clean images:    {auc['source-only', 'pristine']}\n"
            f"  trained on clean images, on noisy images:    {auc['source-only', 'noisy']}\n"
            f"  adapted to noisy images, on noisy images:    {auc['adapted', 'noisy']}\n"
            f"  adapted to noisy images, on clean images:    {auc['adapted', 'pristine']}\n"
            f"{self.verdict}\n"
            f"Classified {len(self.answers)} noisy FITS files: called mergers "
            f"{counts['mergers_called']} of the {counts['mergers']} mergers and "
            f"{counts['nonmergers_called']} of the {counts['nonmergers']} nonmergers."
        )


def _interval(ends: Mapping[str, float | None]) -> Interval:
    return Interval(**{name: float("nan") if v is None else v for name, v in ends.items()})
