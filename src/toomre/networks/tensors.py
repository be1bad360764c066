"""Whether named tensors are those of a network."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

__all__ = ["misfits", "some_of"]


def misfits(
    expected: Mapping[str, Tensor], found: Mapping[str, Tensor], extra: str = "is not expected"
) -> list[str]:
    """Say of each tensor that is missing, left over or of another shape what is wrong with it.

    Parameters
    ----------
    expected, found
        Name -> tensor.
    extra
        What is said of a tensor that is left over.

    Examples
    --------
    >>> import torch
    >>> misfits({"a": torch.ones(2), "b": torch.ones(1)}, {"a": torch.ones(3), "c": torch.ones(1)})
    ['b is missing', 'c is not expected', 'a has shape (3,) instead of (2,)']
    """
    problems = [f"{name} is missing" for name in expected if name not in found]
    problems += [f"{name} {extra}" for name in found if name not in expected]
    problems += [
        f"{name} has shape {tuple(found[name].shape)} instead of {tuple(tensor.shape)}"
        for name, tensor in expected.items()
        if name in found and found[name].shape != tensor.shape
    ]
    return problems


def some_of(problems: list[str]) -> str:
    """Return the first three for an error's text.

    Examples
    --------
    >>> some_of(["a is missing", "b is missing", "c is missing", "d is missing"])
    'a is missing; b is missing; c is missing and more'
    """
    return "; ".join(problems[:3]) + (" and more" if len(problems) > 3 else "")
