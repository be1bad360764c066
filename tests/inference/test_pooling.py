"""Pooling by halves gives torch's numbers, bit by bit."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from toomre.inference.pooling import HalvingPool, quick_pools


@pytest.mark.parametrize("size", [(75, 75), (8, 9), (2, 3), (5, 2)])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_the_numbers_are_torchs(size, layout):
    generator = torch.Generator().manual_seed(1)
    maps = torch.randn(3, 5, *size, generator=generator).to(memory_format=layout)
    assert torch.equal(HalvingPool()(maps), nn.MaxPool2d(2)(maps))


def test_what_is_not_finite_stays():
    maps = torch.tensor([[[[1.0, float("nan")], [2.0, 3.0]]], [[[-1.0, float("inf")], [0.0, 0.0]]]])
    torch.testing.assert_close(HalvingPool()(maps), nn.MaxPool2d(2)(maps), equal_nan=True)


@pytest.mark.parametrize(
    "other",
    [
        nn.MaxPool2d(3),
        nn.MaxPool2d(2, stride=1),
        nn.MaxPool2d((2, 1)),
        nn.MaxPool2d(2, padding=1),
        nn.MaxPool2d(2, dilation=2),
        nn.MaxPool2d(2, ceil_mode=True),
        nn.MaxPool2d(2, return_indices=True),
        nn.AvgPool2d(2),
    ],
)
def test_other_poolings_stay(other):
    layers = quick_pools(nn.Sequential(nn.Sequential(nn.MaxPool2d((2, 2))), other))
    assert type(layers[0][0]) is HalvingPool
    assert layers[1] is other
