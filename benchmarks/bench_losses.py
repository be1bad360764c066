"""Losses: maximum mean discrepancy against the naive form, its memory, its share of a step.

A (naive): all differences as one n x n x d tensor, one exponential a bandwidth, autograd.
B: what `toomre` does (one Gram matrix, the gradient by its formula). Both take 128 + 128 vectors
of 2592 features and the 19 published bandwidths, forward and backward. The step is one of
DeepMerge II with cross-entropy and this loss, on 128 + 128 images of 3 x 75 x 75 pixels.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import torch
from timing import interleaved
from torch import Tensor

from toomre.build import build_loss, build_network
from toomre.losses.domain_batch import DomainBatch
from toomre.losses.mmd import MaximumMeanDiscrepancy
from toomre.networks.card import Architecture
from toomre.recipe import LossTerm

BATCH, FEATURES = 128, 2592
BANDWIDTHS = [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1, 5, 10, 15, 20, 25, 30, 35]
BANDWIDTHS += [1e2, 1e3, 1e4, 1e5, 1e6]
PUBLISHED = {"estimator": "biased", "bandwidths": "paper19"}


def naive(source: Tensor, target: Tensor) -> Tensor:
    """Return the published form, as one would write it."""
    points, n = torch.cat([source, target]), len(source)
    distances = (points[:, None] - points).square().sum(2)
    kernels = torch.stack([torch.exp(-distances / (2 * s)) for s in BANDWIDTHS]).sum(0)
    return (kernels[:n, :n] + kernels[n:, n:] - kernels[:n, n:] - kernels[n:, :n]).mean()


def ours(source: Tensor, target: Tensor) -> Tensor:
    labels = torch.zeros(len(source), dtype=torch.int64)
    return MaximumMeanDiscrepancy(**PUBLISHED)(DomainBatch(source, source, labels, target, target))


def features(dtype: torch.dtype = torch.float32) -> tuple[Tensor, Tensor]:
    """Return features as a network gives them: at least 0, a third of them 0."""
    generator = torch.Generator().manual_seed(1)
    both = torch.randn(2, BATCH, FEATURES, generator=generator).add(0.4).relu().to(dtype)
    source, target = both[0], both[1] * 1.1
    return source.requires_grad_(), target.requires_grad_()


def work(loss: Callable[[Tensor, Tensor], Tensor], dtype: torch.dtype) -> Callable[[], Tensor]:
    source, target = features(dtype)

    def forward_and_backward() -> Tensor:
        return torch.cat(torch.autograd.grad(loss(source, target), [source, target]))

    return forward_and_backward


def bench_naive(rounds: int) -> None:
    works = [work(naive, torch.float32), work(ours, torch.float32)]
    times = interleaved(works, rounds)
    print(f"mmd                       ratio {times[0] / times[1]:5.0f}  floor 100 (>=)")
    print(f"                          {1e3 * times[0]:.0f} ms against {1e3 * times[1]:.1f} ms")
    wanted, got = work(naive, torch.float64)(), work(ours, torch.float32)()
    error = float((got - wanted).abs().max() / wanted.abs().max())
    print(f"mmd_gradient_float64      error {error:.1e}  floor 1e-5 (<=)")


def bench_memory() -> None:
    """Run both once, each in a process of its own that reads its highest resident memory."""
    sizes = [
        float(subprocess.check_output([sys.executable, __file__, "--memory", name], text=True))
        for name in ("naive", "ours")
    ]
    print(f"mmd_memory_mib            extra {sizes[1]:5.1f}  floor 40 (<=), naive {sizes[0]:.0f}")


def extra_memory(loss: Callable[[Tensor, Tensor], Tensor]) -> float:
    """Return by how many MiB one forward and backward raises the memory (Linux)."""
    small = torch.randn(2, 4, FEATURES, requires_grad=True)
    loss(small[0], small[1]).backward()  # the libraries' own memory
    run = work(loss, torch.float32)
    Path("/proc/self/clear_refs").write_text("5")  # the high-water mark begins here
    before = high_water()
    run()
    return high_water() - before


def high_water() -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def bench_share(rounds: int) -> None:
    plan = Architecture(backbone="deepmerge2", head="deepmerge2")
    network = build_network(plan, bands=3, size=75).train()
    terms = (LossTerm(name="cross_entropy"), LossTerm(name="mmd", options=PUBLISHED))
    loss = build_loss(terms, FEATURES)
    optimizer = torch.optim.Adam(network.parameters())
    images = torch.randn(2 * BATCH, 3, 75, 75).contiguous(memory_format=torch.channels_last)
    labels = torch.arange(BATCH) % 2

    def step() -> None:
        h, z = network(images)
        batch = DomainBatch(h[:BATCH], z[:BATCH], labels, h[BATCH:], z[BATCH:])
        optimizer.zero_grad(set_to_none=True)
        loss(batch)[0].backward()
        optimizer.step()

    times = interleaved([step, work(ours, torch.float32)], rounds)
    print(f"mmd_share_of_step         share {100 * times[1] / times[0]:5.1f} %  floor 8 % (<=)")
    print(f"                          {1e3 * times[1]:.1f} ms of {1e3 * times[0]:.0f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--memory", choices=["naive", "ours"], help="used by the benchmark itself")
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.memory:
        print(extra_memory({"naive": naive, "ours": ours}[options.memory]))
        return
    bench_naive(options.rounds)
    bench_memory()
    bench_share(3 * options.rounds)


if __name__ == "__main__":
    main()
