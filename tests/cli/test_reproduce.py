from __future__ import annotations

import pytest
from typer import Typer
from typer.testing import CliRunner

from toomre.cli.reproduce import reproduce
from toomre.errors import ArgumentError
from toomre.jobs import reproduce as job


@pytest.fixture
def run():
    app = Typer()
    app.command()(reproduce)
    return lambda *words: CliRunner().invoke(app, [str(word) for word in words])


def test_options_reach_the_job(run, monkeypatch, tmp_path):
    seen = {}

    class Done:
        markdown, csv, json = "T3.md", "T3.csv", "T3.json"

        class comparison:  # noqa: N801
            @staticmethod
            def to_markdown():
                return "| a |\n"

    def fake(table, out, *, options, progress, finished):
        seen.update(table=table, out=out, options=options)
        progress("training T3")(1, 2)
        return Done

    monkeypatch.setattr(job, "reproduce", fake)
    result = run("T3", "--out", tmp_path, "--seeds", 4, "--quick", "--rows", "MMD", "--workers", 2)
    assert result.exit_code == 0, result.output
    assert "| a |" in result.output
    assert "Saved as T3.md, T3.csv and T3.json." in result.output
    options = seen["options"]
    assert (seen["table"], seen["out"]) == ("T3", tmp_path)
    assert (options.seeds, options.quick, options.rows, options.workers) == (4, True, "MMD", 2)


def test_mocks_and_published_sets_exclude_each_other(run, tmp_path):
    result = run("T1", "--mocks", "--data", tmp_path)
    assert isinstance(result.exception, ArgumentError)
    assert "either" in str(result.exception)


def test_an_unknown_table(run, tmp_path):
    result = run("T9", "--out", tmp_path)
    assert isinstance(result.exception, ArgumentError)
    assert "'T8'" in str(result.exception)
