"""What is stated of the inputs of a classification, and how it is done."""

from __future__ import annotations

from dataclasses import dataclass

from toomre.engines.engine import Engine
from toomre.errors import ArgumentError
from toomre.images.cutout import Encoding
from toomre.images.loading import Facts
from toomre.inference.runtimes.runtime import Precision

__all__ = ["ClassifyOptions"]


@dataclass(frozen=True)
class ClassifyOptions:
    """What is stated of the inputs, and how to classify them.

    Attributes
    ----------
    bands
        Names of the inputs' bands in order, where the files do not tell.
    pixel_scale
        The inputs' pixel scale [arcsec/pixel].
    encoding
        ``"linear"`` (flux) or ``"display"`` (0 to 255), where the files do not tell.
    threshold
        Another one than the model's.
    device
        ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"cuda:1"``.
    chunk_size
        Inputs that are in memory at a time.
    batch_size
        Images that go through the network at a time; None: what is quickest.
    runtime, precision
        What runs the network, and how precisely; see `toomre.inference.predictor.Predictor`.
    allow_domain
        Let pictures go to a model of flux, and the reverse.
    overwrite
        Replace an output that is there already.
    workers
        Processes of one thread each. None: all cores, or 1 on a GPU. With another number than 1
        a script must be guarded by ``if __name__ == "__main__":``, and the model be a name or a
        folder.
    isolated
        With 1 worker too, let another process do the work, so that an input that kills its
        process is found and the others are classified (``toomre classify`` always does). By
        default 1 worker is this process.
    engine
        What does the work instead; None: this machine, with so many `workers`.
    part
        (i, n), i from 0: do every n-th shard from the i-th on, and do not close the catalogue. A
        run without it does what is missing and closes.
    """

    bands: tuple[str, ...] | None = None
    pixel_scale: float | None = None
    encoding: Encoding | None = None
    threshold: float | None = None
    device: str = "auto"
    chunk_size: int = 256
    batch_size: int | None = None
    runtime: str = "torch"
    precision: Precision = "float32"
    allow_domain: bool = False
    overwrite: bool = False
    workers: int | None = 1
    isolated: bool = False
    engine: Engine | None = None
    part: tuple[int, int] | None = None

    def check(self) -> None:
        """Raise an `ArgumentError` if a value is not allowed."""
        if self.threshold is not None and not 0 <= self.threshold <= 1:
            raise ArgumentError.expected("threshold", "a number from 0 to 1", self.threshold)
        if self.chunk_size < 1:
            raise ArgumentError.expected("chunk_size", "a positive number", self.chunk_size)
        if self.encoding not in (None, "linear", "display"):
            raise ArgumentError.expected("encoding", "'linear' or 'display'", self.encoding)
        if self.workers is not None and self.workers < 1:
            raise ArgumentError.expected("workers", "1 or more", self.workers)
        if self.part is not None and not 0 <= self.part[0] < self.part[1]:
            raise ArgumentError.expected("part", "(i, n) with i from 0 to n - 1", self.part)

    @property
    def facts(self) -> Facts:
        """What is stated of the inputs."""
        return Facts(self.bands, self.pixel_scale, self.encoding)
