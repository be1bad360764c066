"""OpenVINO: the network as ONNX in Intel's runtime, on the CPU, in float32 or bfloat16."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from toomre.errors import ArgumentError
from toomre.inference.folding import folded
from toomre.inference.runtimes.answers import Answers
from toomre.inference.runtimes.onnx_network import onnx_bytes
from toomre.inference.runtimes.runtime import BFLOAT16, Precision
from toomre.networks.network import Network
from toomre.packages import import_package

__all__ = ["OpenVinoRuntime"]

_HINTS = {"float32": "f32", "bfloat16": "bf16"}


class OpenVinoRuntime:
    """Run a network by OpenVINO, in as many threads as torch has.

    Parameters
    ----------
    network, shape, device, precision
        As for `toomre.inference.runtimes.torch_runtime.TorchRuntime`.

    Raises
    ------
    ArgumentError
        If the device is no CPU, or the processor has no bfloat16.
    MissingPackageError
        If openvino or onnx is not installed.
    """

    def __init__(
        self,
        network: Network,
        shape: tuple[int, int, int, int],
        device: torch.device,
        precision: Precision,
    ) -> None:
        if device.type != "cpu":
            raise ArgumentError.expected("device", "'cpu' for OpenVINO", str(device))
        openvino = import_package("openvino", "openvino")
        core = openvino.Core()
        capabilities = core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        if precision == BFLOAT16 and "BF16" not in capabilities:
            raise ArgumentError.expected(
                "precision", "'float32', as this processor has no bfloat16", precision
            )
        options = {
            "INFERENCE_PRECISION_HINT": _HINTS[precision],
            "INFERENCE_NUM_THREADS": torch.get_num_threads(),
            "NUM_STREAMS": 1,
            "ENABLE_CPU_PINNING": False,  # or every process takes the same core
        }
        answers = Answers(folded(network))
        model = core.read_model(onnx_bytes(answers, shape[1:], "outputs", "openvino"))
        model.reshape(list(shape))  # one fixed size is quicker
        self._request = core.compile_model(model, "CPU", options).create_infer_request()
        self.batch: NDArray[np.float32] = np.zeros(shape, np.float32)
        self._request.set_input_tensor(openvino.Tensor(self.batch, shared_memory=True))

    def run(self) -> NDArray[np.float32]:
        """Return what the head gives for the batch, (n, outputs)."""
        self._request.infer()
        found: NDArray[np.float32] = self._request.get_output_tensor().data.copy()
        return found
