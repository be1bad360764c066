"""Weights and images that follow from a formula, so that other codes' answers can be recorded."""

from __future__ import annotations

import importlib
import math
import sys
from types import ModuleType

import pytest
import torch
from torch import Tensor, nn


def fill(module: nn.Module) -> nn.Module:
    """Give every tensor of a state dict values from sines, in sizes that keep signals alive."""
    values = {}
    for k, (name, tensor) in enumerate(module.state_dict().items()):
        if not tensor.is_floating_point():
            values[name] = tensor
            continue
        wave = torch.sin(0.7 * torch.arange(tensor.numel(), dtype=torch.float64) ** 1.1 + k)
        wave = wave.reshape(tensor.shape)
        if tensor.ndim > 1:
            wave = wave * math.sqrt(4 / tensor[0].numel())
        elif name.endswith(("running_var", "weight")):
            wave = 1 + 0.3 * wave
        else:
            wave = 0.1 * wave
        values[name] = wave.float()
    module.load_state_dict(values)
    return module


def picture(bands: int, size: int) -> Tensor:
    """Return one image of waves, (1, bands, size, size), from -1 to 1."""
    y, x = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    waves = [torch.sin(0.13 * (k + 1) * x + 0.07 * y + k) for k in range(bands)]
    return torch.stack(waves)[None]


@pytest.fixture
def filled():
    return fill


@pytest.fixture
def wave_image():
    return picture


# Kept, for an operator goes when its library does.
_OPERATORS: list[torch.library.Library] = []


def _import_torchvision() -> ModuleType:
    """Import torchvision, also where its compiled part is for another torch than ours.

    Its networks need none of that part; the import alone wants two of its operators to exist.
    """
    try:
        return importlib.import_module("torchvision")
    except RuntimeError:
        for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
            del sys.modules[name]
        library = torch.library.Library("torchvision", "DEF")
        for operator in ("nms", "qnms"):
            library.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        _OPERATORS.append(library)
        return importlib.import_module("torchvision")


@pytest.fixture(scope="session")
def torchvision() -> ModuleType:
    """The package torchvision, which is no part of toomre; without it the test is skipped."""
    try:
        return _import_torchvision()
    except (ImportError, RuntimeError) as error:
        pytest.skip(f"torchvision does not import: {error}")
