from __future__ import annotations

import bz2
import gzip
import tracemalloc
from typing import Literal

import pytest

from toomre.images.compressed import unpack
from toomre.images.flags import Flag
from toomre.images.read_limits import BadInputError

MEGABYTE = 1 << 20


@pytest.mark.parametrize("packed", ["gzip", "bzip2"])
@pytest.mark.parametrize("size", [0, 1, MEGABYTE, 32 * MEGABYTE, 33 * MEGABYTE])
def test_round_trip_up_to_the_limit(packed: Literal["gzip", "bzip2"], size: int) -> None:
    content = bytes(size)
    small = (gzip if packed == "gzip" else bz2).compress(content, 1)
    assert unpack(small, packed, max(size, 1)) == content
    if size:
        with pytest.raises(BadInputError, match="unpacks to more than") as caught:
            unpack(small, packed, size - 1)
        assert caught.value.flag is Flag.SIZE


def test_a_bomb_takes_little_memory() -> None:
    bomb = gzip.compress(bytes(200 * MEGABYTE), 1)
    tracemalloc.start()
    with pytest.raises(BadInputError):
        unpack(bomb, "gzip", 150 * MEGABYTE)
    assert tracemalloc.get_traced_memory()[1] < 80 * MEGABYTE
    tracemalloc.stop()
