"""Networks to explain: one whose answer is known by hand, and one of each published kind."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from toomre.networks.deepmerge import (
    DeepMerge1Backbone,
    DeepMerge1Head,
    DeepMerge2Backbone,
    DeepMerge2Head,
)
from toomre.networks.network import Network


class _Linear(nn.Module):
    """A convolution of 1 x 1 without bias, and the mean of each map as a feature."""

    def __init__(self, kernel: list[list[float]]) -> None:
        super().__init__()
        self.conv = nn.Conv2d(len(kernel[0]), len(kernel), 1, bias=False)
        self.conv.weight.data = torch.tensor(kernel)[:, :, None, None]
        self.num_features = len(kernel)

    @property
    def cam_layer(self) -> nn.Module:
        return self.conv

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.conv(images).mean(dim=(2, 3))


class _Head(nn.Module):
    def __init__(self, weight: list[list[float]]) -> None:
        super().__init__()
        self.output = nn.Linear(len(weight[0]), len(weight), bias=False)
        self.output.weight.data = torch.tensor(weight)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return self.output(features)


@pytest.fixture
def linear():
    """Make a linear network from the convolution's kernel and the head's weights."""
    return lambda kernel, weight: Network(_Linear(kernel), _Head(weight))


@pytest.fixture
def deepmerge2() -> Network:
    torch.manual_seed(4)
    return Network(DeepMerge2Backbone(bands=3, size=33), DeepMerge2Head(512)).eval()


@pytest.fixture
def deepmerge1() -> Network:
    torch.manual_seed(4)
    return Network(DeepMerge1Backbone(bands=3, size=33), DeepMerge1Head(512)).eval()


@pytest.fixture
def images(rng: np.random.Generator) -> np.ndarray:
    return rng.normal(size=(21, 3, 33, 33)).astype(np.float32)
