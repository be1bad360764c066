"""What all explanations share: a network at rest, batches of one size, the score of a class."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from toomre.errors import ArgumentError

__all__ = ["BATCH", "Answer", "Scale", "at_rest", "batches", "class_score", "scaled"]

#: The two answers, in the order of the logits.
Answer = Literal["nonmerger", "merger"]
#: Maps of 0 to 1, each divided by its own largest value, or as they are.
Scale = Literal["unit", "raw"]

#: Images that go through a network at a time (quickest for 75 pixels on one core); memory grows
#: with it, not with their number.
BATCH = 16


@contextmanager
def at_rest(network: nn.Module) -> Iterator[None]:
    """Put a network in evaluation mode without gradients of its weights, and back afterwards.

    Examples
    --------
    >>> layer = nn.Linear(2, 1)
    >>> with at_rest(layer):
    ...     layer.training, layer.weight.requires_grad
    (False, False)
    >>> layer.training, layer.weight.requires_grad
    (True, True)
    """
    modes = [(module, module.training) for module in network.modules()]
    wanted = [(weight, weight.requires_grad) for weight in network.parameters()]
    network.eval()
    for weight, _ in wanted:
        weight.requires_grad = False
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training
        for weight, requires in wanted:
            weight.requires_grad = requires


def batches(
    network: nn.Module, images: NDArray[np.float32], batch_size: int
) -> Iterator[tuple[slice, Tensor]]:
    """Give normalised images in batches of one size, on the network's device, bands last.

    The last batch is filled up with zeros, for the order of sums within a network depends on the
    size of the batch: so a map does not depend on how many images are asked for.

    Returns
    -------
    Where each batch stands among the images, and the batch (batch_size, band, y, x).

    Raises
    ------
    ArgumentError
        If the images are not of shape (n, band, y, x), or the batch size is below 1.

    Examples
    --------
    >>> images = np.ones((3, 1, 4, 4), np.float32)
    >>> [(rows, len(batch)) for rows, batch in batches(nn.Identity(), images, 2)]
    [(slice(0, 2, None), 2), (slice(2, 3, None), 2)]
    """
    if images.ndim != 4:
        raise ArgumentError.expected("images", "of shape (n, band, y, x)", images.shape)
    if batch_size < 1:
        raise ArgumentError.expected("batch_size", "a positive number", batch_size)
    weight = next(network.parameters(), None)
    device = torch.device("cpu") if weight is None else weight.device
    for start in range(0, len(images), batch_size):
        stop = min(start + batch_size, len(images))
        batch = torch.zeros(batch_size, *images.shape[1:])
        batch[: stop - start] = torch.from_numpy(np.ascontiguousarray(images[start:stop]))
        batch = batch.to(device).contiguous(memory_format=torch.channels_last)
        yield slice(start, stop), batch


def class_score(logits: Tensor, answer: Answer) -> Tensor:
    """Return the score whose gradient explains an answer, (n,): before the softmax or sigmoid.

    With two logits it is that of the class; with one, which is the merger's, the nonmerger's is
    its negative.

    Raises
    ------
    ArgumentError
        If the answer is no class, or there are neither one nor two logits.

    Examples
    --------
    >>> class_score(torch.tensor([[1.0, 3.0]]), "nonmerger")
    tensor([1.])
    >>> class_score(torch.tensor([[3.0]]), "nonmerger")
    tensor([-3.])
    """
    names = get_args(Answer)
    if answer not in names:
        raise ArgumentError.expected("answer", "'merger' or 'nonmerger'", answer)
    if logits.shape[1] not in (1, 2):
        allowed = "that of a network with one or two logits"
        raise ArgumentError.expected("head", allowed, f"{logits.shape[1]} logits")
    if logits.shape[1] == 1:
        return logits[:, 0] if answer == "merger" else -logits[:, 0]
    return logits[:, names.index(answer)]


def scaled(maps: NDArray[np.float32], scale: Scale) -> NDArray[np.float32]:
    """Return maps (..., y, x) as they are, or divided each by its largest value (0 stays 0).

    Raises
    ------
    ArgumentError
        If the scale is unknown.

    Examples
    --------
    >>> scaled(np.array([[[1.0, 4.0]], [[0.0, 0.0]]], np.float32), "unit").tolist()
    [[[0.25, 1.0]], [[0.0, 0.0]]]
    """
    if scale not in get_args(Scale):
        raise ArgumentError.expected("scale", "'unit' or 'raw'", scale)
    if scale == "raw":
        return maps
    largest = maps.max(axis=(-2, -1), keepdims=True, initial=0)
    found: NDArray[np.float32] = np.divide(
        maps, largest, out=np.zeros_like(maps), where=largest > 0
    )
    return found
