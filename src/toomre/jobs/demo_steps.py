"""The steps of the demo: each does its work and returns the commands that do the same."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import cast

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from toomre.jobs.classify import ClassifyOptions, classify
from toomre.jobs.evaluate import evaluate, evaluation_folder
from toomre.jobs.evidence import Evidence, gather_evidence
from toomre.jobs.report import report
from toomre.jobs.run import Run
from toomre.jobs.simulate import simulate
from toomre.jobs.train import TrainOptions, train
from toomre.output import output_folder
from toomre.preparation.prepared import PreparedSet
from toomre.preparation.split import Split
from toomre.recipes.shipped import open_recipe

__all__ = ["IMAGES", "NETWORKS", "STEPS", "DemoFolder", "held_out"]

Progress = Callable[[int, int], None]

#: Name of a network -> the recipe that it is trained by.
NETWORKS: Mapping[str, str] = {"source-only": "demo-source-only", "adapted": "demo-adapted"}
#: The twins of the sample.
IMAGES = ("pristine", "noisy")

# Test images whose shapes are measured, at some three a second and core.
_SHAPES = 120
# Epochs between those whose features are mapped.
_KEPT = 8


@dataclass(frozen=True)
class DemoFolder:
    """Where everything is, and what the demo is made of.

    Attributes
    ----------
    folder
        Of the demo.
    galaxies
        How many systems.
    seed
        Of the galaxies and of the networks.
    """

    folder: Path
    galaxies: int
    seed: int

    def images(self, name: str) -> Path:
        """Return the folder of one of the twins."""
        return self.folder / "mocks" / name

    def run(self, network: str) -> Path:
        """Return the folder of a training."""
        return self.folder / "runs" / network

    def measured(self, network: str, images: str) -> Path:
        """Return the folder of the evaluation of a trained network on one of the twins."""
        run, prepared = Run.open(self.run(network)), PreparedSet.open(self.images(images))
        return evaluation_folder(run, prepared, "test", run.domain_of(prepared))

    @property
    def cutouts(self) -> Path:
        """The folder of noisy FITS files."""
        return self.folder / "cutouts"

    @property
    def catalog(self) -> Path:
        """The merger catalogue of these files (Parquet)."""
        return self.folder / "mergers.parquet"

    @property
    def page(self) -> Path:
        """The page that tells it all."""
        return self.folder / "index.html"

    @property
    def report(self) -> Path:
        """The folder of the report: every figure and number of both networks."""
        return self.folder / "report"


def held_out(prepared: PreparedSet) -> NDArray[np.intp]:
    """Return the rows of the test part of what `simulate` made."""
    return cast("Split", prepared.split).rows("test").to_numpy(np.intp)


def _simulate(demo: DemoFolder, progress: Progress) -> list[str]:
    out = demo.images("pristine").parent
    # A stopped run may have left one of the twins finished; it is written again.
    simulate(
        out,
        pair="distant",
        galaxies=demo.galaxies,
        seed=demo.seed,
        overwrite=True,
        progress=progress,
    )
    number = f"--galaxies {demo.galaxies} --seed {demo.seed}"
    return [
        f"toomre simulate --pair distant {number} --out {_word(out)}",
        f"toomre look {_word(demo.images('noisy'))}",
    ]


def _train(demo: DemoFolder, progress: Progress) -> list[str]:
    return _fit(demo, "source-only", None, progress)


def _adapt(demo: DemoFolder, progress: Progress) -> list[str]:
    return _fit(demo, "adapted", demo.images("noisy"), progress)


def _fit(demo: DemoFolder, network: str, target: Path | None, progress: Progress) -> list[str]:
    data, recipe = demo.images("pristine"), NETWORKS[network]
    train(
        open_recipe(recipe).replaced(seed=demo.seed),
        data,
        demo.run(network),
        target=target,
        options=TrainOptions(resume=True, checkpoint_seconds=15, keep_every=_KEPT),
        progress=progress,
    )
    given = "" if target is None else f"--target {_word(target)} "
    return [
        f"toomre train {recipe} --data {_word(data)} {given}--seed {demo.seed} "
        f"--keep-every {_KEPT} --out {_word(demo.run(network))}"
    ]


def _measure(demo: DemoFolder, progress: Progress) -> list[str]:
    pairs = list(product(NETWORKS, IMAGES))
    commands = []
    for number, (network, images) in enumerate(pairs):
        run, data = demo.run(network), demo.images(images)
        progress(number, len(pairs))
        evaluate(run, data, figures=False)
        commands.append(f"toomre evaluate {_word(run)} --data {_word(data)}")
    progress(len(pairs), len(pairs))
    return commands


def _classify(demo: DemoFolder, progress: Progress) -> list[str]:
    prepared = PreparedSet.open(demo.images("noisy"))
    _write_files(demo.cutouts, prepared)
    model, scale = demo.run("adapted"), prepared.info.pixel_scale
    options = ClassifyOptions(pixel_scale=scale, overwrite=True)
    classify(demo.cutouts, model, demo.catalog, options=options, progress=progress)
    return [
        f"toomre classify {_word(demo.cutouts)} --model {_word(model)} --pixel-scale {scale!r} "
        f"--out {_word(demo.catalog)}"
    ]


def _report(demo: DemoFolder, progress: Progress) -> list[str]:
    runs = [demo.run(network) for network in NETWORKS]
    place = demo.report.with_name(f"{demo.report.name}-evidence")
    evidence = Evidence(runs, place, images=_SHAPES, epochs=2, pixels=False)
    known = gather_evidence(evidence, stage=lambda name: progress)
    report(runs, demo.report, also=known, overwrite=True)
    given = " ".join(map(_word, runs))
    return [f"toomre report {given} --out {_word(demo.report)} --full --images {_SHAPES}"]


def _write_files(out: Path, prepared: PreparedSet) -> None:
    """Write each image of the test part as a FITS cube that names its bands."""
    rows = held_out(prepared)
    names = [f"{name}.fits" for name in prepared.catalog["image_id"].iloc[rows]]
    with output_folder(out, names, overwrite=True) as folder:
        for row, name in zip(rows, names, strict=True):
            cube = fits.PrimaryHDU(np.asarray(prepared.images[row]))
            cube.header["BANDS"] = ",".join(prepared.info.bands)
            cube.header["BUNIT"] = prepared.info.unit
            cube.writeto(folder / name)


def _word(path: Path) -> str:
    return shlex.quote(str(path))


#: Name of a step -> what does it and returns its commands, in order.
STEPS: Mapping[str, Callable[[DemoFolder, Progress], list[str]]] = {
    "Simulating galaxies": _simulate,
    "Training on clean images": _train,
    "Adapting to noisy images": _adapt,
    "Measuring both networks": _measure,
    "Classifying noisy files": _classify,
    "Looking for reasons": _report,
}
