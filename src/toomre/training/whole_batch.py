"""BatchNorm and dropout of a batch whose parts are in several processes, as in one process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable
from torch.nn import functional
from torch.overrides import TorchFunctionMode

__all__ = ["Group", "WholeBatch"]


class Group(Protocol):
    """What is needed of the processes."""

    @property
    def rank(self) -> int:
        """The number of this one."""
        ...

    @property
    def size(self) -> int:
        """How many there are."""
        ...

    def stacked(self, tensor: Tensor) -> Tensor:
        """Return the tensors of all processes, (size, ...)."""
        ...

    def total(self, tensor: Tensor) -> Tensor:
        """Return the sum over all processes."""
        ...


class WholeBatch(TorchFunctionMode):
    """A context in which a part of a batch goes through a network as it would within the whole.

    BatchNorm takes its statistics over all parts, and adds to the running ones what they say
    (as in PyTorch's SyncBatchNorm, which is for GPUs alone). Dropout draws for the whole batch
    and takes the part's rows, so that the random numbers are those of one process. The layers
    themselves stay as they are, and so do their names in a state.

    Parameters
    ----------
    group
        The processes; each has a part of the same size.
    counts
        Images in this part, of each domain. The network may see the domains one by one, or all
        at once in this order.
    """

    def __init__(self, group: Group, counts: Sequence[int]) -> None:
        super().__init__()
        self._group = group
        self._counts = tuple(counts)
        self._own: dict[Any, Callable[..., Tensor]] = {
            functional.batch_norm: self._batch_norm,
            functional.dropout: self._dropout,
        }

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return self._own.get(func, func)(*args, **(kwargs or {}))

    def _batch_norm(
        self,
        input: Tensor,  # noqa: A002 - the names are torch's
        running_mean: Tensor | None,
        running_var: Tensor | None,
        weight: Tensor | None = None,
        bias: Tensor | None = None,
        training: bool = False,
        momentum: float = 0.1,
        eps: float = 1e-5,
    ) -> Tensor:
        running = (running_mean, running_var)
        if not training:
            return functional.batch_norm(input, *running, weight, bias, eps=eps)
        mean, variance = _moments(input, self._group)
        count = input.numel() // input.shape[1] * self._group.size
        measured = (mean, variance * count / max(1, count - 1))
        for buffer, value in zip(running, measured, strict=True):
            if buffer is not None:
                buffer.mul_(1 - momentum).add_(momentum * value)
        made: Tensor = _Normalised.apply(  # type: ignore[no-untyped-call]
            input, weight, bias, (mean, variance, eps), self._group
        )
        return made

    def _dropout(
        self,
        input: Tensor,  # noqa: A002 - the names are torch's
        p: float = 0.5,
        training: bool = True,
        inplace: bool = False,
    ) -> Tensor:
        del inplace
        if not training:
            return input
        layout = torch.contiguous_format
        if input.dim() == 4 and input.is_contiguous(memory_format=torch.channels_last):
            layout = torch.channels_last  # the draws follow the order in memory
        shape = (len(input) * self._group.size, *input.shape[1:])
        ones = torch.ones(shape, dtype=input.dtype, device=input.device)
        drawn = functional.dropout(ones.contiguous(memory_format=layout), p)
        return input * drawn[self._rows(len(input)).to(input.device)]

    def _rows(self, count: int) -> Tensor:
        """Return where the images of this part stand in the whole batch."""
        parts = self._counts if count == sum(self._counts) else (count,)
        rows, begin = [], 0
        for part in parts:
            rows.append(torch.arange(part) + begin + self._group.rank * part)
            begin += part * self._group.size
        return torch.cat(rows)


@torch.no_grad()
def _moments(images: Tensor, group: Group) -> tuple[Tensor, Tensor]:
    """Return the mean and the variance of each channel over all parts, (c,)."""
    variance, mean = torch.var_mean(_wide(images), _all_but_channels(images), correction=0)
    means, variances = group.stacked(torch.stack([mean, variance])).unbind(1)
    centre = means.mean(0)
    return centre, variances.mean(0) + (means - centre).square().mean(0)


class _Normalised(Function):
    """(x - mean) / sqrt(variance + eps) * weight + bias, where x makes the mean and variance."""

    @staticmethod
    def forward(
        ctx: Any,
        images: Tensor,
        weight: Tensor | None,
        bias: Tensor | None,
        moments: tuple[Tensor, Tensor, float],
        group: Group,
    ) -> Tensor:
        mean, variance, eps = moments
        ctx.save_for_backward(images, weight, mean, torch.rsqrt(variance + eps))
        ctx.group = group
        return functional.batch_norm(images, mean, variance, weight, bias, eps=eps)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        images, weight, mean, scale = ctx.saved_tensors
        dims, group = _all_but_channels(images), ctx.group
        shape = (1, -1, *(1,) * (images.dim() - 2))
        wide = _wide(gradient)
        unit = (_wide(images) - mean.view(shape)) * scale.view(shape)
        own = torch.stack([wide.sum(dims), (wide * unit).sum(dims)])
        count = images.numel() // images.shape[1] * group.size
        first, second = group.total(own) / count
        if weight is not None:
            scale = scale * weight
        made = scale.view(shape) * (wide - first.view(shape) - unit * second.view(shape))
        to_weight = None if weight is None else own[1].to(weight.dtype)
        to_bias = own[0].to(mean.dtype) if ctx.needs_input_grad[2] else None
        return made.to(images.dtype), to_weight, to_bias, None, None


def _all_but_channels(images: Tensor) -> list[int]:
    return [dim for dim in range(images.dim()) if dim != 1]


def _wide(tensor: Tensor) -> Tensor:
    """Return half precision as float32, and the rest as it is."""
    return tensor.to(torch.promote_types(tensor.dtype, torch.float32))
