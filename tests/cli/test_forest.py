"""``toomre forest``: options are handed over, and the numbers are told."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import typer
from typer.testing import CliRunner

from toomre.cli.forest import forest
from toomre.errors import ArgumentError
from toomre.evaluation.report import evaluate_scores
from toomre.jobs import forest as job
from toomre.jobs.forest import ForestResult
from toomre.morphology.forest import ForestOptions


@pytest.fixture
def app():
    app = typer.Typer()
    app.command()(forest)
    return app


def test_it_hands_over_the_options_and_prints_the_metrics(monkeypatch, tmp_path, app):
    given = {}
    scores = pd.DataFrame({"galaxy_id": range(8), "label": [0, 1] * 4, "p_merger": [0.2, 0.8] * 4})
    judged = evaluate_scores(scores, threshold=0.5, rng=np.random.default_rng(0))

    def fake(*paths, **options):
        given.update(options, paths=paths)
        return ForestResult(judged, scores, judged, {"gini (r)": 0.75}, tmp_path)

    monkeypatch.setattr(job, "forest", fake)
    words = ["set", "--measurements", "m", "--out", "o", "--target", "t"]
    words += ["--target-measurements", "tm", "--trees", "70", "--seed", "2"]
    found = CliRunner().invoke(app, words)
    assert found.exit_code == 0, found.output
    assert [str(path) for path in given["paths"]] == ["set", "m", "o"]
    assert [str(path) for path in given["target"]] == ["t", "tm"]
    assert given["options"] == ForestOptions(trees=70, seed=2)
    assert (given["folds"], given["overwrite"]) == (None, False)
    assert found.stdout.count("ROC-AUC") == 2
    assert "Most used: gini (r) 0.75" in found.stdout


def test_a_target_without_its_measurements_is_refused(app):
    words = ["set", "--measurements", "m", "--out", "o", "--target", "t"]
    found = CliRunner().invoke(app, words)
    assert isinstance(found.exception, ArgumentError)
    assert "--target and --target-measurements together" in str(found.exception)
