from __future__ import annotations

import pandas as pd
import pytest
import typer
from typer.testing import CliRunner

from toomre.cli.layers import layers as command
from toomre.errors import ArgumentError, MissingFileError, OutputExistsError
from toomre.jobs.layers import layers

app = typer.Typer()
app.command()(command)


@pytest.mark.parametrize(
    ("recipe", "numbers"),
    [
        ("gz2-custom-cnn", 1_652_453),
        ("gz2-resnet50", 23_890_853),
        ("gz2-resnet50-optimised", 25_250_149),
    ],
)
def test_published_counts_of_the_recipes_without_their_weights(recipe, numbers):
    assert layers(recipe, depth=1).numbers == numbers


@pytest.mark.parametrize(
    ("network", "learnt"),
    [("vgg16", 15_767_361), ("inception-v3", 25_983_969), ("densenet121", 9_055_105)],
)
def test_the_counts_in_the_document_of_transfer_learning(network, learnt):
    found = layers(f"s004-{network}-transfer", depth=2)
    assert (found.shape, found.learnt) == ((3, 96, 96), learnt)


def test_a_backbone_for_other_images():
    found = layers("deepmerge2", bands=2, size=65)
    assert found.rows[0].shape == (8, 65, 65)
    assert found.rows[0].numbers == 2 * 25 * 8 + 8
    assert layers("deepmerge2").shape == (3, 75, 75)


def test_the_command_prints_and_writes_the_same(tmp_path):
    out = tmp_path / "new" / "layers.csv"
    words = ["gz2-custom-cnn", "--out", str(out)]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    assert "1,652,453 numbers, of which 1,652,389 can be learnt" in done.stdout
    table = pd.read_csv(out)
    assert table.columns.tolist() == ["layer", "kind", "shape", "numbers", "learnt"]
    assert (table["numbers"].sum(), table["learnt"].sum()) == (1_652_453, 1_652_389)
    assert table.loc[0].tolist() == ["backbone.layers.0", "Conv2d", "32x62x62", 896, 896]
    for row in table.itertuples():
        assert f"{row.numbers:,}" in done.stdout
    with pytest.raises(OutputExistsError, match="--overwrite"):
        layers("gz2_cnn", out=out)
    assert CliRunner().invoke(app, [*words, "--overwrite"]).exit_code == 0


def test_what_there_is_not():
    with pytest.raises(MissingFileError, match=r"no recipe at vgg17.*Backbones are .*vgg16"):
        layers("vgg17")
    with pytest.raises(ArgumentError, match="at least 64 pixels"):
        layers("vgg16", size=20)
