from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

import toomre.jobs.audit
from toomre.cli.audit import audit
from toomre.jobs.audit import AuditReport, CopyPair

PAIR = CopyPair("a", "b", "test", "train", "exact", 1.0, "in place")


@pytest.fixture
def app() -> typer.Typer:
    app = typer.Typer()
    app.command()(audit)
    return app


def _use(monkeypatch: pytest.MonkeyPatch, pairs: tuple[CopyPair, ...]) -> dict[str, object]:
    """Replace the job by one that notes what it was asked and finds these pairs."""
    asked: dict[str, object] = {}

    def job(folder: Path, **options: object) -> AuditReport:
        asked.update(options, folder=folder)
        options["progress"](1, 2)
        return AuditReport(9, None, None, len(pairs), 0, len(pairs), 0, True, pairs)

    monkeypatch.setattr(toomre.jobs.audit, "audit", job)
    return asked


def test_no_leak_is_exit_code_0(app: typer.Typer, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = _use(monkeypatch, ())
    result = CliRunner().invoke(app, ["folder"])
    assert result.exit_code == 0
    assert result.stdout.startswith("No leak found in 9 images.")
    assert (asked["folder"], asked["pixels"]) == (Path("folder"), True)


def test_leaks_are_exit_code_1(app: typer.Typer, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = _use(monkeypatch, (PAIR,))
    result = CliRunner().invoke(app, ["folder", "--no-pixels"])
    assert result.exit_code == 1
    assert "a = b (test, train): exact" in result.stdout
    assert asked["pixels"] is False


def test_json_is_all_there_is_on_stdout(app: typer.Typer, monkeypatch: pytest.MonkeyPatch) -> None:
    _use(monkeypatch, (PAIR,))
    result = CliRunner().invoke(app, ["folder", "--json"])
    report = json.loads(result.stdout)
    assert report["passed"] is False
    assert report["pairs"][0]["image_a"] == "a"
