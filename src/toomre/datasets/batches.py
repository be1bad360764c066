"""Batches of prepared images, found by (epoch, step), so that any step can be repeated."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from toomre.datasets.appearance import change_appearance
from toomre.datasets.augmentation import augment, draw
from toomre.datasets.normalisation import Normalisation
from toomre.datasets.window import centre_window
from toomre.errors import ArgumentError
from toomre.recipe import Augmentation

__all__ = ["EvaluationBatches", "TrainingBatches", "View", "to_tensor"]


def to_tensor(images: NDArray[np.float32]) -> Tensor:
    """Return a tensor with the channels last in memory, which convolutions prefer."""
    return torch.from_numpy(images).contiguous(memory_format=torch.channels_last)


@dataclass(frozen=True)
class View:
    """How stored images become network input."""

    size: int
    normalisation: Normalisation


class TrainingBatches:
    """Shuffled, augmented and normalised batches of some rows of a prepared set.

    Parameters
    ----------
    images
        (image, band, y, x), float32; a memory map is read batch by batch.
    rows
        The rows to train on.
    labels
        One label for each of `rows`, (n,), or one row of fractions, (n, k); None for a target
        domain, which has none here.
    view
        Input size and normalisation.
    augmentation
        Random changes.
    batch_size
        Images a batch; the rest of an epoch that does not fill a batch is left out, and is
        another one each epoch.
    seed
        Start of every random draw.

    Examples
    --------
    >>> images = np.random.default_rng(0).normal(size=(10, 3, 9, 9)).astype(np.float32)
    >>> view = View(7, Normalisation((0.0,) * 3, (1.0,) * 3))
    >>> batches = TrainingBatches(images, np.arange(10), np.arange(10) % 2, view,
    ...                           Augmentation(), batch_size=4, seed=1)
    >>> batches.steps
    2
    >>> pixels, labels = batches.batch(epoch=0, step=1)
    >>> pixels.shape, labels.shape
    (torch.Size([4, 3, 7, 7]), torch.Size([4]))
    """

    def __init__(
        self,
        images: NDArray[np.float32],
        rows: NDArray[np.intp],
        labels: NDArray[np.int64] | NDArray[np.float32] | None,
        view: View,
        augmentation: Augmentation,
        batch_size: int,
        seed: int,
    ) -> None:
        if len(rows) < 2:
            raise ArgumentError.expected("the training part", "two images or more", len(rows))
        self._images = images
        self._rows = np.asarray(rows, dtype=np.intp)
        self._labels = None if labels is None else _label_tensor(labels)
        self._view = view
        self._augmentation = augmentation
        self._size = min(batch_size, len(rows))
        self._seed = seed
        self._part = slice(None)
        self._epoch: tuple[int, NDArray[np.intp], NDArray[np.float64]] | None = None
        self.steps = len(rows) // self._size
        self.bands = images.shape[1]
        # What is read of each image: only what augmentation can reach.
        plan = augmentation
        whole = plan.rotation or plan.zoom or plan.shift
        side = images.shape[-1]
        self._window = slice(0, side) if whole else centre_window(side, view.size)

    def batch(self, epoch: int, step: int) -> tuple[Tensor, Tensor | None]:
        """Return the images (batch, band, size, size) and the labels of one step."""
        order, random = self._draws(epoch)
        chosen = order[step * self._size : (step + 1) * self._size][self._part]
        stored = self._images[self._rows[chosen], :, self._window, self._window]
        plan = self._augmentation
        changed = augment(stored, random[chosen], self._view.size, plan)
        changed = change_appearance(changed, plan.appearance, [self._seed, epoch], chosen)
        pixels = to_tensor(self._view.normalisation.apply(changed))
        return pixels, None if self._labels is None else self._labels[chosen]

    def share(self, rank: int, size: int) -> TrainingBatches:
        """Return the batches of one of several processes: its equal part of each of these.

        Raises
        ------
        ArgumentError
            If a batch cannot be divided into so many parts.
        """
        if self._size % size:
            raise ArgumentError.expected(
                "training.batch_size",
                f"a multiple of {size}, the number of processes",
                self._size,
                "Change it in the recipe, or start another number of processes. (A set with "
                "fewer images than a batch is one batch.)",
            )
        part = self._size // size
        shared = copy.copy(self)
        shared._part = slice(rank * part, (rank + 1) * part)
        return shared

    def _draws(self, epoch: int) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        if self._epoch is None or self._epoch[0] != epoch:
            order = np.random.default_rng([self._seed, epoch, 1]).permutation(len(self._rows))
            self._epoch = (epoch, order, draw(self._seed, epoch, len(self._rows)))
        return self._epoch[1], self._epoch[2]


def _label_tensor(labels: NDArray[np.int64] | NDArray[np.float32]) -> Tensor:
    """Return classes as int64 and fractions as float32."""
    values = np.asarray(labels)
    return torch.as_tensor(values.astype(np.float32 if values.dtype.kind == "f" else np.int64))


class EvaluationBatches:
    """The central window of some rows, normalised, in order and without any change.

    Examples
    --------
    >>> images = np.zeros((5, 3, 9, 9), np.float32)
    >>> view = View(7, Normalisation((0.0,) * 3, (1.0,) * 3))
    >>> [len(batch) for batch in EvaluationBatches(images, np.arange(5), view, batch_size=2)]
    [2, 2, 1]
    """

    def __init__(
        self,
        images: NDArray[np.float32],
        rows: NDArray[np.intp],
        view: View,
        batch_size: int = 256,
    ) -> None:
        self._images = images
        self._rows = np.asarray(rows, dtype=np.intp)
        self._view = view
        self._batch_size = batch_size
        self._window = centre_window(images.shape[-1], view.size)

    def __len__(self) -> int:
        return math.ceil(len(self._rows) / self._batch_size)

    def __iter__(self) -> Iterator[Tensor]:
        for start in range(0, len(self._rows), self._batch_size):
            rows = self._rows[start : start + self._batch_size]
            stored = self._images[rows, :, self._window, self._window]
            yield to_tensor(self._view.normalisation.apply(stored))
