"""``toomre fetch``: what it prints, and what comes next."""

from __future__ import annotations

from pathlib import Path

from typer import Typer
from typer.testing import CliRunner

from toomre.cli.fetch import _NEXT, fetch
from toomre.jobs import fetch as job
from toomre.preparation.published.schema import PUBLISHED


def test_fetch(tmp_path, monkeypatch):
    path = tmp_path / "a.npy"
    path.write_bytes(bytes(1_500_000))

    def pretend(name: str, to: Path | None, progress: object) -> list[Path]:
        assert (name, to) == ("deepmerge", tmp_path)
        progress("a.npy", 10, None)
        progress("a.npy", 1_500_000, 1_500_000)
        return [path]

    monkeypatch.setattr(job, "fetch", pretend)
    app = Typer()
    app.command()(fetch)
    result = CliRunner().invoke(app, ["deepmerge", "--to", str(tmp_path)])
    assert result.exit_code == 0, result.output
    assert "a.npy (1.5 MB)" in result.stdout
    assert f"Next: toomre convert deepmerge1 {tmp_path} --out DIR" in result.stdout


def test_what_comes_next_exists():
    assert set(_NEXT) == set(job.REMOTE)
    assert set(_NEXT.values()) == set(PUBLISHED)
