"""The one place where the names in a recipe become objects."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar

import torch
from torch import nn

from toomre.errors import ArgumentError, ToomreError
from toomre.lookup import lookup
from toomre.losses.tables import LOSSES
from toomre.losses.weighted_sum import WeightedSum
from toomre.networks.card import Architecture
from toomre.networks.network import Network
from toomre.networks.tables import BACKBONES, HEADS
from toomre.recipe import LossTerm, Optimizer, Recipe
from toomre.training.schedule import SCHEDULES

__all__ = [
    "architecture",
    "build_learning_rate",
    "build_loss",
    "build_network",
    "build_optimizer",
    "choose_device",
]

T = TypeVar("T")


def architecture(recipe: Recipe) -> Architecture:
    """Return the part of a recipe that a model card keeps."""
    return Architecture(
        backbone=recipe.backbone.name,
        backbone_options=recipe.backbone.options,
        head=recipe.head.name,
        head_options=recipe.head.options,
    )


def build_network(plan: Architecture, *, bands: int, size: int) -> Network:
    """Make a network with the weights that torch's random state gives.

    Examples
    --------
    >>> plan = Architecture(backbone="deepmerge2", head="deepmerge2")
    >>> network = build_network(plan, bands=3, size=75)
    >>> sum(p.numel() for p in network.parameters())
    174626
    """
    make = lookup(BACKBONES, plan.backbone, "backbone.name")
    options = {"bands": bands, "size": size, **plan.backbone_options}
    backbone = _make(make, options, f"backbone {plan.backbone!r}")
    make = lookup(HEADS, plan.head, "head.name")
    options = {"num_features": backbone.num_features, **plan.head_options}
    head = _make(make, options, f"head {plan.head!r}")
    network = Network(backbone, head)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return network


def build_loss(terms: tuple[LossTerm, ...]) -> WeightedSum:
    """Make the weighted sum of a recipe's losses."""
    names = [term.name for term in terms]
    if len(set(names)) < len(names):
        raise ArgumentError.expected("loss", "a list of different losses", names)
    losses = {
        term.name: _make(
            lookup(LOSSES, term.name, "loss.name"), dict(term.options), f"loss {term.name!r}"
        )
        for term in terms
    }
    return WeightedSum(losses, {term.name: term.weight for term in terms})


def build_optimizer(plan: Optimizer, network: nn.Module, loss: nn.Module) -> torch.optim.Optimizer:
    """Make the optimiser of everything that can be learned, the losses' own parts included."""
    kinds: Mapping[str, type[torch.optim.Adam]] = {
        "adam": torch.optim.Adam,
        "adamw": torch.optim.AdamW,
    }
    return kinds[plan.name](
        [*network.parameters(), *loss.parameters()],
        lr=plan.learning_rate,
        betas=plan.betas,
        eps=plan.epsilon,
        weight_decay=plan.weight_decay,
        amsgrad=plan.amsgrad,
    )


def build_learning_rate(recipe: Recipe) -> Callable[[float], float]:
    """Make the function from progress (0 to 1) to learning rate."""
    plan = recipe.schedule
    factor = lookup(SCHEDULES, plan.name, "schedule.name")
    return partial(_rate, recipe.optimizer.learning_rate, factor, plan.model_dump(exclude={"name"}))


def choose_device(name: str) -> torch.device:
    """Return the device that ``auto``, ``cpu``, ``cuda`` or ``cuda:1`` stands for.

    Examples
    --------
    >>> choose_device("cpu")
    device(type='cpu')
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ArgumentError.expected("device", "auto, cpu or cuda", name) from error
    if device.type == "cuda" and not torch.cuda.is_available():
        raise ArgumentError.expected("device", "auto or cpu, for torch finds no GPU", name)
    return device


def _rate(
    peak: float, factor: Callable[..., float], options: Mapping[str, float], progress: float
) -> float:
    return peak * factor(progress, **options)


def _make(make: Callable[..., T], options: Mapping[str, Any], what: str) -> T:
    try:
        return make(**options)
    except (TypeError, ValueError, RuntimeError) as error:
        if isinstance(error, ToomreError):
            raise
        raise ArgumentError(f"The options of {what} do not fit: {error}.") from error
