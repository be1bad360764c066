"""Which parameters learn how fast, and which of them decay."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from torch import nn

from toomre.errors import ArgumentError

__all__ = ["parameter_groups"]


def parameter_groups(
    network: nn.Module,
    loss: nn.Module,
    factors: Mapping[str, float],
    *,
    weight_decay: float,
    decay_weights_only: bool = False,
) -> list[dict[str, Any]]:
    """Divide what can be learned by its learning-rate factor and its decay.

    Parameters that need no gradient are left out. Without any factor there is one group, with
    the parameters in the modules' order.

    Parameters
    ----------
    network
        Its parameters' factors follow from their names.
    loss
        A module in it that has a `learning_rate_factor` sets that of its parameters.
    factors
        Start of a parameter's name, such as ``"head"`` -> factor; the longest one wins.
    weight_decay
        Of every parameter,
    decay_weights_only
        or of those with at least two axes: neither biases nor normalisation layers.

    Returns
    -------
    list
        Groups with ``params``, ``factor`` and ``weight_decay``, in the order in which they
        first appear.

    Raises
    ------
    ArgumentError
        If nothing can be learned, or a name is no part of the network.

    Examples
    --------
    >>> network = nn.ModuleDict({"backbone": nn.Linear(3, 2), "head": nn.Linear(2, 1)})
    >>> groups = parameter_groups(network, nn.Module(), {"head": 10}, weight_decay=0.1)
    >>> [(len(group["params"]), group["factor"]) for group in groups]
    [(2, 1.0), (2, 10)]
    """
    known = {name for name, _ in network.named_modules()} | dict(network.named_parameters()).keys()
    for name in factors:
        if name not in known:
            parts = ", ".join(name for name, _ in network.named_modules() if name.count(".") == 1)
            raise ArgumentError.expected(
                "optimizer.factors", f"of parts of the network, such as backbone, {parts}", name
            )
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for parameter, factor in (*_of_network(network, factors), *_of_loss(loss)):
        if parameter.requires_grad:
            decays = parameter.ndim > 1 or not decay_weights_only
            key = factor, weight_decay if decays else 0.0
            groups.setdefault(key, []).append(parameter)
    if not groups:
        raise ArgumentError("Nothing can be learned: every parameter is frozen. Freeze fewer.")
    return [
        {"params": params, "factor": factor, "weight_decay": decay}
        for (factor, decay), params in groups.items()
    ]


def _of_network(
    network: nn.Module, factors: Mapping[str, float]
) -> Iterator[tuple[nn.Parameter, float]]:
    for name, parameter in network.named_parameters():
        own = [part for part in factors if f"{name}.".startswith(f"{part}.")]
        yield parameter, factors[max(own, key=len)] if own else 1.0


def _of_loss(loss: nn.Module) -> Iterator[tuple[nn.Parameter, float]]:
    factors: dict[nn.Parameter, float] = {}
    for module in loss.modules():  # the outer before the inner, which therefore wins
        factor = getattr(module, "learning_rate_factor", None)
        if factor is not None:
            factors |= dict.fromkeys(module.parameters(), float(factor))
    for parameter in loss.parameters():
        yield parameter, factors.get(parameter, 1.0)
