"""Start from the weights of another training, and hold some of them fixed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Literal

from torch import Tensor, nn

from toomre.errors import ArgumentError
from toomre.networks.tensors import misfits

__all__ = ["freeze", "take_over"]

_NAMED = 8


def take_over(
    network: nn.Module, weights: Mapping[str, Tensor], parts: Literal["all", "backbone"] = "all"
) -> None:
    """Copy weights into a network of the same architecture.

    Parameters
    ----------
    network
        With a ``backbone`` and a ``head``.
    weights
        Name -> tensor, as ``network.state_dict()``.
    parts
        ``"all"``, or ``"backbone"`` to leave the head as it is.

    Raises
    ------
    ArgumentError
        If a tensor is missing, left over or of another shape; the message names it.

    Examples
    --------
    >>> network = nn.Sequential()
    >>> network.add_module("backbone", nn.Linear(2, 1))
    >>> take_over(network, {"backbone.weight": network.backbone.weight}, "backbone")
    Traceback (most recent call last):
    toomre.errors.ArgumentError: The weights to start from do not fit the recipe's network:
    backbone.bias is missing. Use its architecture and bands, or take over less (transfer.parts).
    """
    own = network.state_dict()
    if parts == "backbone":
        own = {name: tensor for name, tensor in own.items() if name.startswith("backbone.")}
        weights = {name: t for name, t in weights.items() if name.startswith("backbone.")}
    if problems := misfits(own, weights, "is not in the network"):
        raise ArgumentError(
            f"The weights to start from do not fit the recipe's network: {_some(problems, '; ')}. "
            "Use its architecture and bands, or take over less (transfer.parts)."
        )
    network.load_state_dict(dict(weights), strict=False)


def freeze(network: nn.Module, patterns: Sequence[str]) -> None:
    """Hold the parameters fixed whose names match a pattern such as ``backbone.conv1*``.

    Raises
    ------
    ArgumentError
        If a pattern matches no parameter, or nothing is left to train.

    Examples
    --------
    >>> network = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    >>> freeze(network, ["0.*"])
    >>> [name for name, p in network.named_parameters() if p.requires_grad]
    ['1.weight', '1.bias']
    """
    parameters = dict(network.named_parameters())
    for pattern in patterns:
        matched = [name for name in parameters if fnmatchcase(name, pattern)]
        if not matched:
            raise ArgumentError.expected(
                "transfer.freeze", f"patterns such as {_some(list(parameters), ', ')}", pattern
            )
        for name in matched:
            parameters[name].requires_grad_(False)
    if not any(parameter.requires_grad for parameter in parameters.values()):
        raise ArgumentError.expected(
            "transfer.freeze", "patterns that leave something to train", list(patterns)
        )


def _some(texts: list[str], separator: str) -> str:
    more = f"{separator}and {len(texts) - _NAMED} more" if len(texts) > _NAMED else ""
    return separator.join(texts[:_NAMED]) + more
