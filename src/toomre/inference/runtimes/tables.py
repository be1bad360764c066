"""The names of the runtimes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import get_args

import torch

from toomre.errors import ArgumentError
from toomre.inference.runtimes.onnx_runtime import OnnxRuntime
from toomre.inference.runtimes.openvino_runtime import OpenVinoRuntime
from toomre.inference.runtimes.runtime import Precision, Runtime
from toomre.inference.runtimes.torch_runtime import TorchRuntime
from toomre.lookup import lookup
from toomre.networks.network import Network

__all__ = ["PACKAGES", "RUNTIMES", "find_runtime"]

Make = Callable[[Network, tuple[int, int, int, int], torch.device, Precision], Runtime]

#: Name -> function of (network, shape of a batch, device, precision).
RUNTIMES: Mapping[str, Make] = {
    "torch": TorchRuntime,
    "onnx": OnnxRuntime,
    "openvino": OpenVinoRuntime,
}

#: The optional packages whose versions matter to what a runtime computes.
PACKAGES: Mapping[str, tuple[str, ...]] = {
    "torch": (),
    "onnx": ("onnx", "onnxruntime"),
    "openvino": ("onnx", "openvino"),
}


def find_runtime(name: str, precision: str) -> Make:
    """Return the function that makes a runtime, if both names are known.

    Raises
    ------
    ArgumentError
        If one is not.

    Examples
    --------
    >>> find_runtime("torch", "float32").__name__
    'TorchRuntime'
    """
    if precision not in get_args(Precision):
        allowed = " or ".join(repr(each) for each in get_args(Precision))
        raise ArgumentError.expected("precision", allowed, precision)
    return lookup(RUNTIMES, name, "runtime")
