"""The names of the backbones and heads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from torch import nn

from toomre.lookup import lookup
from toomre.networks.deepmerge import (
    DeepMerge1Backbone,
    DeepMerge1Head,
    DeepMerge2Backbone,
    DeepMerge2Head,
)
from toomre.networks.dense import DenseHead
from toomre.networks.densenet import DenseNet121Backbone
from toomre.networks.efficientnet_lite import (
    EfficientNetLite0Backbone,
    EfficientNetLite1Backbone,
    EfficientNetLite2Backbone,
)
from toomre.networks.gz2_cnn import GZ2Backbone
from toomre.networks.inception import InceptionV3Backbone
from toomre.networks.linear import LinearHead
from toomre.networks.resnet import ResNet18Backbone, ResNet50Backbone
from toomre.networks.timm_backbone import TIMM, TimmBackbone
from toomre.networks.vgg import VGG16Backbone
from toomre.networks.vgg_small import VGGSmallBackbone
from toomre.networks.votes import VoteHead

__all__ = ["BACKBONES", "HEADS", "find_backbone"]

#: Name -> function of (bands, size, **options).
BACKBONES: Mapping[str, Callable[..., nn.Module]] = {
    "deepmerge1": DeepMerge1Backbone,
    "deepmerge2": DeepMerge2Backbone,
    "densenet121": DenseNet121Backbone,
    "efficientnet_lite0": EfficientNetLite0Backbone,
    "efficientnet_lite1": EfficientNetLite1Backbone,
    "efficientnet_lite2": EfficientNetLite2Backbone,
    "gz2_cnn": GZ2Backbone,
    "inception_v3": InceptionV3Backbone,
    "resnet18": ResNet18Backbone,
    "resnet50": ResNet50Backbone,
    "vgg16": VGG16Backbone,
    "vgg_small": VGGSmallBackbone,
}

#: Name -> function of (num_features, **options).
HEADS: Mapping[str, Callable[..., nn.Module]] = {
    "deepmerge1": DeepMerge1Head,
    "deepmerge2": DeepMerge2Head,
    "dense": DenseHead,
    "linear": LinearHead,
    "votes": VoteHead,
}


def find_backbone(name: str) -> Callable[..., nn.Module]:
    """Return the function that makes a backbone: of `BACKBONES`, or of timm as ``timm:NAME``.

    Examples
    --------
    >>> find_backbone("deepmerge2").__name__
    'DeepMerge2Backbone'
    """
    if name.startswith(TIMM):
        return partial(TimmBackbone, network=name.removeprefix(TIMM))
    return lookup(BACKBONES, name, "backbone.name")
