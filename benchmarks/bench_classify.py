"""Scoring with `Predictor` against the same network and the same eight views, plain eager.

One thread, variants interleaved in one process, random weights: DeepMerge II for 3 bands of
75 x 75 pixels. Prints one line: the ratio of the medians and the floor it has to hold.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from timing import interleaved

from toomre.build import build_network
from toomre.images.grid import Grid
from toomre.inference.predictor import VIEWS, Predictor, scores_of
from toomre.inference.store import Model
from toomre.jobs.bench_network import plain_logits
from toomre.networks.card import Architecture, InputCard, ModelCard, TrainingCard
from toomre.networks.network import merger_logit

FLOOR = 3.0
IMAGES = 128
BATCH = 128
ROUNDS = 9


def make_model() -> Model:
    """DeepMerge II with random weights and BatchNorm statistics that are not neutral."""
    torch.manual_seed(1)
    plan = Architecture(backbone="deepmerge2", head="deepmerge2")
    network = build_network(plan, bands=3, size=75)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 2)
    training = TrainingCard(
        data="none",
        images=1,
        mergers=0,
        dataset_sha256="0" * 64,
        split_sha256="0" * 64,
        recipe_sha256="0" * 64,
        seed=1,
        epoch=0,
        toomre_version="0",
        torch_version=torch.__version__,
        created="",
    )
    card = ModelCard(
        name="random",
        architecture=plan,
        input=InputCard(
            bands=("i", "r", "g"),
            encoding="display",
            grid=Grid(size=75),
            mean=(26.0, 21.0, 14.0),
            std=(35.0, 30.0, 20.0),
        ),
        class_prior=0.5,
        weights_sha256="0" * 64,
        training=training,
    )
    return Model(card, network.eval())


def eager(model: Model, images: NDArray[np.float32]) -> Callable[[], NDArray[np.float64]]:
    """Return a function that scores the images as one would write it first."""
    logits = plain_logits(model, images, BATCH)

    def run() -> NDArray[np.float64]:
        found = merger_logit(torch.from_numpy(logits().reshape(-1, 2)))
        views = found.double().numpy().reshape(-1, VIEWS)
        return scores_of(views, model.card.calibration).p

    return run


def main() -> None:
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    images = rng.uniform(0, 255, (IMAGES, 3, 75, 75)).astype(np.float32)
    model = make_model()
    predictor = Predictor(model)
    variants = {"eager": eager(model, images), "predictor": lambda: predictor.scores(images).p}
    results = {name: run() for name, run in variants.items()}
    difference = float(np.abs(results["eager"] - results["predictor"]).max())
    if not difference < 1e-5:
        raise SystemExit(f"the two ways differ by {difference}: nothing to compare")
    median = dict(zip(variants, interleaved(list(variants.values()), ROUNDS), strict=True))
    for name, value in median.items():
        print(f"# {name}: {IMAGES / value:.0f} images/s ({IMAGES * VIEWS / value:.0f} views/s)")
    print(f"classify  ratio {median['eager'] / median['predictor']:.2f}  floor {FLOOR}")


if __name__ == "__main__":
    main()
