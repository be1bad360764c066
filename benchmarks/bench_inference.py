"""Each runtime against the same network run plainly by torch; then what the views cost beside it.

One thread, variants interleaved in one process, random weights: DeepMerge II for 3 bands of
75 x 75 pixels, one look at each image. Plain: BatchNorm in its place, bands first, 128 images at a
time, their best. The runtimes take 16 at a time; filling their batch is part of their time. A line
each: the ratio of the medians and the floor it has to hold; a runtime that is not installed, or a
precision that the processor does not have, is left out. Then scoring with `Predictor` (eight
views, normalised) as a multiple of the network's own time for as many images.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

from collections.abc import Callable

import numpy as np
import torch
from bench_classify import make_model
from numpy.typing import NDArray
from timing import interleaved

from toomre.errors import ToomreError
from toomre.inference.predictor import VIEWS, Predictor
from toomre.inference.runtimes.runtime import Runtime
from toomre.inference.runtimes.tables import find_runtime
from toomre.inference.store import Model

IMAGES, BATCH, ROUNDS = 128, 16, 15
FLOORS = {
    ("torch", "float32"): 3.0,
    ("torch", "bfloat16"): None,
    ("onnx", "float32"): None,
    ("openvino", "float32"): None,
    ("openvino", "bfloat16"): 5.5,
}
# Largest difference of the logits from plain torch.
TOLERANCES = {"float32": 1e-5, "bfloat16": 0.05}

Way = tuple[str, str]


def plain(model: Model, images: NDArray[np.float32]) -> Callable[[], NDArray[np.float32]]:
    network = model.network.to(memory_format=torch.contiguous_format)
    batch = torch.from_numpy(images)

    def run() -> NDArray[np.float32]:
        with torch.no_grad():
            return network(batch)[1].numpy()

    return run


def by(runtime: Runtime, images: NDArray[np.float32]) -> Callable[[], NDArray[np.float32]]:
    def run() -> NDArray[np.float32]:
        found = []
        for start in range(0, len(images), BATCH):
            runtime.batch[...] = images[start : start + BATCH]
            found.append(runtime.run())
        return np.concatenate(found)

    return run


def available(model: Model) -> dict[Way, tuple[Runtime, Predictor]]:
    found = {}
    for name, precision in FLOORS:
        shape = (BATCH, 3, 75, 75)
        try:
            runtime = find_runtime(name, precision)(
                model.network, shape, torch.device("cpu"), precision
            )
        except ToomreError as error:
            print(f"# {name} {precision}: {error}")
            continue
        found[name, precision] = runtime, Predictor(model, runtime=name, precision=precision)
    return found


def main() -> None:
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    images = rng.normal(size=(IMAGES, 3, 75, 75)).astype(np.float32)
    model = make_model()
    ways = available(model)
    works = {("plain", "float32"): plain(model, images)}
    works |= {way: by(runtime, images) for way, (runtime, _) in ways.items()}
    expected = works["plain", "float32"]()
    for (name, precision), work in works.items():
        difference = float(np.abs(work() - expected).max())
        print(f"# {name} {precision}: logits differ by {difference:.1e}")
        if not difference <= TOLERANCES[precision]:
            raise SystemExit("the two ways differ: nothing to compare")
    few = images[: IMAGES // VIEWS]
    scoring = [lambda predictor=each: predictor.logits(few) for _, each in ways.values()]
    taken = interleaved([*works.values(), *scoring], ROUNDS)
    times = dict(zip(works, taken, strict=False))
    whole = dict(zip(ways, taken[len(works) :], strict=True))
    print(f"# plain: {IMAGES / times['plain', 'float32']:.0f} looks/s")
    for way in ways:
        ratio, floor = times["plain", "float32"] / times[way], FLOORS[way]
        print(
            f"inference_{way[0]}_{way[1]}  ratio {ratio:.2f}  "
            + (f"floor {floor}" if floor else "(no floor)")
        )
    for way in ways:
        print(
            f"# scoring by {way[0]} {way[1]}: {whole[way] / times[way]:.2f} x the network's time, "
            f"{times['plain', 'float32'] / whole[way]:.2f} x plain looks"
        )


if __name__ == "__main__":
    main()
