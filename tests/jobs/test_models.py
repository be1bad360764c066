"""The shipped models, as a list of cards."""

from __future__ import annotations

import shutil

import pytest

from toomre.errors import CorruptFileError
from toomre.inference import store
from toomre.jobs.models import models
from toomre.networks.card import ModelCard


def test_the_list_holds_every_shipped_card():
    assert [card.name for card in models()] == sorted(store.shipped_models())
    assert all(isinstance(card, ModelCard) for card in models())


def test_a_damaged_card_is_refused(make_model, monkeypatch):
    folder = make_model()
    monkeypatch.setattr("toomre.jobs.models.shipped_models", lambda: {"tiny": folder})
    assert [card.name for card in models()] == ["tiny"]
    (folder / "model.json").write_text("{}")
    with pytest.raises(CorruptFileError, match="is not a valid model card"):
        models()
    shutil.rmtree(folder)
