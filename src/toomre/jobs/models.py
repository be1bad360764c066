"""``toomre.models``: the trained models inside the package."""

from __future__ import annotations

from toomre.inference.store import CARD_FILE, shipped_models
from toomre.networks.card import ModelCard

__all__ = ["models"]


def models() -> list[ModelCard]:
    """Return the cards of the shipped models, by name.

    Raises
    ------
    CorruptFileError
        If a card is damaged.

    Examples
    --------
    >>> all(card.input.bands for card in models())
    True
    """
    return [ModelCard.read(folder / CARD_FILE) for folder in shipped_models().values()]
