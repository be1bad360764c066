"""Checkpoints that are whole or absent, and whose every byte is checked when they are read.

A checkpoint is three files: weights (safetensors), optimiser state (tensors, read by torch's
weights-only loader) and a manifest in JSON that is written last and holds the SHA-256 of the
other two. A kill at any moment therefore leaves the previous checkpoint or the new one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_safetensors
from safetensors.torch import save as save_safetensors
from torch import Tensor

from toomre.errors import CorruptFileError, MissingFileError
from toomre.storage import atomic_path, sha256_bytes, sha256_file, write_json

__all__ = ["Checkpoint", "CheckpointFolder", "read_weights", "write_weights"]

_KEPT = 2


def write_weights(path: Path, weights: Mapping[str, Tensor]) -> str:
    """Write tensors as safetensors atomically; return the file's SHA-256."""
    content = save_safetensors(
        {name: tensor.detach().cpu().contiguous() for name, tensor in weights.items()}
    )
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)
    return sha256_bytes(content)


def read_weights(path: Path, sha256: str) -> dict[str, Tensor]:
    """Read safetensors whose SHA-256 is known; no code can run.

    Raises
    ------
    MissingFileError
        If the file is not there.
    CorruptFileError
        If the hash differs, or the content is not safetensors.
    """
    try:
        content = Path(path).read_bytes()
    except FileNotFoundError as error:
        raise MissingFileError(f"There are no weights at {path}.") from error
    found = sha256_bytes(content)
    if found != sha256:
        raise CorruptFileError(
            f"{path} has SHA-256 {found}, but {sha256} is recorded: the weights are damaged, "
            "or belong to another model. Fetch or train the model again."
        )
    try:
        return dict(load_safetensors(content))
    except SafetensorError as error:
        raise CorruptFileError(f"{path} is not a safetensors file: {error}.") from error


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A moment of a training.

    Attributes
    ----------
    step
        Steps done since the start.
    weights
        Of the network and of the loss.
    optimizer
        ``optimizer.state_dict()``.
    progress
        Everything else, JSON-safe: epoch, history, the selector, running sums.
    """

    step: int
    weights: Mapping[str, Tensor]
    optimizer: Mapping[str, Any]
    progress: Mapping[str, Any]


class CheckpointFolder:
    """The checkpoints of one run; the newest two are kept.

    Parameters
    ----------
    folder
        Where they are.

    Examples
    --------
    >>> import tempfile
    >>> folder = CheckpointFolder(Path(tempfile.mkdtemp()))
    >>> folder.save(Checkpoint(3, {"w": torch.ones(2)}, {"state": {}}, {"epoch": 1}))
    >>> folder.load().progress
    {'epoch': 1}
    """

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)

    def save(self, checkpoint: Checkpoint) -> None:
        """Write a checkpoint, then delete all but the newest two."""
        stem = f"step-{checkpoint.step:09d}"
        weights = f"{stem}.safetensors"
        optimizer = f"{stem}.pt"
        hashes = {weights: write_weights(self.folder / weights, checkpoint.weights)}
        with atomic_path(self.folder / optimizer) as temporary:
            torch.save(dict(checkpoint.optimizer), temporary)
            hashes[optimizer] = sha256_file(temporary)
        manifest = {"step": checkpoint.step, "sha256": hashes, "progress": checkpoint.progress}
        write_json(self.folder / f"{stem}.json", manifest)
        self._tidy()

    def load(self) -> Checkpoint | None:
        """Return the newest checkpoint, or None if there is none.

        Raises
        ------
        CorruptFileError
            If its files are damaged; the message names the previous good checkpoint.
        """
        manifests = self._manifests()
        if not manifests:
            return None
        try:
            return self._read(manifests[-1])
        except (CorruptFileError, MissingFileError) as error:
            good = next((m for m in reversed(manifests[:-1]) if self._is_good(m)), None)
            way = (
                f"Delete {manifests[-1].name} to go on from the previous good checkpoint, {good}."
                if good
                else "There is no earlier good checkpoint: start the training again."
            )
            raise CorruptFileError(f"{error} {way}") from error

    def clear(self) -> None:
        """Delete every checkpoint, manifests first."""
        for path in [*self._manifests(), *self._files()]:
            path.unlink(missing_ok=True)

    def _read(self, path: Path) -> Checkpoint:
        try:
            manifest = json.loads(path.read_bytes())
            names = manifest["sha256"]
            weights, optimizer = f"{path.stem}.safetensors", f"{path.stem}.pt"
            hashes = names[weights], names[optimizer]
            step, progress = int(manifest["step"]), dict(manifest["progress"])
        except (ValueError, KeyError, TypeError) as error:
            raise CorruptFileError(f"{path} is not a checkpoint's manifest: {error}.") from error
        tensors = read_weights(self.folder / weights, hashes[0])
        found = sha256_file(self.folder / optimizer) if self._has(optimizer) else "no file"
        if found != hashes[1]:
            raise CorruptFileError(
                f"{self.folder / optimizer} has SHA-256 {found}, but {hashes[1]} is recorded."
            )
        return Checkpoint(step, tensors, self._read_state(self.folder / optimizer), progress)

    @staticmethod
    def _read_state(path: Path) -> dict[str, Any]:
        try:
            return dict(torch.load(path, map_location="cpu", weights_only=True))
        except Exception as error:  # the weights-only loader refuses in many ways
            raise CorruptFileError(f"{path} is no optimiser state: {error}.") from error

    def _is_good(self, path: Path) -> bool:
        try:
            self._read(path)
        except (CorruptFileError, MissingFileError):
            return False
        return True

    def _has(self, name: str) -> bool:
        return (self.folder / name).is_file()

    def _manifests(self) -> list[Path]:
        return sorted(self.folder.glob("step-*.json"))

    def _files(self) -> list[Path]:
        return [p for p in self.folder.glob("step-*") if p.suffix in {".safetensors", ".pt"}]

    def _tidy(self) -> None:
        manifests = self._manifests()
        for path in manifests[:-_KEPT]:
            path.unlink(missing_ok=True)
        kept = {path.stem for path in manifests[-_KEPT:]}
        for path in self._files():
            if path.stem not in kept:
                path.unlink(missing_ok=True)
