"""``toomre train``: its words at the end; what it trains is tested in tests/jobs."""

from __future__ import annotations

import shlex
import shutil

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from toomre.cli.train import train
from toomre.cli.zoo import zoo
from toomre.preparation.split import Split
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


@pytest.mark.parametrize("part", ["valid", "test"])
def test_what_comes_next_can_be_done(vote_set, vote_recipe, tmp_path, part):
    """The command that is printed runs as it stands, also on a split without a test part."""
    folder = tmp_path / "set"
    shutil.copytree(vote_set, folder)
    table = Split.read(folder / "split.csv").table
    table["part"] = table["part"].replace("test", part)
    Split(table).write(folder / "split.csv")
    vote_recipe.write(tmp_path / "votes.toml")
    options = ["--data", folder, "--out", tmp_path / "run", "--epochs", 1, "--device", "cpu"]
    done = CliRunner().invoke(app, [str(tmp_path / "votes.toml"), *map(str, options)])
    assert done.exit_code == 0, done.output
    line = next(line for line in done.output.splitlines() if line.startswith("Next: "))
    words = shlex.split(line.removeprefix("Next: toomre zoo "))
    judged = CliRunner().invoke(zoo, [*words, "--no-figures", "--device", "cpu"])
    assert judged.exit_code == 0, judged.output
    assert f"on the {part} part" in judged.output


def test_a_target_and_what_comes_next(tiny_set, tiny_recipe, target, tmp_path):
    loss = [{"name": "cross_entropy"}, {"name": "coral"}]
    tiny_recipe.replaced(loss=loss, optimizer__learning_rate=1e-9).write(tmp_path / "a.toml")
    options = ["--data", tiny_set, "--target", target, "--out", tmp_path / "run", "--epochs", 1]
    done = CliRunner().invoke(app, [str(tmp_path / "a.toml"), *map(str, options)])
    assert done.exit_code == 0, done.output
    assert "Warning: Of the target, " in done.output
    assert f"toomre evaluate {tmp_path / 'run'} --data {target}" in done.output
