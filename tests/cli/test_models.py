"""``toomre models``: a table for people, a list of objects for programs."""

from __future__ import annotations

import json

import pytest
import typer
from typer.testing import CliRunner

from toomre.cli.models import _areas, models
from toomre.jobs.models import models as shipped
from toomre.networks.card import ModelCard, TargetCard

TARGET = TargetCard(
    data="sky", part="train", images=9, images_sha256="a" * 64, rows_sha256="b" * 64
)

app = typer.Typer()
app.command()(models)


@pytest.fixture
def card(make_model, monkeypatch) -> ModelCard:
    folder = make_model("sdss-test")
    card = ModelCard.read(folder / "model.json").model_copy(
        update={"metrics": {"held-out": {"roc_auc": (0.98, 0.97, 0.99)}}, "summary": "A test."}
    )
    card.write(folder / "model.json")
    monkeypatch.setattr("toomre.jobs.models.shipped_models", lambda: {"sdss-test": folder})
    return card


def test_json_is_a_list_of_objects_with_the_whole_card(card):
    done = CliRunner().invoke(app, ["--json"])
    assert done.exit_code == 0
    (found,) = json.loads(done.stdout)
    assert found["name"] == "sdss-test"
    assert ModelCard.model_validate(found["card"]) == card
    assert found["bands"] == ["g", "r", "i"]
    assert found["metrics"]["held-out"]["roc_auc"] == [0.98, 0.97, 0.99]


def test_the_table_shows_what_one_chooses_by(card):
    done = CliRunner().invoke(app, [], env={"COLUMNS": "160"})
    assert done.exit_code == 0
    for text in ("sdss-test", "g,r,i", "0.4", "0.9800 (0.9700 to 0.9900), held-out", "A test."):
        assert text in done.stdout


@pytest.mark.parametrize(
    ("training", "wanted"),
    [
        ({}, ["validation", "target test"]),
        ({"simulated": True}, ["validation, simulated", "target test"]),
        ({"target": TARGET}, ["validation, of the source", "target test"]),
        ({"simulated": True, "target": TARGET}, ["validation, simulated", "target test"]),
    ],
    ids=["one domain", "simulated", "adapted", "both"],
)
def test_of_which_images_a_number_is(card, training, wanted):
    area = {"roc_auc": (0.98, 0.97, 0.99)}
    changes = {
        "metrics": {"validation": area, "target test": area},
        "training": card.training.model_copy(update=training),
    }
    changed = card.model_copy(update=changes)
    assert [text.split("), ")[1] for text in _areas(changed)] == wanted


def test_the_model_from_simulations_says_so():
    (card,) = [card for card in shipped() if card.name == "sim2sdss"]
    assert _areas(card)[0].endswith("validation, simulated")
    assert not any(card.training.simulated for card in shipped() if card.name != "sim2sdss")


def test_no_model_is_said(monkeypatch):
    monkeypatch.setattr("toomre.jobs.models.shipped_models", dict)
    assert "No model is shipped" in CliRunner().invoke(app, []).stdout
    assert json.loads(CliRunner().invoke(app, ["--json"]).stdout) == []
