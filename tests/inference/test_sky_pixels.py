"""Pixels of the sky by another library, and rows of an Arrow file in any order."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from astropy import units

from toomre.inference.sky_pixels import DEEPEST, Batches, sky_pixels, spatial_index


def test_every_row_is_in_one_pixel_that_has_few_enough(rng):
    index = np.sort(np.append(rng.integers(0, 12 << 58, 300), rng.integers(1 << 40, 1 << 41, 300)))
    found = list(sky_pixels(index, 20))
    assert [start for _, start, _ in found] == [0, *(stop for _, _, stop in found[:-1])]
    assert found[-1][2] == 600
    for (order, pixel), start, stop in found:
        assert 0 < stop - start <= 20
        assert set(index[start:stop] >> 2 * (DEEPEST - order)) == {pixel}
        if order:  # its parent would have had too many
            assert np.sum(index >> 2 * (DEEPEST - order + 1) == pixel >> 2) > 20


def test_rows_at_one_place_cannot_be_divided():
    assert [stop for _, _, stop in sky_pixels(np.full(9, 77), 5)] == [9]
    assert list(sky_pixels(np.empty(0, np.int64), 5)) == []


def test_positions_and_none(rng):
    pytest.importorskip("hats")
    healpix = pytest.importorskip("astropy_healpix")
    ra, dec = rng.uniform(0, 360, 50), rng.uniform(-90, 90, 50)
    ra[3], dec[4], ra[5], dec[6] = np.nan, np.nan, 400, 91
    found = spatial_index(pa.table({"ra": ra, "dec": dec}))
    assert np.flatnonzero(found < 0).tolist() == [3, 4, 5, 6]
    good = found >= 0
    where = healpix.lonlat_to_healpix(
        ra[good] * units.deg, dec[good] * units.deg, 2**20, order="nested"
    )
    assert np.array_equal(found[good] >> 2 * (DEEPEST - 20), where)


def test_rows_of_a_file_in_any_order(rng, tmp_path):
    table = pa.table({"n": np.arange(100), "text": [f"t{number}" for number in range(100)]})
    with pa.ipc.new_file(str(tmp_path / "rows.arrow"), table.schema) as writer:
        writer.write_table(table, max_chunksize=7)
    with pa.memory_map(str(tmp_path / "rows.arrow")) as file:
        batches = Batches(pa.ipc.open_file(file))
        for rows in (rng.permutation(100), np.array([99, 0, 50]), np.empty(0, np.int64)):
            assert batches.take(rows).equals(table.take(pa.array(rows, pa.int64())))
