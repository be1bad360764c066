"""Find a trained model by name or folder, check every byte, and build its network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import torch
from torch import Tensor

from toomre.build import build_network
from toomre.errors import CorruptFileError, MissingFileError
from toomre.evaluation.validation_scores import VALIDATION_FILE
from toomre.lookup import lookup
from toomre.networks.card import ModelCard
from toomre.networks.network import Network
from toomre.networks.tensors import misfits, some_of
from toomre.training.batch_norm import Domain
from toomre.training.checkpoint import read_weights

__all__ = [
    "DEFAULT_MODEL",
    "Model",
    "model_folder",
    "open_model",
    "shipped_models",
    "validation_file",
]

CARD_FILE = "model.json"
WEIGHTS_FILE = "model.safetensors"
SOURCE_FOLDER = "source"

#: The shipped model that is taken where none is named: small, and for the commonest pictures.
DEFAULT_MODEL = "sdss-jpeg"


@dataclass(frozen=True, eq=False)
class Model:
    """A card and the network that it describes, in evaluation mode on the CPU.

    `folder` is where both were read, so that another process can; None if they were not.
    """

    card: ModelCard
    network: Network
    folder: Path | None = None


def shipped_models() -> dict[str, Path]:
    """Return the models inside the package: name -> folder.

    Examples
    --------
    >>> all((folder / "model.json").is_file() for folder in shipped_models().values())
    True
    """
    root = Path(str(files("toomre.inference") / "shipped"))
    return {path.parent.name: path.parent for path in sorted(root.glob(f"*/{CARD_FILE}"))}


def model_folder(name_or_path: str | Path, domain: Domain = "target") -> Path:
    """Return the folder of a shipped model by its name, or of any model (a run is one).

    A run with a target is the target's model; what differs for its source is in ``source``.

    Raises
    ------
    ArgumentError
        If there is neither a shipped model nor a folder of that name.
    """
    folder = Path(name_or_path)
    if not folder.is_dir():
        folder = lookup(shipped_models(), str(name_or_path), "model (a name or a folder)")
    own = folder / SOURCE_FOLDER
    return own if domain == "source" and (own / CARD_FILE).is_file() else folder


def validation_file(name_or_path: str | Path) -> Path | None:
    """Return the scores of a model's labelled validation images, or None if it keeps none.

    Those of a model with a target are the source's, in ``source``.
    """
    folder = model_folder(name_or_path)
    places = (folder / VALIDATION_FILE, folder / SOURCE_FOLDER / VALIDATION_FILE)
    return next((path for path in places if path.is_file()), None)


def open_model(name_or_path: str | Path, domain: Domain = "target") -> Model:
    """Load a shipped model by its name, or any model by its folder (a run is one).

    Parameters
    ----------
    name_or_path
        A name that ``toomre models`` lists, or a folder with ``model.json`` and
        ``model.safetensors``.
    domain
        Which of a run's models, if it was trained with a target.

    Raises
    ------
    ArgumentError
        If there is neither a shipped model nor a folder of that name.
    CorruptFileError
        If the weights are damaged or do not fit the card. Loading never runs code.
    """
    folder = model_folder(name_or_path, domain)
    if not (folder / CARD_FILE).is_file():
        raise MissingFileError(
            f"{folder} has no {CARD_FILE}: it is no model, or a training that has not finished. "
            "Use `toomre train --resume` to finish it."
        )
    card = ModelCard.read(folder / CARD_FILE)
    weights = read_weights(folder / WEIGHTS_FILE, card.weights_sha256)
    network = build_network(
        card.architecture, bands=len(card.input.bands), size=card.input.grid.size
    )
    _check(network.state_dict(), weights, folder)
    network.load_state_dict(weights)
    return Model(card, network.eval(), folder.resolve())


def _check(expected: Mapping[str, Tensor], found: Mapping[str, Tensor], folder: Path) -> None:
    """Refuse weights of another architecture, and weights that are not numbers."""
    problems = misfits(expected, dict(sorted(found.items())))
    problems += [
        f"{key} holds values that are not finite"
        for key, tensor in found.items()
        if tensor.is_floating_point() and not torch.isfinite(tensor).all()
    ]
    if problems:
        raise CorruptFileError(
            f"The weights in {folder} do not fit their card: {some_of(problems)}."
        )
