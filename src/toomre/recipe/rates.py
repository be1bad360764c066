"""How weights move: the optimiser and the learning rate's schedule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, field_validator

from toomre.recipe.section import Metric, Section

__all__ = ["OnPlateau", "Optimizer", "Schedule"]


class Optimizer(Section):
    """Adam, AdamW or SGD; the defaults of the first two are those of Kingma & Ba (2015).

    `betas`, `epsilon` and `amsgrad` are of Adam and AdamW, `momentum` and `nesterov` of SGD;
    `weight_decay` is an L2 penalty in Adam and SGD (as published), and decoupled in AdamW.
    `decay_weights_only`: no decay of biases and of normalisation layers.
    `backbone_factor` and `head_factor` multiply the learning rate of these parts, and `factors`
    that of parts by name, such as ``"backbone.bottleneck" = 10``; the longest name wins.
    """

    name: Literal["adam", "adamw", "sgd"] = "adam"
    learning_rate: float = Field(default=1e-3, gt=0)
    weight_decay: float = Field(default=0.0, ge=0)
    decay_weights_only: bool = False
    betas: tuple[float, float] = (0.9, 0.999)
    epsilon: float = Field(default=1e-8, gt=0)
    amsgrad: bool = False
    momentum: float = Field(default=0.9, ge=0, lt=1)
    nesterov: bool = False
    backbone_factor: float = Field(default=1.0, gt=0)
    head_factor: float = Field(default=1.0, gt=0)
    factors: Mapping[str, Annotated[float, Field(gt=0)]] = {}


class OnPlateau(Section):
    """When and by how much the rate falls; the defaults are those of S002's Galaxy Zoo networks.

    After `patience` epochs in which the validation `metric` improved by no more than
    `min_delta`, the rate is multiplied by `factor`, but never falls below `min_rate`.
    """

    metric: Metric = "accuracy"
    factor: float = Field(default=0.5, gt=0, lt=1)
    patience: int = Field(default=6, ge=1)
    min_delta: float = Field(default=1e-4, ge=0)
    min_rate: float = Field(default=1e-13, ge=0)


class Schedule(Section):
    """How the learning rate changes.

    - ``constant``.
    - ``one_cycle``: a half-cosine rise over the fraction `warmup` from `start_factor` times the
      rate, then a half-cosine fall to `end_factor` times it (Smith & Topin 2019).
    - ``triangle``: the "one-cycle" of the published DeepMerge II code, a triangle from
      `base_factor` times the rate to the rate and back that repeats every 0.9 `cycle_length`
      epochs; with `annihilation`, what is left after the last one falls to 1 % of the base.
    - ``inverse_decay``: (1 + `gamma` i)^-`power` at step i, changed once an epoch.
    - ``plateau``: falls when the validation no longer improves, as `plateau` says.

    `momentum` = [low, high] moves Adam's first beta, or SGD's momentum, against the rate of a
    one-cycle or triangle; the published code keeps it fixed.
    """

    name: Literal["constant", "one_cycle", "triangle", "inverse_decay", "plateau"] = "constant"
    warmup: float = Field(default=0.25, gt=0, lt=1)
    start_factor: float = Field(default=0.04, gt=0, le=1)
    end_factor: float = Field(default=1e-4, gt=0, le=1)
    cycle_length: float = Field(default=8.0, gt=0)
    base_factor: float = Field(default=0.1, gt=0, le=1)
    annihilation: bool = False
    gamma: float = Field(default=1e-3, ge=0)
    power: float = Field(default=0.75, ge=0)
    momentum: tuple[Annotated[float, Field(ge=0, lt=1)], ...] = ()
    plateau: OnPlateau = OnPlateau()

    @field_validator("momentum")
    @classmethod
    def _two_or_none(cls, momentum: tuple[float, ...]) -> tuple[float, ...]:
        if len(momentum) not in {0, 2} or list(momentum) != sorted(momentum):
            raise ValueError("expected [low, high], or nothing to keep it fixed")
        return momentum
