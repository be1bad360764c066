"""What this processor multiplies, and how many images each runtime scores, a second and a core."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from toomre.datasets.normalisation import Normalisation
from toomre.errors import ArgumentError, MissingPackageError
from toomre.images.dihedral import transform
from toomre.inference.predictor import VIEWS, Predictor
from toomre.inference.runtimes.runtime import Precision
from toomre.inference.runtimes.torch_runtime import has_bfloat16
from toomre.inference.store import Model
from toomre.jobs.timing import interleaved

__all__ = ["PLAIN", "Network", "gigaflops", "network_rates", "plain_logits"]

#: The name of the network as one would write it first.
PLAIN = "torch, plain"

_WAYS: Mapping[str, tuple[str, Precision]] = {
    "torch": ("torch", "float32"),
    "torch, bfloat16": ("torch", "bfloat16"),
    "onnx": ("onnx", "float32"),
    "openvino": ("openvino", "float32"),
    "openvino, bfloat16": ("openvino", "bfloat16"),
}
_SIDE = 1024  # of the matrices


@dataclass(frozen=True)
class Network:
    """How quickly images are scored, each by its eight views.

    Attributes
    ----------
    rates
        Way -> images a second.
    left_out
        Way -> why it cannot be had here.
    """

    rates: Mapping[str, float]
    left_out: Mapping[str, str]


def gigaflops(rounds: int) -> Mapping[str, float]:
    """Return 10^9 floating-point operations a second of a product of matrices, by precision."""
    types = {"float32": torch.float32}
    if has_bfloat16(torch.device("cpu")):
        types["bfloat16"] = torch.bfloat16
    pairs = {name: torch.randn(2, _SIDE, _SIDE).to(kind) for name, kind in types.items()}
    works = [partial(torch.mm, *pair) for pair in pairs.values()]
    times = interleaved(works, rounds)
    return {name: 2e-9 * _SIDE**3 / time for name, time in zip(pairs, times, strict=True)}


def network_rates(model: Model, count: int, rounds: int) -> Network:
    """Measure every way to score a model's images that this machine has.

    Parameters
    ----------
    model
        Card and network.
    count
        Images.
    rounds
        How often each is measured, in turn.
    """
    wanted = model.card.input
    mean, std = (np.reshape(values, (-1, 1, 1)) for values in (wanted.mean, wanted.std))
    shape = (count, len(mean), wanted.grid.size, wanted.grid.size)
    pixels = (mean + std * np.random.default_rng(3).normal(size=shape)).astype(np.float32)
    works: dict[str, Callable[[], object]] = {PLAIN: plain_logits(model, pixels)}
    left_out = {}
    for way, (runtime, precision) in _WAYS.items():
        try:
            predictor = Predictor(model, runtime=runtime, precision=precision)
        except (ArgumentError, MissingPackageError) as error:
            left_out[way] = str(error)
            continue
        read = predictor.votes if model.card.architecture.answers else predictor.logits
        works[way] = partial(read, pixels)
    times = interleaved(list(works.values()), rounds)
    rates = {way: count / time for way, time in zip(works, times, strict=True)}
    return Network(rates, left_out)


def plain_logits(
    model: Model, images: NDArray[np.float32], batch: int = 128
) -> Callable[[], NDArray[np.float32]]:
    """Return what scores images as one would write it first: (n, views, outputs).

    The network is as it was trained, its layers one by one, bands first in memory; `batch` images
    go through it at a time.
    """
    network = model.network.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    wanted = model.card.input
    normalisation = Normalisation(wanted.mean, wanted.std, wanted.stretch)

    def run() -> NDArray[np.float32]:
        found = []
        with torch.no_grad():
            for start in range(0, len(images), batch):
                block = normalisation.apply(images[start : start + batch])
                views = [np.ascontiguousarray(transform(block, k)) for k in range(VIEWS)]
                outputs = [network(torch.from_numpy(view))[1].numpy() for view in views]
                found.append(np.stack(outputs, axis=1))
        return np.concatenate(found)

    return run
