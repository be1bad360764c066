"""A network as an ONNX file's bytes, for any number of images of one size."""

from __future__ import annotations

import warnings
from io import BytesIO

import torch
from torch import nn

from toomre.packages import import_package

__all__ = ["INPUT", "OPSET", "onnx_bytes"]

#: The version of ONNX's operators.
OPSET = 18

#: The name of the file's input.
INPUT = "images"


def onnx_bytes(
    network: nn.Module, shape: tuple[int, int, int], output: str, extra: str = "onnx"
) -> bytes:
    """Return a network from images (n, band, y, x) to one tensor as ONNX, operator set 18.

    Parameters
    ----------
    network
        In evaluation mode, on the CPU.
    shape
        Of one image; n is free.
    output
        The name of what it gives.
    extra
        Which extra of toomre brings the package onnx.

    Raises
    ------
    MissingPackageError
        If onnx is not installed.
    """
    import_package("onnx", extra)
    content = BytesIO()
    with warnings.catch_warnings():
        # Torch's newer exporter takes some twenty times as long, in every process that scores.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network.to(memory_format=torch.contiguous_format),  # type: ignore[call-overload]
            (torch.zeros(2, *shape),),
            content,  # type: ignore[arg-type]  # its annotation knows files only
            dynamo=False,
            opset_version=OPSET,
            input_names=[INPUT],
            output_names=[output],
            dynamic_axes={INPUT: {0: "n"}, output: {0: "n"}},
        )
    return content.getvalue()
