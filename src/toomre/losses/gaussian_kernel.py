"""Sums of Gaussian kernels over all pairs of points, with the exact gradient in little memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from toomre.errors import ArgumentError
from toomre.lookup import lookup

__all__ = [
    "BANDWIDTHS",
    "Bandwidths",
    "bandwidth_rule",
    "joined",
    "kernel_sum",
    "squared_distances",
]

Bandwidths = Callable[[Tensor], Tensor]

#: Multiples of the median squared distance.
_MULTIPLES = (0.25, 0.5, 1.0, 2.0, 4.0)
_PAPER19 = (
    *(1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0, 5.0, 10.0, 15.0),
    *(20.0, 25.0, 30.0, 35.0, 1e2, 1e3, 1e4, 1e5, 1e6),
)


def _median(distances: Tensor) -> Tensor:
    """Return multiples of the median over the pairs of different points."""
    row, column = torch.triu_indices(
        len(distances), len(distances), offset=1, device=distances.device
    )
    median = distances[row, column].median()
    # Above 0, even where all points are the same.
    median = median.clamp(min=torch.finfo(distances.dtype).tiny ** 0.5)
    return median * distances.new_tensor(_MULTIPLES)


def _fixed(values: Sequence[float]) -> Bandwidths:
    return lambda distances: distances.new_tensor(values)


#: Name -> function from squared distances (n, n) to sigma^2 (k,).
BANDWIDTHS: Mapping[str, Bandwidths] = {"median": _median, "paper19": _fixed(_PAPER19)}


def bandwidth_rule(bandwidths: str | Sequence[float]) -> Bandwidths:
    """Return the function from squared distances (n, n) to the kernels' sigma^2 (k,).

    ``"median"``: 1/4, 1/2, 1, 2 and 4 times the median squared distance of the batch, so that
    the kernels follow the scale of the features. ``"paper19"``: the 19 numbers from 1e-6 to 1e6
    of the code published with Ciprijanovic+ 2021. Or a list of positive numbers.

    Raises
    ------
    ArgumentError
        If the name is not known or a number is not positive.

    Examples
    --------
    >>> bandwidth_rule([1.0, 2.0])(torch.zeros(3, 3))
    tensor([1., 2.])
    """
    if isinstance(bandwidths, str):
        return lookup(BANDWIDTHS, bandwidths, "bandwidths")
    if not bandwidths or not all(value > 0 for value in bandwidths):
        raise ArgumentError.expected(
            "bandwidths", "'median', 'paper19' or a list of positive numbers", bandwidths
        )
    return _fixed(bandwidths)


def joined(source: Tensor, target: Tensor) -> Tensor:
    """Return both domains' points, (n + m, d), about their common mean.

    What follows from distances does not change, but loses fewer digits.
    """
    points = torch.cat([source, target])
    return points - points.detach().mean(0)


def squared_distances(points: Tensor) -> Tensor:
    """Return the squared distances of all pairs, (n, n), without their gradient.

    A distance that rounding could have made is 0, above all the one of a point to itself: a
    narrow kernel would turn the error into another value.

    Examples
    --------
    >>> squared_distances(torch.tensor([[0.0, 0.0], [3.0, 4.0]]))
    tensor([[ 0., 25.],
            [25.,  0.]])
    """
    points = points.detach()
    with torch.autocast(points.device.type, enabled=False):
        squares = points.square().sum(1)
        sums = squares[:, None] + squares
        distances = sums - 2 * (points @ points.T)
    rounding = 32 * torch.finfo(points.dtype).eps * sums
    distances = torch.where(distances > rounding, distances, 0.0)
    return distances.fill_diagonal_(0.0)


def kernel_sum(points: Tensor, distances: Tensor, pairs: Tensor, bandwidths: Tensor) -> Tensor:
    """Return the sum over pairs and kernels of pairs_ij exp(-|x_i - x_j|^2 / (2 sigma_k^2)).

    Parameters
    ----------
    points
        (n, d); the gradient goes to them alone.
    distances
        Their `squared_distances`, (n, n).
    pairs
        The symmetric weights of the pairs, (n, n).
    bandwidths
        The kernels' sigma^2, (k,).

    Examples
    --------
    >>> x = torch.tensor([[0.0], [1.0]])
    >>> kernel_sum(x, squared_distances(x), torch.ones(2, 2), torch.tensor([0.5]))
    tensor(2.7358)
    """
    value: Tensor = _KernelSum.apply(points, distances, pairs, bandwidths)  # type: ignore[no-untyped-call]
    return value


class _KernelSum(torch.autograd.Function):
    """The gradient of point i is -2 sum_j a_ij (x_i - x_j), a_ij = pairs_ij sum_k kernel / sigma^2.

    It is made in the forward pass: the matrices of all pairs need not be kept.
    """

    @staticmethod
    def forward(
        ctx: Any, points: Tensor, distances: Tensor, pairs: Tensor, bandwidths: Tensor
    ) -> Tensor:
        kernels, slopes = torch.zeros_like(distances), torch.zeros_like(distances)
        for bandwidth in bandwidths:
            # Below -80 there is nothing to add, but denormal numbers are slow.
            kernel = (distances * (-0.5 / bandwidth)).clamp_(min=-80.0).exp_()
            kernels += kernel
            slopes.addcdiv_(kernel, bandwidth.expand_as(kernel))
        slopes = torch.where(distances > 0, slopes * pairs, 0.0)
        with torch.autocast(points.device.type, enabled=False):
            gradient = torch.addmm(slopes.sum(1)[:, None] * points, slopes, points, alpha=-1)
        ctx.save_for_backward(gradient.mul_(-2))
        return (kernels * pairs).sum()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, output: Tensor) -> tuple[Tensor, None, None, None]:
        (gradient,) = ctx.saved_tensors
        return output * gradient, None, None, None
