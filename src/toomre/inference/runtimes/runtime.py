"""What a runtime is: a network made ready for batches of one size, in one precision."""

from __future__ import annotations

from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["BFLOAT16", "Precision", "Runtime"]

Precision = Literal["float32", "bfloat16"]

BFLOAT16: Precision = "bfloat16"


class Runtime(Protocol):
    """A network that is ready for whole batches; it serves one thread at a time.

    Attributes
    ----------
    batch
        The images (n, band, y, x), normalised, zeros at first. The caller fills them in place;
        how they lie in memory is the runtime's affair.
    """

    batch: NDArray[np.float32]

    def run(self) -> NDArray[np.float32]:
        """Return what the network's head gives for each image of the batch, (n, outputs)."""
        ...
