from __future__ import annotations

import sys

import pytest

import toomre
from toomre.errors import OutputExistsError
from toomre.jobs.provenance import check_identity, command_line, environment
from toomre.storage import write_json


def test_environment_tells_versions_command_and_time(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["/somewhere/bin/toomre", "train", "my recipe.toml"])
    found = environment()
    assert found["toomre"] == toomre.__version__
    assert found["command"] == command_line() == "toomre train 'my recipe.toml'"
    assert found["created"].endswith("+00:00")
    assert {"numpy", "torch", "astropy"} <= set(found["libraries"])


def test_another_identity_is_refused_by_name(tmp_path):
    write_json(tmp_path / "a.json", {"recipe_sha256": "0" * 64, "folds": 5})
    check_identity(tmp_path / "a.json", {"folds": 5})
    with pytest.raises(OutputExistsError, match="another recipe .0000.* instead of 1111"):
        check_identity(tmp_path / "a.json", {"folds": 5, "recipe_sha256": "1" * 64})
