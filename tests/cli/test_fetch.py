"""``toomre fetch``: what it prints, and what comes next."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer import Typer
from typer.testing import CliRunner

from toomre.cli.fetch import _NEXT, fetch
from toomre.jobs import fetch as job
from toomre.preparation.published.schema import PUBLISHED
from toomre.reproduction.table import TABLES, read_table


@pytest.mark.parametrize(
    ("fetched", "sets"),
    [
        ("deepmerge", ["deepmerge1"]),
        ("deepmerge2", ["deepmerge2-simsim", "deepmerge2-simreal"]),
        ("imagenet:resnet18", []),
    ],
)
def test_fetch(tmp_path, monkeypatch, fetched, sets):
    path = tmp_path / "a.npy"
    path.write_bytes(bytes(1_500_000))

    def pretend(name: str, to: Path | None, progress: object) -> list[Path]:
        assert (name, to) == (fetched, tmp_path)
        progress("a.npy", 10, None)
        progress("a.npy", 1_500_000, 1_500_000)
        return [path]

    monkeypatch.setattr(job, "fetch", pretend)
    app = Typer()
    app.command()(fetch)
    result = CliRunner().invoke(app, [fetched, "--to", str(tmp_path)])
    assert result.exit_code == 0, result.output
    assert "a.npy (1.5 MB)" in result.stdout
    told = [line for line in result.stdout.splitlines() if line.startswith("Next: ")]
    assert told == [f"Next: toomre convert {one} {tmp_path} --out DIR/{one}" for one in sets]
    assert ("toomre reproduce --data DIR" in result.stdout) == bool(sets)


def test_what_comes_next_exists():
    assert set(_NEXT) == set(job.REMOTE)
    assert {one for sets in _NEXT.values() for one in sets} == set(PUBLISHED)


def test_tables_look_for_the_sets_where_they_are_put():
    wanted = {
        images.published.split("/")[0]
        for table in map(read_table, TABLES)
        for images in table.data.values()
        if images.published
    }
    assert wanted == set(PUBLISHED)
