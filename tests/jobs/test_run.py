from __future__ import annotations

import shutil

import numpy as np
import pytest

from toomre.errors import MissingFileError, SplitMismatchError
from toomre.jobs.run import Run
from toomre.jobs.train import TrainOptions, train
from toomre.preparation.prepared import PreparedSet
from toomre.preparation.split import Split


@pytest.fixture
def run(tiny_set, tiny_target, two_domains, tmp_path):
    recipe = two_domains.replaced(training__epochs=1)
    options = TrainOptions(device="cpu")
    return train(recipe, tiny_set, tmp_path / "run", target=tiny_target, options=options)


def test_which_model_fits_which_data(run, tiny_set, tiny_target, tmp_path):
    source, target = PreparedSet.open(tiny_set), PreparedSet.open(tiny_target)
    assert run.domain_of(source) == "source"
    assert run.domain_of(target) == "target"
    assert run.is_target(target)
    assert not run.is_target(source)
    assert run.check_target(target).tolist() == list(range(96))


def test_a_target_that_was_split_anew_is_refused(run, tiny_target, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(tiny_target, other)
    table = Split.read(other / "split.csv").table
    table["part"] = np.roll(table["part"], 24)
    Split(table).write(other / "split.csv")
    with pytest.raises(SplitMismatchError, match="may hold images of the adaptation"):
        run.check_target(PreparedSet.open(other))


def test_an_unfinished_run_says_how_to_go_on(run):
    (run.folder / "model.json").unlink()
    with pytest.raises(MissingFileError, match="--resume"):
        Run.open(run.folder)
