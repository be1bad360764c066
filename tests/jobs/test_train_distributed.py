"""``torchrun ... toomre train``: the run of one process, whatever happens to the several."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from toomre.jobs.run import Run
from toomre.storage import sha256_file

pytestmark = pytest.mark.slow

TOOMRE = Path(sys.executable).with_name("toomre")


def command(count: int, *options: object) -> list[str]:
    alone = [sys.executable, str(TOOMRE)]
    many = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(count)]
    started = alone if count == 1 else [sys.executable, *many, str(TOOMRE)]
    return [*started, "train", *map(str, options), "--device", "cpu"]


def toomre(count: int, *options: object) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    return subprocess.run(
        command(count, *options), capture_output=True, text=True, check=False, env=environment
    )


@pytest.fixture
def adapted(tiny_recipe, tiny_set, tiny_target, tmp_path):
    """The options of a training with MMD, dropout-free and with plain steps."""
    recipe = tiny_recipe.replaced(
        loss=[{"name": "cross_entropy"}, {"name": "mmd", "weight": 0.1}],
        training__epochs=3,
        optimizer={"name": "sgd", "learning_rate": 0.01},
    )
    recipe.write(tmp_path / "a.toml")
    return [tmp_path / "a.toml", "--data", tiny_set, "--target", tiny_target]


def test_two_processes_make_the_run_of_one(adapted, tmp_path):
    done = toomre(2, *adapted, "--out", tmp_path / "two")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("epoch 3: train_loss") == 1
    assert done.stdout.count("Trained tiny") == 1
    assert toomre(1, *adapted, "--out", tmp_path / "one").returncode == 0
    two, one = Run.open(tmp_path / "two"), Run.open(tmp_path / "one")
    assert two.environment["processes"] == 2
    assert {path.name for path in two.folder.iterdir()} == {
        path.name for path in one.folder.iterdir()
    }
    columns = [name for name in one.history if name not in {"seconds", "cpu_seconds", "epoch"}]
    np.testing.assert_allclose(two.history[columns], one.history[columns], rtol=1e-5, atol=1e-5)
    scores = [
        pd.read_parquet(run.folder / "source/validation_scores.parquet") for run in (two, one)
    ]
    np.testing.assert_allclose(
        scores[0].select_dtypes("float"), scores[1].select_dtypes("float"), atol=1e-4
    )


def test_what_was_killed_goes_on_as_if_nothing_had_happened(adapted, tmp_path):
    options = [*adapted, "--epochs", 12]
    assert toomre(2, *options, "--out", tmp_path / "whole").returncode == 0
    started = subprocess.Popen(
        command(2, *options, "--out", tmp_path / "run"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not list((tmp_path / "run" / "checkpoints").glob("step-*.json")):
        assert started.poll() is None
        time.sleep(0.02)
    os.kill(int((tmp_path / ".run.lock").read_text()), signal.SIGKILL)  # the first process
    said = started.communicate()[1]
    assert started.returncode != 0
    assert said.count("Another process of this training ended") <= 1
    refused = toomre(1, *options, "--out", tmp_path / "run", "--resume")
    assert refused.returncode == 2
    assert "holds a run by 2 processes, but now there are 1" in refused.stderr
    assert toomre(2, *options, "--out", tmp_path / "run", "--resume").returncode == 0
    for name in ("model.safetensors", "source/model.safetensors"):
        assert sha256_file(tmp_path / "run" / name) == sha256_file(tmp_path / "whole" / name)


def test_a_mistake_is_said_once(adapted, tmp_path):
    done = toomre(5, *adapted, "--out", tmp_path / "run")
    assert done.returncode != 0
    assert done.stderr.count("a multiple of 5, the number of processes, but got 12") == 1
    assert not (tmp_path / "run").exists()
