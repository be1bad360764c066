"""Training by several processes, as `torchrun` starts them, that give what one would give.

Each takes its part of every batch through the network. The outputs of all parts are gathered,
and each process computes the loss of the whole batch, whatever the loss is.
"""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.autograd import Function

from toomre.errors import ArgumentError, TrainingError
from toomre.training.whole_batch import WholeBatch

__all__ = ["ManyProcesses", "OneProcess", "processes"]

T = TypeVar("T")

# How long a process waits for another one that lives: for the first's validation, for example.
_PATIENCE = timedelta(hours=12)
_GROUPS = itertools.count()


@dataclass(frozen=True)
class OneProcess:
    """A training by one process: nothing is divided, and nobody has to be told.

    Attributes
    ----------
    rank, size
        The number of this process, from 0, and how many there are.

    Examples
    --------
    >>> OneProcess().gather(torch.ones(2))
    tensor([1., 1.])
    """

    rank: int = 0
    size: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this is the process that writes and speaks."""
        return self.rank == 0

    def gather(self, part: Tensor) -> Tensor:
        """Return the whole batch of which this process has a part, (n / size, ...); exact.

        Gradients flow back to the processes where the rows come from.
        """
        return part

    def as_one(self, counts: Sequence[int]) -> AbstractContextManager[Any]:
        """Give a context for a network's training pass over a part of a batch.

        Parameters
        ----------
        counts
            Images in this part, of each domain; see `WholeBatch`.
        """
        del counts
        return nullcontext()

    def average(self, parameters: Iterable[nn.Parameter]) -> None:
        """Give the gradients of all processes their mean, the gradient of the whole batch."""

    def spread(self, tensors: Iterable[Tensor]) -> None:
        """Give tensors the values that they have in the first process."""

    def agreed(self, find: Callable[[], T]) -> T:
        """Let the first process find something that JSON can hold, and tell it to all."""
        return find()

    def place(self, device: torch.device) -> torch.device:
        """Return the device of this process, where all were told the same one."""
        return device


class ManyProcesses(OneProcess):
    """One of several processes that train together (in torch's default process group)."""

    def gather(self, part: Tensor) -> Tensor:
        """Return the whole batch of which this process has a part, (n / size, ...); exact."""
        whole: Tensor = _Gathered.apply(part, self)  # type: ignore[no-untyped-call]
        return whole

    def as_one(self, counts: Sequence[int]) -> AbstractContextManager[Any]:
        """Give a context for a network's training pass over a part of a batch."""
        return WholeBatch(self, counts)

    def average(self, parameters: Iterable[nn.Parameter]) -> None:
        """Give the gradients of all processes their mean, the gradient of the whole batch.

        What comes through `gather` was summed over the processes, each of which has the loss of
        the whole batch; what all have alike, such as a loss's own weights, is its own mean.
        """
        found = [each.grad for each in parameters if each.grad is not None]
        mean = self.total(torch.cat([each.reshape(-1) for each in found])) / self.size
        parts = torch.split(mean, [each.numel() for each in found])
        for each, part in zip(found, parts, strict=True):
            each.copy_(part.view_as(each))

    def spread(self, tensors: Iterable[Tensor]) -> None:
        """Give tensors the values that they have in the first process."""
        for each in tensors:
            each.copy_(self._told(each.detach().clone(memory_format=torch.contiguous_format)))

    def agreed(self, find: Callable[[], T]) -> T:
        """Let the first process find something that JSON can hold, and tell it to all."""
        text = json.dumps(find()).encode() if self.is_first else b""
        length = int(self._told(torch.tensor([len(text)])))
        content = torch.tensor(list(text) if self.is_first else [0] * length, dtype=torch.uint8)
        value: T = json.loads(bytes(self._told(content).tolist()))
        return value

    def place(self, device: torch.device) -> torch.device:
        """Return the device of this process, where all were told the same one.

        Raises
        ------
        ArgumentError
            If they were told one GPU, or there are fewer GPUs than processes.
        """
        if device.type != "cuda":
            return device
        if device.index is not None:
            raise ArgumentError.expected(
                "device",
                "auto, cpu or cuda for several processes",
                str(device),
                "Each process takes a GPU of its own.",
            )
        number, there = int(os.environ.get("LOCAL_RANK", "0")), torch.cuda.device_count()
        if number >= there:
            allowed = f"at most {there}, the GPUs of this machine, or use --device cpu"
            raise ArgumentError.expected("--nproc-per-node", allowed, number + 1)
        torch.cuda.set_device(number)
        return torch.device("cuda", number)

    def stacked(self, tensor: Tensor) -> Tensor:
        """Return the tensors of all processes, (size, ...)."""
        parts = [
            torch.empty_like(tensor, memory_format=torch.contiguous_format)
            for _ in range(self.size)
        ]
        with _heard():
            dist.all_gather(parts, tensor.detach().contiguous())
        return torch.stack(parts)

    def total(self, tensor: Tensor) -> Tensor:
        """Return the sum over all processes, which has the same bits in each."""
        result = tensor.detach().clone(memory_format=torch.contiguous_format)
        with _heard():
            dist.all_reduce(result)
        return result

    def _told(self, tensor: Tensor) -> Tensor:
        with _heard():
            dist.broadcast(tensor, 0)
        return tensor


class _Gathered(Function):
    @staticmethod
    def forward(ctx: Any, part: Tensor, group: ManyProcesses) -> Tensor:
        ctx.group, ctx.count = group, len(part)
        return group.stacked(part).flatten(0, 1)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        start = ctx.group.rank * ctx.count
        whole: Tensor = ctx.group.total(gradient)
        return whole[start : start + ctx.count], None


@contextmanager
def processes() -> Iterator[OneProcess]:
    """Find the processes that `torchrun` started with this one, for as long as the block lasts.

    Where one of them fails, all end, and the one that failed first says why: its error goes on,
    and the others leave without a word. Within such a block, another one gives the same.

    Examples
    --------
    >>> with processes() as group:
    ...     group
    OneProcess(rank=0, size=1)
    """
    if dist.is_available() and dist.is_initialized():
        yield _members(dist.get_rank(), dist.get_world_size())
        return
    if not dist.is_available() or not dist.is_torchelastic_launched():
        yield OneProcess()
        return
    from torch.distributed.distributed_c10d import PrefixStore
    from torch.distributed.rendezvous import rendezvous

    meeting, rank, size = next(rendezvous("env://"))
    store = PrefixStore(f"toomre-{next(_GROUPS)}", meeting)
    kind = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
    dist.init_process_group(kind, store=store, rank=rank, world_size=size, timeout=_PATIENCE)
    try:
        yield _members(rank, size)
    except BaseException:
        if not _is_first_failure(store):
            raise SystemExit(1) from None
        raise
    dist.destroy_process_group()


def _members(rank: int, size: int) -> OneProcess:
    return ManyProcesses(rank, size) if size > 1 else OneProcess()


def _is_first_failure(store: Any) -> bool:
    try:
        return int(store.add("failed", 1)) == 1
    except RuntimeError:  # the store is gone with the process that kept it
        return True


@contextmanager
def _heard() -> Iterator[None]:
    """Turn torch's error about a process that is gone into one that says what to do."""
    try:
        yield
    except RuntimeError as error:
        raise TrainingError(
            f"Another process of this training ended, or cannot be reached ({error}). Look at "
            "what `torchrun` says of it, and go on with --resume."
        ) from error
