"""``toomre models``: a table for people, a list of objects for programs."""

from __future__ import annotations

import json

import pytest
import typer
from typer.testing import CliRunner

from toomre.cli.models import models
from toomre.networks.card import ModelCard

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


def test_no_model_is_said(monkeypatch):
    monkeypatch.setattr("toomre.jobs.models.shipped_models", dict)
    assert "No model is shipped" in CliRunner().invoke(app, []).stdout
    assert json.loads(CliRunner().invoke(app, ["--json"]).stdout) == []
