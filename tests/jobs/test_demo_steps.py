from __future__ import annotations

import shlex

import numpy as np
import pandas as pd
import pytest
import typer
from astropy.io import fits
from typer.main import get_command

from toomre.cli.commands import register
from toomre.jobs.demo_steps import IMAGES, NETWORKS, STEPS, held_out
from toomre.jobs.run import Run
from toomre.preparation.prepared import PreparedSet


def test_every_command_is_one_that_the_command_line_takes(finished_demo):
    app = typer.Typer()
    register(app)
    commands = get_command(app).commands
    lines = [line for step in STEPS for line in finished_demo.commands[step]]
    assert len(lines) == 10
    for line in lines:
        program, name, *words = shlex.split(line)
        assert program == "toomre"
        context = commands[name].make_context(name, words)  # fails on an unknown option
        assert "my demo" in " ".join(str(value) for value in context.params.values())


def test_the_files_hold_the_noisy_test_images(finished_demo):
    place = finished_demo.place
    prepared = PreparedSet.open(place.images("noisy"))
    rows = held_out(prepared)
    assert len(rows) == len(list(place.cutouts.iterdir())) > 0
    for row in rows:
        path = place.cutouts / f"{prepared.catalog['image_id'][row]}.fits"
        assert np.array_equal(fits.getdata(path), prepared.images[row])
        assert fits.getheader(path)["BANDS"] == "a,b,c"


def test_the_catalogue_agrees_with_the_evaluation(finished_demo):
    """The files take the way of a user's files, the evaluation that of prepared images."""
    scores = pd.read_parquet(finished_demo.place.measured("adapted", "noisy") / "scores.parquet")
    both = scores.merge(finished_demo.answers, on="image_id", suffixes=("", "_file"))
    assert len(both) == len(scores) == len(finished_demo.answers)
    np.testing.assert_allclose(both["p_merger"], both["p_merger_file"], atol=1e-6)
    assert (both["label"] == both["label_file"]).all()


@pytest.mark.parametrize("network", NETWORKS)
def test_runs_are_those_of_the_recipes_and_the_seed(finished_demo, network):
    run = Run.open(finished_demo.place.run(network))
    assert run.recipe.name == NETWORKS[network]
    assert run.recipe.seed == 5
    noisy = finished_demo.place.images(IMAGES[1])
    wanted = str(noisy.resolve()) if network == "adapted" else None
    assert run.environment["target"] == wanted
