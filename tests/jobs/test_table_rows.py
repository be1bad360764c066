from __future__ import annotations

import pytest

from toomre.errors import ArgumentError, MissingFileError
from toomre.jobs import table_rows
from toomre.jobs.table_rows import rows_at_hand
from toomre.reproduction.table import read_table


@pytest.fixture
def only_efficientnet(monkeypatch):
    def find(name):
        if name != "efficientnet_lite0":
            raise MissingFileError("not here")

    monkeypatch.setattr(table_rows, "find_imagenet", find)


def test_rows_without_their_weights_are_left_out_with_the_command(only_efficientnet):
    rows, left_out = rows_at_hand(read_table("T10"), None)
    names = [row.name for row in rows]
    name = "EfficientNet-Lite0: transfer"
    assert [each for each in names if "transfer" in each] == [name, f"{name} (unrepaired)"]
    assert sum("from scratch" in name for name in names) == 4
    assert left_out["Inception-v3: transfer"] == (
        "weights not at hand: `toomre fetch imagenet:inception_v3`"
    )
    assert len(left_out) == 4
    table = read_table("T4")
    assert rows_at_hand(table, None) == (table.row, {})


def test_not_one_row_is_an_error(only_efficientnet):
    with pytest.raises(MissingFileError, match=r"No row of T10.*VGG-16: transfer: weights not"):
        rows_at_hand(read_table("T10"), "VGG-16: transfer")
    with pytest.raises(ArgumentError, match="words from the rows' names"):
        rows_at_hand(read_table("T10"), "resnet")
