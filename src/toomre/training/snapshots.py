"""Weights of some epochs, kept beside a run to look at how it learned; they change nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from toomre.errors import ArgumentError, MissingFileError
from toomre.networks.network import Network
from toomre.storage import read_json, write_json
from toomre.training.batch_norm import BatchNorm, Domain
from toomre.training.checkpoint import read_weights, write_weights

__all__ = ["EPOCHS_FOLDER", "Snapshots", "kept_epochs", "read_snapshot"]

#: Where a run keeps them.
EPOCHS_FOLDER = "epochs"
_RECORD = "epochs.json"


class Snapshots:
    """A listener to the trainer's epochs that keeps the weights of every n-th, and of the first.

    Each is a file of safetensors for the target's statistics of BatchNorm, and where those of the
    source differ, one more for these. A training that is gone on with overwrites what it had kept
    by the same.

    Parameters
    ----------
    folder
        Where they go; with ``epochs.json``, which holds their SHA-256.
    network, batch_norm
        What is trained; the weights before the training are kept at once, unless they are there
        from an earlier start.
    every
        Epochs from one to the next.

    Examples
    --------
    ``Snapshots(folder, network, batch_norm, 20)`` keeps the epochs 0 (before the training), 20,
    40 and so on.
    """

    def __init__(self, folder: Path, network: Network, batch_norm: BatchNorm, every: int) -> None:
        if every < 1:
            raise ArgumentError.expected("keep_every", "a number of epochs, 1 or more", every)
        self._folder, self._every = Path(folder), every
        self._network, self._batch_norm = network, batch_norm
        if 0 not in kept_epochs(self._folder):
            self._keep(0)

    def __call__(self, row: Mapping[str, float]) -> None:
        """Keep the weights of the epoch that just ended, if it is one of those."""
        epoch = int(row["epoch"])
        if epoch % self._every == 0:
            self._keep(epoch)

    def _keep(self, epoch: int) -> None:
        self._network.eval()
        found = {domain: self._of(domain) for domain in ("source", "target")}
        if _same(found["source"], found["target"]):
            del found["source"]
        hashes = {}
        for domain, weights in found.items():
            name = f"epoch-{epoch:05d}-{domain}.safetensors"
            hashes[domain] = write_weights(self._folder / name, weights)
        record = _record(self._folder) | {str(epoch): hashes}
        write_json(self._folder / _RECORD, record)

    def _of(self, domain: str) -> dict[str, Tensor]:
        with self._batch_norm.on(self._network, "source" if domain == "source" else "target"):
            return {name: one.clone() for name, one in self._network.state_dict().items()}


def kept_epochs(folder: Path) -> list[int]:
    """Return the epochs of which a folder has weights, rising; 0 is before the training."""
    return sorted(int(epoch) for epoch in _record(folder))


def read_snapshot(folder: Path, epoch: int, domain: Domain) -> dict[str, Tensor]:
    """Return the weights of an epoch with the statistics of a domain.

    Raises
    ------
    MissingFileError
        If that epoch was not kept.
    CorruptFileError
        If the file is damaged.
    """
    hashes = _record(folder).get(str(epoch))
    if hashes is None:
        known = ", ".join(map(str, kept_epochs(folder))) or "none"
        raise MissingFileError(
            f"The weights of epoch {epoch} were not kept in {folder}; there are: {known}. Train "
            "with --keep-every to keep them."
        )
    which = domain if domain in hashes else "target"
    path = Path(folder) / f"epoch-{epoch:05d}-{which}.safetensors"
    return read_weights(path, str(hashes[which]))


def _record(folder: Path) -> dict[str, dict[str, str]]:
    path = Path(folder) / _RECORD
    return dict(read_json(path)) if path.is_file() else {}


def _same(first: Mapping[str, Tensor], second: Mapping[str, Tensor]) -> bool:
    return all(torch.equal(tensor, second[name]) for name, tensor in first.items())
