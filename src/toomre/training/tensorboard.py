"""The history of a training as a TensorBoard log, for those who like to watch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from toomre.packages import import_package

__all__ = ["tensorboard_log"]


def tensorboard_log(folder: Path) -> Callable[[dict[str, float]], None]:
    """Return a listener that writes each epoch's row to a log in `folder`.

    Raises
    ------
    MissingPackageError
        If TensorBoard is not installed.
    """
    import_package("tensorboard", "tensorboard", "The log")
    from torch.utils.tensorboard import SummaryWriter

    writer = SummaryWriter(folder)

    def log(row: dict[str, float]) -> None:
        for name, value in row.items():
            if name != "epoch":
                writer.add_scalar(name, value, int(row["epoch"]))
        writer.flush()

    return log
