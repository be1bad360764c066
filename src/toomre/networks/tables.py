"""The names of the backbones and heads."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from torch import nn

from toomre.networks.deepmerge import (
    DeepMerge1Backbone,
    DeepMerge1Head,
    DeepMerge2Backbone,
    DeepMerge2Head,
)
from toomre.networks.linear import LinearHead
from toomre.networks.vgg_small import VGGSmallBackbone

__all__ = ["BACKBONES", "HEADS"]

#: Name -> function of (bands, size, **options).
BACKBONES: Mapping[str, Callable[..., nn.Module]] = {
    "deepmerge1": DeepMerge1Backbone,
    "deepmerge2": DeepMerge2Backbone,
    "vgg_small": VGGSmallBackbone,
}

#: Name -> function of (num_features, **options).
HEADS: Mapping[str, Callable[..., nn.Module]] = {
    "deepmerge1": DeepMerge1Head,
    "deepmerge2": DeepMerge2Head,
    "linear": LinearHead,
}
