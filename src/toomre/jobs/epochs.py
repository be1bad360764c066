"""The models of a run at moments of its training: before it, at kept epochs, and the chosen one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch

from toomre.build import build_network, initial_network
from toomre.errors import ArgumentError, MissingFileError
from toomre.inference.store import CARD_FILE, Model, model_folder, open_model
from toomre.jobs.run import Run
from toomre.networks.card import ModelCard
from toomre.networks.network import Network
from toomre.training.batch_norm import Domain
from toomre.training.snapshots import EPOCHS_FOLDER, kept_epochs, read_snapshot

__all__ = ["Moment", "chosen_epochs", "models_of"]

_DOMAINS: tuple[Domain, ...] = ("source", "target")


class Moment(NamedTuple):
    """An epoch, 0 before the training, and what it is called; whether it is the run's model."""

    epoch: int
    name: str
    final: bool = False


def chosen_epochs(run: Run, epochs: Sequence[int] | None) -> list[Moment]:
    """Return the moments to look at: those that are asked for, and the run's own model.

    Parameters
    ----------
    run
        A finished run.
    epochs
        Rising or not; None: before the training, where that can be made again, and all epochs
        whose weights were kept.

    Raises
    ------
    ArgumentError
        If an epoch is below 0.
    MissingFileError
        If the weights of an epoch were not kept.
    """
    kept = kept_epochs(run.folder / EPOCHS_FOLDER)
    before = [0] if 0 not in kept and _starts_from_its_recipe(run) else []
    if epochs is None:
        wanted = [*before, *kept]
    else:
        wanted = sorted(set(epochs))
        for epoch in wanted:
            if epoch < 0:
                raise ArgumentError.expected("epochs", "0 or more", epoch)
            if epoch not in {*before, *kept, run.card.training.epoch}:
                _refuse(run, epoch, sorted({*before, *kept}))
    best = run.card.training.epoch
    names = {0: "before training"}
    moments = [Moment(e, names.get(e, f"epoch {e}")) for e in wanted if e != best]
    return sorted([*moments, Moment(best, f"epoch {best}, the model", final=True)])


def models_of(run: Run, moment: Moment) -> dict[Domain, Model]:
    """Return the source's and the target's model of a run at a moment.

    Raises
    ------
    MissingFileError
        If its weights were not kept.
    """
    if moment.final:
        return {domain: open_model(run.folder, domain) for domain in _DOMAINS}
    cards = {
        domain: ModelCard.read(model_folder(run.folder, domain) / CARD_FILE) for domain in _DOMAINS
    }
    return {
        domain: Model(card, _network(run, card, moment, domain)) for domain, card in cards.items()
    }


def _network(run: Run, card: ModelCard, moment: Moment, domain: Domain) -> Network:
    folder: Path = run.folder / EPOCHS_FOLDER
    if moment.epoch == 0 and 0 not in kept_epochs(folder):
        torch.manual_seed(run.recipe.seed)
        return initial_network(run.recipe, bands=len(card.input.bands)).eval()
    weights = read_snapshot(folder, moment.epoch, domain)
    network = build_network(
        card.architecture, bands=len(card.input.bands), size=card.input.grid.size
    )
    network.load_state_dict(weights)
    return network.eval()


def _starts_from_its_recipe(run: Run) -> bool:
    """Return whether the first weights follow from recipe and seed alone."""
    return run.environment.get("start") is None


def _refuse(run: Run, epoch: int, known: Sequence[int]) -> None:
    there = ", ".join(map(str, known)) or "none"
    raise MissingFileError(
        f"The weights of epoch {epoch} were not kept in {run.folder}; there are: {there}, and "
        f"the model of epoch {run.card.training.epoch}. Train with --keep-every to keep them."
    )
