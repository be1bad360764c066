"""Explanations: Grad-CAM of many images at once against one by one.

A: each image by itself, as usually written: hooks on the layer, a backward pass through the whole
network, the map put together and interpolated. B: `toomre.interpretation.grad_cam`: batches with
the bands last, and a gradient that ends at the layer. DeepMerge II, 3 x 75 x 75 pixels.
"""

from __future__ import annotations

import argparse

import numpy as np
import torch
from numpy.typing import NDArray
from timing import interleaved
from torch import Tensor
from torch.nn import functional

from toomre.build import build_network
from toomre.interpretation.grad_cam import grad_cam
from toomre.networks.card import Architecture
from toomre.networks.network import Network

COUNT, BANDS, SIZE = 256, 3, 75


def one_by_one(network: Network, images: NDArray[np.float32]) -> NDArray[np.float32]:
    kept: dict[str, Tensor] = {}

    def keep(module: object, inputs: object, output: Tensor) -> None:
        kept["maps"] = output

    def keep_gradient(module: object, before: object, after: tuple[Tensor, ...]) -> None:
        kept["gradient"] = after[0]

    layer = network.backbone.cam_layer
    handles = [layer.register_forward_hook(keep), layer.register_full_backward_hook(keep_gradient)]
    found = []
    for image in images:
        network.zero_grad()
        network(torch.from_numpy(image[None]))[1][0, 1].backward()
        weights = kept["gradient"].mean((2, 3), keepdim=True)
        summed = (weights * kept["maps"].detach()).sum(1, keepdim=True).relu()
        found.append(functional.interpolate(summed, size=(SIZE, SIZE), mode="bilinear")[0, 0])
    for handle in handles:
        handle.remove()
    return torch.stack(found).numpy()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(1)
    plan = Architecture(backbone="deepmerge2", head="deepmerge2")
    network = build_network(plan, bands=BANDS, size=SIZE).eval()
    images = np.random.default_rng(1).normal(size=(COUNT, BANDS, SIZE, SIZE)).astype(np.float32)
    works = [lambda: one_by_one(network, images), lambda: grad_cam(network, images, scale="raw")]
    times = interleaved(works, options.rounds)
    wanted, got = (work() for work in works)
    print(f"grad_cam                  ratio {times[0] / times[1]:5.1f}  floor 5 (>=)")
    print(
        f"                          {COUNT / times[0]:.0f} images/s against {COUNT / times[1]:.0f}"
    )
    error = np.abs(got - wanted).max() / wanted.max()
    print(f"grad_cam_one_by_one       error {error:.1e}  floor 1e-5 (<=)")


if __name__ == "__main__":
    main()
