"""The one place where the names in a recipe become objects."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from toomre.errors import ArgumentError, ToomreError
from toomre.lookup import lookup
from toomre.losses.tables import LEARNED_LOSSES, LOSSES
from toomre.losses.weighted_sum import WeightedSum
from toomre.networks.card import Architecture
from toomre.networks.network import Network
from toomre.networks.pretrained import load_imagenet
from toomre.networks.tables import HEADS, find_backbone
from toomre.recipe import LossTerm, Optimizer, Recipe
from toomre.training.batch_norm import BatchNorm, Concatenated, PerDomain, ReEstimated, Shared
from toomre.training.parameter_groups import parameter_groups
from toomre.training.plateau import Plateau
from toomre.training.schedule import SCHEDULES, Moment, momentum
from toomre.training.selection import Selector

__all__ = [
    "architecture",
    "build_backbone",
    "build_batch_norm",
    "build_learning_rate",
    "build_loss",
    "build_momentum",
    "build_network",
    "build_optimizer",
    "build_plateau",
    "build_selector",
    "choose_device",
    "initial_network",
]

T = TypeVar("T")


def architecture(recipe: Recipe) -> Architecture:
    """Return the part of a recipe that a model card keeps.

    Where a training starts from (the backbone's option `pretrained`) is no part of it: a stored
    model has its own weights and opens without the public ones.
    """
    options = recipe.backbone.options
    return Architecture(
        backbone=recipe.backbone.name,
        backbone_options={key: options[key] for key in options if key != "pretrained"},
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
    backbone = build_backbone(plan.backbone, plan.backbone_options, bands=bands, size=size)
    make = lookup(HEADS, plan.head, "head.name")
    options = {"num_features": backbone.num_features, **plan.head_options}
    head = _make(make, options, f"head {plan.head!r}")
    network = Network(backbone, head)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return network


def build_backbone(name: str, options: Mapping[str, Any], *, bands: int, size: int) -> nn.Module:
    """Make a backbone with the weights that torch's random state gives.

    Raises
    ------
    ArgumentError
        If there is none of that name, or it does not take such images or options.
    """
    given = {"bands": bands, "size": size, **options}
    return _make(find_backbone(name), given, f"backbone {name!r}")


def initial_network(recipe: Recipe, *, bands: int) -> Network:
    """Make the network that a training starts from.

    With the backbone's option ``pretrained = "imagenet"`` the backbone has the public weights,
    and the head those that torch's random state gives.

    Raises
    ------
    ArgumentError, MissingFileError, CorruptFileError
        If there are no such weights, or they are not on this machine, or are damaged.
    """
    network = build_network(architecture(recipe), bands=bands, size=recipe.input.size)
    pretrained = recipe.backbone.options.get("pretrained")
    if pretrained is not None:
        load = lookup({"imagenet": load_imagenet}, pretrained, "backbone.options.pretrained")
        load(network.backbone, recipe.backbone.name)
    return network


def build_loss(terms: tuple[LossTerm, ...], num_features: int) -> WeightedSum:
    """Make the weighted sum of a recipe's losses, for features of this length.

    Examples
    --------
    >>> loss = build_loss((LossTerm(name="cross_entropy"), LossTerm(name="adversarial")), 2592)
    >>> sum(p.numel() for p in loss.parameters())
    3705857
    """
    names = [term.name for term in terms]
    if len(set(names)) < len(names):
        raise ArgumentError.expected("loss", "a list of different losses", names)
    learned = {name: partial(make, num_features) for name, make in LEARNED_LOSSES.items()}
    table: Mapping[str, Callable[..., nn.Module]] = {**LOSSES, **learned}
    losses = {
        term.name: _make(
            lookup(table, term.name, "loss.name"), dict(term.options), f"loss {term.name!r}"
        )
        for term in terms
    }
    return WeightedSum(losses, {term.name: term.weight for term in terms})


def build_optimizer(plan: Optimizer, network: nn.Module, loss: nn.Module) -> torch.optim.Optimizer:
    """Make the optimiser of everything that can be learned, the losses' own parts included.

    Raises
    ------
    ArgumentError
        If everything is frozen, or a factor's name is no part of the network.
    """
    own = {"backbone": plan.backbone_factor, "head": plan.head_factor}
    factors = {name: factor for name, factor in own.items() if factor != 1.0}
    groups = parameter_groups(
        network,
        loss,
        {**factors, **plan.factors},
        weight_decay=plan.weight_decay,
        decay_weights_only=plan.decay_weights_only,
    )
    if plan.name == "sgd":
        options: dict[str, Any] = {"momentum": plan.momentum, "nesterov": plan.nesterov}
        options |= {"params": groups, "lr": plan.learning_rate}
        return _make(torch.optim.SGD, options, "optimizer 'sgd'")
    kinds: Mapping[str, type[torch.optim.Adam]] = {
        "adam": torch.optim.Adam,
        "adamw": torch.optim.AdamW,
    }
    return kinds[plan.name](
        groups,
        lr=plan.learning_rate,
        betas=plan.betas,
        eps=plan.epsilon,
        amsgrad=plan.amsgrad,
    )


def build_batch_norm(
    name: str, network: Network, target: Iterable[Tensor], device: torch.device
) -> BatchNorm:
    """Make the policy that takes both domains through BatchNorm.

    Parameters
    ----------
    name
        ``adaptation.batch_norm`` of a recipe.
    network
        On the device where it will stay.
    target
        Normalised batches of the target's training images.
    device
        Where the network is.
    """
    policies: Mapping[str, Callable[[], BatchNorm]] = {
        "concatenated": Concatenated,
        "shared": Shared,
        "per_domain": partial(PerDomain, network),
        "re_estimated": partial(ReEstimated, target, device),
    }
    return lookup(policies, name, "adaptation.batch_norm")()


def build_learning_rate(recipe: Recipe, steps: int) -> Callable[[float], float]:
    """Make the function from progress (0 to 1) to learning rate, for so many steps an epoch."""
    plan, peak = recipe.schedule, recipe.optimizer.learning_rate
    factor = lookup(SCHEDULES, plan.name, "schedule.name")
    return lambda progress: peak * factor(plan, Moment(progress, steps, recipe.training.epochs))


def build_momentum(recipe: Recipe, steps: int) -> Callable[[float], float] | None:
    """Make the function from progress to momentum, or None where it stays as it is.

    Raises
    ------
    ArgumentError
        If the schedule has no cycle.
    """
    plan, epochs = recipe.schedule, recipe.training.epochs
    if not plan.momentum:
        return None
    momentum(plan, Moment(0.0, steps, epochs))  # a schedule without a cycle is refused now
    return lambda progress: momentum(plan, Moment(progress, steps, epochs))


def build_plateau(recipe: Recipe) -> Plateau | None:
    """Make what lowers the rate when the validation no longer improves, if the recipe wants it."""
    if recipe.schedule.name != "plateau":
        return None
    plan = recipe.schedule.plateau
    least = min(1.0, plan.min_rate / recipe.optimizer.learning_rate)
    return Plateau(plan.metric, plan.factor, plan.patience, plan.min_delta, least)


def build_selector(recipe: Recipe) -> Selector:
    """Make what keeps the best epoch and ends the training."""
    plan = recipe.selection
    return Selector(
        plan.metric,
        plan.patience,
        plan.min_delta,
        stopping=plan.stopping,
        watch=plan.watch,
        first_epoch=min(plan.first_epoch, recipe.training.epochs),
    )


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


def _make(make: Callable[..., T], options: Mapping[str, Any], what: str) -> T:
    try:
        return make(**options)
    except (TypeError, ValueError, RuntimeError) as error:
        if isinstance(error, ToomreError):
            raise
        text = str(error).rstrip(".")
        raise ArgumentError(f"The options of {what} do not fit: {text}.") from error
