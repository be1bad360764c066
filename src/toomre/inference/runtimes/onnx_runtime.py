"""ONNX Runtime: the network as ONNX, float32 on the CPU."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from toomre.errors import ArgumentError
from toomre.inference.folding import folded
from toomre.inference.runtimes.answers import Answers
from toomre.inference.runtimes.onnx_network import INPUT, onnx_bytes
from toomre.inference.runtimes.runtime import BFLOAT16, Precision
from toomre.networks.network import Network
from toomre.packages import import_package

__all__ = ["OnnxRuntime", "open_session"]

_ERRORS_ONLY = 3


class OnnxRuntime:
    """Run a network by ONNX Runtime, in as many threads as torch has.

    Parameters
    ----------
    network, shape, device, precision
        As for `toomre.inference.runtimes.torch_runtime.TorchRuntime`.

    Raises
    ------
    ArgumentError
        If the device is no CPU, or bfloat16 is asked for.
    MissingPackageError
        If onnx or onnxruntime is not installed.
    """

    def __init__(
        self,
        network: Network,
        shape: tuple[int, int, int, int],
        device: torch.device,
        precision: Precision,
    ) -> None:
        if device.type != "cpu":
            raise ArgumentError.expected("device", "'cpu' for ONNX Runtime", str(device))
        if precision == BFLOAT16:
            raise ArgumentError.expected(
                "precision",
                "'float32' for ONNX Runtime",
                precision,
                "torch and openvino have bfloat16, where the processor has.",
            )
        self.batch: NDArray[np.float32] = np.zeros(shape, np.float32)
        answers = Answers(folded(network))
        self._session = open_session(onnx_bytes(answers, shape[1:], "outputs"))

    def run(self) -> NDArray[np.float32]:
        """Return what the head gives for the batch, (n, outputs)."""
        found: NDArray[np.float32] = self._session.run(None, {INPUT: self.batch})[0]
        return found


def open_session(content: bytes) -> Any:
    """Return a session of ONNX Runtime on the CPU, with as many threads as torch has."""
    onnxruntime = import_package("onnxruntime", "onnx")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.inter_op_num_threads = 1
    options.log_severity_level = _ERRORS_ONLY
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
