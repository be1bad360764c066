"""Torch itself: BatchNorm folded, bands last in memory, no gradients; on any device."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from toomre.errors import ArgumentError
from toomre.inference.folding import folded
from toomre.inference.pooling import quick_pools
from toomre.inference.runtimes.runtime import BFLOAT16, Precision
from toomre.networks.network import Network

__all__ = ["TorchRuntime", "has_bfloat16"]

# What a processor calls it. Without them torch computes bfloat16 in float32, which is slower.
_BFLOAT16_UNITS = ("amx_bf16", "avx512_bf16")


class TorchRuntime:
    """Run a network by torch.

    Parameters
    ----------
    network
        It is copied, not changed.
    shape
        Of a batch: (n, band, y, x).
    device
        Where to compute.
    precision
        ``"bfloat16"``: convolutions and dense layers in 8 binary digits (autocast).

    Raises
    ------
    ArgumentError
        If the device has no bfloat16.
    """

    def __init__(
        self,
        network: Network,
        shape: tuple[int, int, int, int],
        device: torch.device,
        precision: Precision,
    ) -> None:
        self._half = precision == BFLOAT16
        if self._half and not has_bfloat16(device):
            raise ArgumentError.expected(
                "precision", f"'float32', as {device} has no bfloat16", precision
            )
        self._device = device
        light = folded(network)
        if device.type == "cpu":
            quick_pools(light)
        self._network = light.to(device)
        self._network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        count, bands, height, width = shape
        memory = np.zeros((count, height, width, bands), np.float32)
        self.batch: NDArray[np.float32] = memory.transpose(0, 3, 1, 2)
        self._images = torch.from_numpy(memory).permute(0, 3, 1, 2)

    def run(self) -> NDArray[np.float32]:
        """Return what the head gives for the batch, (n, outputs)."""
        kind = self._device.type
        with torch.inference_mode(), torch.autocast(kind, torch.bfloat16, enabled=self._half):
            _, outputs = self._network(self._images.to(self._device))
            found: NDArray[np.float32] = outputs.float().cpu().numpy()
        return found


def has_bfloat16(device: torch.device) -> bool:
    """Return whether a device computes in bfloat16 by itself.

    Examples
    --------
    >>> has_bfloat16(torch.device("meta"))
    False
    """
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type != "cpu" or not hasattr(torch.cpu, "get_capabilities"):
        return False  # older releases of torch cannot tell
    units = torch.cpu.get_capabilities()
    return any(units.get(unit, False) for unit in _BFLOAT16_UNITS)
