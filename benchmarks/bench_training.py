"""Training: one step against plain eager PyTorch, one epoch against its computing alone.

A (plain eager): the published layer order (BatchNorm, ReLU, pool), channels first, as one would
write it. B: what `toomre` does (channels last, ReLU after the pool). Both train DeepMerge II
with cross-entropy and Adam on batches of 128 images of 3 x 75 x 75 pixels.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from statistics import median

import numpy as np
import torch
from timing import interleaved, seconds
from torch import nn

from toomre.build import build_loss, build_network
from toomre.datasets.batches import TrainingBatches, View
from toomre.datasets.normalisation import Normalisation
from toomre.losses.domain_batch import DomainBatch
from toomre.networks.card import Architecture
from toomre.recipe import Augmentation, LossTerm

BATCH, BANDS, SIZE = 128, 3, 75


def published_network() -> nn.Module:
    layers: list[nn.Module] = []
    channels = BANDS
    for width, kernel in ((8, 5), (16, 3), (32, 3)):
        layers += [
            nn.Conv2d(channels, width, kernel, padding=kernel // 2),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.MaxPool2d(2),
        ]
        channels = width
    dense = [nn.Linear(2592, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 2)]
    return nn.Sequential(*layers, nn.Flatten(), *dense)


def plain_step() -> Callable[[torch.Tensor, torch.Tensor], None]:
    network = published_network().train()
    optimizer = torch.optim.Adam(network.parameters())

    def step(images: torch.Tensor, labels: torch.Tensor) -> None:
        loss = nn.functional.cross_entropy(network(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step


def toomre_step(precision: torch.dtype) -> Callable[[torch.Tensor, torch.Tensor], None]:
    plan = Architecture(backbone="deepmerge2", head="deepmerge2")
    network = build_network(plan, bands=BANDS, size=SIZE).train()
    loss_function = build_loss((LossTerm(name="cross_entropy"),), 2592)
    optimizer = torch.optim.Adam(network.parameters())

    def step(images: torch.Tensor, labels: torch.Tensor) -> None:
        with torch.autocast("cpu", torch.bfloat16, enabled=precision is torch.bfloat16):
            features, logits = network(images)
        batch = DomainBatch(features.float(), logits.float(), labels)
        loss = loss_function(batch)[0] + network.penalty()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()

    return step


def bench_step(rounds: int) -> None:
    images = torch.randn(BATCH, BANDS, SIZE, SIZE)
    last = images.contiguous(memory_format=torch.channels_last)
    labels = torch.arange(BATCH) % 2
    plain, ours = plain_step(), toomre_step(torch.float32)
    works = [lambda: plain(images, labels), lambda: ours(last, labels)]
    if torch.backends.mkldnn.is_available() and torch.cpu._is_avx512_bf16_supported():
        half = toomre_step(torch.bfloat16)
        works.append(lambda: half(last, labels))
    times = interleaved(works, rounds)
    print(f"training_step             ratio {times[0] / times[1]:5.2f}  floor 1.45 (>=)")
    print(f"                          {BATCH / times[1]:.0f} images/s, {sgemm_share(times[1])}")
    if len(times) > 2:
        print(f"training_step_bfloat16    ratio {times[0] / times[2]:5.2f}  floor 1.80 (>=)")


def sgemm_share(step_seconds: float) -> str:
    """Return the share of the measured matrix multiplication peak (32.9 MFLOP an image)."""
    a = torch.randn(1024, 1024)
    peak = 2 * 1024**3 / median(seconds(lambda: a @ a) for _ in range(9))
    share = BATCH * 32.9e6 / step_seconds / peak
    return f"{100 * share:.0f} % of the sgemm peak of {peak / 1e9:.0f} GFLOP/s (floor 35 %)"


def bench_epoch(rounds: int) -> None:
    rng = np.random.default_rng(1)
    stored = rng.normal(size=(1024, BANDS, 105, 105)).astype(np.float32)
    view = View(SIZE, Normalisation((0.0,) * BANDS, (1.0,) * BANDS))
    labels = np.arange(len(stored)) % 2
    images = torch.randn(BATCH, BANDS, SIZE, SIZE).contiguous(memory_format=torch.channels_last)
    fixed = torch.arange(BATCH) % 2
    step = toomre_step(torch.float32)
    epoch = iter(range(10_000))

    def with_data(plan: Augmentation) -> Callable[[], None]:
        batches = TrainingBatches(stored, np.arange(len(stored)), labels, view, plan, BATCH, 1)

        def work() -> None:
            number = next(epoch)
            for k in range(batches.steps):
                pixels, truth = batches.batch(number, k)
                step(pixels, truth)

        return work

    def alone() -> None:
        for _ in range(len(stored) // BATCH):
            step(images, fixed)

    works = [alone, with_data(Augmentation()), with_data(Augmentation(rotation=True, zoom=0.1))]
    times = interleaved(works, rounds)
    print(f"epoch_flips_and_turns     ratio {times[1] / times[0]:5.2f}  floor 1.10 (<=)")
    print(f"epoch_free_rotation       ratio {times[2] / times[0]:5.2f}  floor 1.30 (<=)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    torch.set_num_threads(1)
    bench_step(2 * rounds)
    bench_epoch(max(5, rounds // 2))


if __name__ == "__main__":
    main()
