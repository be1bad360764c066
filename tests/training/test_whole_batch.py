"""What one process can see of it; the rest is in test_distributed.py."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional

from toomre.training.whole_batch import WholeBatch


class Alone:
    """A group of one, which hears itself alone."""

    rank, size = 0, 1

    def stacked(self, tensor):
        return tensor[None]

    def total(self, tensor):
        return tensor


class Second:
    """The second of two processes; the other has the images that are given here."""

    rank, size = 1, 2

    def __init__(self, other):
        self.other = other

    def stacked(self, tensor):
        dims = [dim for dim in range(self.other.dim()) if dim != 1]
        variance, mean = torch.var_mean(self.other, dims, correction=0)
        return torch.stack([torch.stack([mean, variance]), tensor])


def passed(layer, images, context):
    images = images.clone().requires_grad_()
    with context:
        made = layer(images)
    made.square().sum().backward()
    return [made, images.grad, *(each.grad for each in layer.parameters()), *layer.buffers()]


@pytest.mark.parametrize("shape", [(5, 3), (5, 3, 4), (5, 3, 4, 2)])
@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("training", [True, False])
def test_batch_norm_of_one_is_that_of_torch(shape, affine, training):
    """The judge is torch, in double precision: values, gradients and running statistics."""
    torch.manual_seed(1)
    kind = {2: nn.BatchNorm1d, 3: nn.BatchNorm1d, 4: nn.BatchNorm2d}[len(shape)]
    images = 2 + 3 * torch.randn(shape, dtype=torch.float64)
    layers = [kind(3, affine=affine, momentum=0.3).double().train(training) for _ in range(2)]
    for layer in layers if affine else ():
        nn.init.constant_(layer.weight, 1.7)
    wanted = passed(layers[0], images, torch.enable_grad())
    found = passed(layers[1], images, WholeBatch(Alone(), [5]))
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, other)


def test_batch_norm_sees_the_other_part():
    images = torch.randn(6, 3, 4, 4, generator=torch.Generator().manual_seed(1)).double()
    layer, judge = nn.BatchNorm2d(3).double(), nn.BatchNorm2d(3).double()
    with WholeBatch(Second(images[:3] + 5), [3]):
        found = layer(images[3:])
    wanted = judge(torch.cat([images[:3] + 5, images[3:]]))[3:]
    torch.testing.assert_close(found, wanted)
    torch.testing.assert_close(layer.running_var, judge.running_var)


def test_half_precision_is_kept():
    images = torch.randn(8, 3, 4, 4, generator=torch.Generator().manual_seed(1)).bfloat16()
    layer, judge = nn.BatchNorm2d(3), nn.BatchNorm2d(3)
    with WholeBatch(Alone(), [8]):
        found = layer(images)
    assert found.dtype == torch.bfloat16
    torch.testing.assert_close(found, judge(images), rtol=0.02, atol=0.02)
    torch.testing.assert_close(layer.running_mean, judge.running_mean)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_dropout_takes_the_rows_of_the_whole_draw(layout):
    whole = torch.ones(10, 3, 4, 5).contiguous(memory_format=layout)
    torch.manual_seed(3)
    wanted = functional.dropout(whole, 0.4)
    torch.manual_seed(3)
    with WholeBatch(Second(whole), [2, 3]):
        found = nn.Dropout(0.4)(whole[:5])
    # The second process has the second half of the source (4) and of the target (6).
    assert torch.equal(found, torch.cat([wanted[2:4], wanted[7:10]]))
    after = torch.rand(1)
    torch.manual_seed(3)
    functional.dropout(whole, 0.4)
    assert torch.equal(after, torch.rand(1))


def test_each_domain_by_itself_has_its_own_rows():
    torch.manual_seed(3)
    wanted = functional.dropout(torch.ones(6, 7), 0.4)
    torch.manual_seed(3)
    with WholeBatch(Second(wanted), [2, 3]):
        found = functional.dropout(torch.ones(3, 7), 0.4)
        assert torch.equal(functional.dropout(found, 0.4, training=False), found)
    assert torch.equal(found, wanted[3:])
