from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

import toomre
from toomre.errors import OutputExistsError
from toomre.jobs.provenance import check_identity, command_line, commit, differences, environment
from toomre.storage import write_json


def test_environment_tells_versions_command_and_time(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["/somewhere/bin/toomre", "train", "my recipe.toml"])
    found = environment()
    assert found["toomre"] == toomre.__version__
    assert found["command"] == command_line() == "toomre train 'my recipe.toml'"
    assert found["created"].endswith("+00:00")
    assert {"numpy", "torch", "astropy"} <= set(found["libraries"])


def git(folder, *words: str) -> str:
    who = ("-c", "user.name=a", "-c", "user.email=a@b")
    command = ["git", "-C", str(folder), *who, *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_a_checkout_tells_its_commit_and_whether_it_was_changed(tmp_path):
    (tmp_path / "src").mkdir()
    (tmp_path / "pyproject.toml").write_text("[project]")
    assert commit(tmp_path) is None
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "a")
    commit.cache_clear()
    assert commit(tmp_path) == git(tmp_path, "rev-parse", "HEAD")
    assert commit(tmp_path / "src") is None  # as of another project's folder
    (tmp_path / "pyproject.toml").write_text("changed")
    commit.cache_clear()
    assert commit(tmp_path) == f"{git(tmp_path, 'rev-parse', 'HEAD')}-dirty"


def test_optional_packages_are_told_where_they_are_installed():
    found = environment(["pytest", "no-such-package"])["libraries"]
    assert found["pytest"] == pytest.__version__
    assert "pytest" not in environment()["libraries"]
    assert "no-such-package" not in found


def test_what_has_changed_is_said_in_words():
    then = {"python": "3.11", "libraries": {"numpy": "1", "onnx": "2"}, "job_sha256": "a"}
    now = {"python": "3.11", "libraries": {"numpy": "3"}, "job_sha256": "b", "commit": "c"}
    assert differences(then, now) == [
        "libraries.numpy was 1, is 3",
        "libraries.onnx was 2, is None",
        "commit was None, is c",
    ]


def test_another_identity_is_refused_by_name(tmp_path):
    write_json(tmp_path / "a.json", {"recipe_sha256": "0" * 64, "folds": 5})
    check_identity(tmp_path / "a.json", {"folds": 5})
    with pytest.raises(OutputExistsError, match="another recipe .0000.* instead of 1111"):
        check_identity(tmp_path / "a.json", {"folds": 5, "recipe_sha256": "1" * 64})
