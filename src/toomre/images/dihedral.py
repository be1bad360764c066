"""The 8 flips and quarter turns of a square image, numbered 0 to 7."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from toomre.errors import ArgumentError

__all__ = ["ORDER", "compose", "inverse", "transform", "transform_each"]

#: How many transformations there are.
ORDER = 8

_Scalar = TypeVar("_Scalar", bound=np.generic)


def transform(images: NDArray[_Scalar], k: int) -> NDArray[_Scalar]:
    """Return a flipped or turned view of some images.

    Parameters
    ----------
    images
        Array of shape (..., y, x). Quarter turns of an image that is not square swap its sides.
    k
        Which one, 0 to 7: first a flip left to right if `k` is 4 or more, then ``k % 4``
        quarter turns, as ``numpy.rot90`` turns. 0 is the identity.

    Returns
    -------
    NDArray
        A view of the same memory; the input is not changed.

    Raises
    ------
    ArgumentError
        If `k` is not one of 0 to 7.

    Examples
    --------
    >>> image = np.array([[1, 2], [3, 4]])
    >>> transform(image, 1).tolist()
    [[2, 4], [1, 3]]
    >>> transform(image, 4).tolist()
    [[2, 1], [4, 3]]
    """
    _check(k)
    flipped = images[..., ::-1] if k >= 4 else images
    turns = k % 4
    if turns == 0:
        return flipped
    if turns == 2:
        return flipped[..., ::-1, ::-1]
    turned = flipped.swapaxes(-1, -2)
    return turned[..., ::-1, :] if turns == 1 else turned[..., ::-1]


def inverse(k: int) -> int:
    """Return the number of the transformation that undoes number `k`.

    Examples
    --------
    >>> [inverse(k) for k in range(8)]
    [0, 3, 2, 1, 4, 5, 6, 7]
    """
    _check(k)
    return (4 - k) % 4 if k < 4 else k


def compose(first: int, second: int) -> int:
    """Return the number of the transformation `first` followed by `second`.

    Examples
    --------
    >>> compose(1, 3)
    0
    >>> compose(4, 1), compose(1, 4)
    (5, 7)
    """
    _check(first)
    _check(second)
    # A flip reverses the sense of the turns before it.
    turns = second + first if second < 4 else second - first
    return turns % 4 + 4 * ((first >= 4) != (second >= 4))


def transform_each(images: NDArray[_Scalar], ks: NDArray[np.integer[Any]]) -> NDArray[_Scalar]:
    """Return a new batch in which image `i` has been transformed by ``ks[i]``.

    Parameters
    ----------
    images
        Array of shape (image, band, y, x) with square images; it is not changed.
    ks
        Array of shape (image,) of integers from 0 to 7.

    Returns
    -------
    NDArray
        A new array of the same shape and type, contiguous in memory.

    Raises
    ------
    ArgumentError
        If the images are not square, or `ks` has another length or another value.

    Examples
    --------
    >>> batch = np.arange(8.0).reshape(2, 1, 2, 2)
    >>> transform_each(batch, np.array([0, 2]))[:, 0].tolist()
    [[[0.0, 1.0], [2.0, 3.0]], [[7.0, 6.0], [5.0, 4.0]]]
    """
    if images.ndim != 4 or images.shape[-1] != images.shape[-2]:
        raise ArgumentError.expected(
            "images", "of shape (image, band, y, x) with square images", images.shape
        )
    if ks.shape != images.shape[:1]:
        raise ArgumentError.expected("ks", f"of shape ({len(images)},)", ks.shape)
    result = np.empty(images.shape, images.dtype)
    for image, k, target in zip(images, ks.tolist(), result, strict=True):
        target[...] = transform(image, k)
    return result


def _check(k: int) -> None:
    if k not in range(ORDER):
        raise ArgumentError.expected("k", "one of 0 to 7", k)
