from __future__ import annotations

import json

import numpy as np
import pyarrow.parquet as pq
import pytest
from tests.inference.test_catalog import rows_of

from toomre.inference.catalog import SCHEMA
from toomre.jobs.classify_files import read_shard, shard_path, shard_provenance, write_shard

IDS = [f"image-{i}" for i in range(300)]


@pytest.fixture
def shard(tmp_path):
    path = shard_path(tmp_path, "k")
    write_shard(path, "k", rows_of(IDS), '{"toomre": "1"}')
    return path


def test_a_shard_comes_back(shard):
    found = read_shard(shard, "k", 300)
    assert found.cast(SCHEMA).to_pandas().equals(rows_of(IDS).to_pandas())
    before = shard.read_bytes()
    write_shard(shard, "k", rows_of(IDS), '{"toomre": "1"}')
    assert shard.read_bytes() == before


def test_a_shard_says_where_it_comes_from(shard, tmp_path):
    assert shard_provenance(shard) == {"toomre": "1"}
    assert json.loads(pq.read_metadata(shard).metadata[b"toomre"]) == {"toomre": "1"}
    (tmp_path / "no.parquet").write_text("")
    assert shard_provenance(tmp_path / "no.parquet") == {}


def test_another_shard_is_none(shard, tmp_path):
    assert read_shard(shard, "other", 300) is None
    assert read_shard(shard, "k", 299) is None
    assert read_shard(tmp_path / "none.parquet", "k", 300) is None


def test_no_flipped_bit_and_no_lost_byte_passes(shard, rng):
    content = shard.read_bytes()
    expected = rows_of(IDS).to_pandas()
    noticed = 0
    for place in rng.choice(len(content), 200, replace=False).tolist():
        damaged = bytearray(content)
        damaged[place] ^= 1 << int(rng.integers(8))
        shard.write_bytes(damaged)
        found = read_shard(shard, "k", 300)
        assert found is None or found.cast(SCHEMA).to_pandas().equals(expected), place
        noticed += found is None
    assert noticed > 100
    for size in np.linspace(0, len(content) - 1, 20, dtype=int).tolist():
        shard.write_bytes(content[:size])
        assert read_shard(shard, "k", 300) is None
