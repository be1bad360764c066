"""``toomre train``: its words at the end; what it trains is tested in tests/jobs."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from toomre.cli.train import train
from toomre.storage import read_json, sha256_file, write_json

app = typer.Typer()
app.command()(train)


@pytest.fixture
def target(tiny_set, tmp_path):
    folder = tmp_path / "other"
    shutil.copytree(tiny_set, folder)
    np.save(folder / "images.npy", np.load(folder / "images.npy")[..., ::-1] + np.float32(0.1))
    info = read_json(folder / "dataset.json")
    info["images_sha256"] = sha256_file(folder / "images.npy")
    write_json(folder / "dataset.json", info)
    return folder


def test_a_target_and_what_comes_next(tiny_set, tiny_recipe, target, tmp_path):
    loss = [{"name": "cross_entropy"}, {"name": "coral"}]
    tiny_recipe.replaced(loss=loss, optimizer__learning_rate=1e-9).write(tmp_path / "a.toml")
    options = ["--data", tiny_set, "--target", target, "--out", tmp_path / "run", "--epochs", 1]
    done = CliRunner().invoke(app, [str(tmp_path / "a.toml"), *map(str, options)])
    assert done.exit_code == 0, done.output
    assert "Warning: Of the target, " in done.output
    assert f"toomre evaluate {tmp_path / 'run'} --data {target}" in done.output
