"""The catalogue as HATS: other readers find each row, and ours gives them back in order."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy import units

from toomre.errors import ArgumentError, MissingPackageError, OutputError, OutputExistsError
from toomre.inference import catalog_hats
from toomre.inference.catalog import SCHEMA, check_output, open_catalog
from toomre.inference.catalog_hats import hats_sha256
from toomre.inference.catalog_reading import read_catalog, read_provenance

pytest.importorskip("hats")


@pytest.fixture
def rows(rng) -> pd.DataFrame:
    """Rows over the whole sky, crowded in one place, of which some have no position."""
    count = 700
    p = rng.uniform(0, 1, count)
    p[::9] = np.nan
    ra = np.where(
        np.arange(count) < 300, 150 + rng.normal(0, 0.1, count), rng.uniform(0, 360, count)
    )
    dec = np.where(
        np.arange(count) < 300, 2 + rng.normal(0, 0.1, count), rng.uniform(-90, 90, count)
    )
    ra[[5, 50]] = np.nan
    dec[60] = np.nan
    return pd.DataFrame(
        {
            "image_id": [f"g{number}" for number in rng.permutation(count)],
            "ra": ra,
            "dec": dec,
            "p_merger": p,
            "p_merger_raw": p,
            "p_merger_std": p / 9,
            "is_merger": pd.array(p > 0.5, "boolean"),
            "status": "ok",
            "flags": np.arange(count),
            "reason": "",
            "model_id": "tiny",
        }
    ).assign(is_merger=lambda frame: frame["is_merger"].mask(frame["p_merger"].isna()))


def write(path, rows: pd.DataFrame, step: int = 100, **options) -> None:
    with open_catalog(path, **options) as writer:
        for start in range(0, len(rows), step):
            part = pa.Table.from_pandas(rows[start : start + step], SCHEMA, preserve_index=False)
            writer.write(part)
        writer.finish({"model_id": "tiny"})


@pytest.fixture
def folder(rows, tmp_path, monkeypatch):
    monkeypatch.setattr(catalog_hats, "_MOST_ROWS", 50)
    monkeypatch.setattr(catalog_hats, "_BATCH", 64)
    write(tmp_path / "o.hats", rows)
    return tmp_path / "o.hats"


def test_it_is_read_back_in_the_order_of_the_input(folder, rows):
    found = read_catalog(folder)
    pd.testing.assert_frame_equal(found, rows.astype({"image_id": "str"}), check_dtype=False)
    assert read_provenance(folder) == {"model_id": "tiny"}
    assert sorted(path.name for path in folder.parent.iterdir()) == ["o.hats"]


def test_hats_itself_finds_every_row(folder, rows):
    """The package's own reader, and the pixel of each position by another library."""
    import hats

    healpix = pytest.importorskip("astropy_healpix")
    catalog = hats.read_hats(folder)
    placed = rows[rows["ra"].notna() & rows["dec"].notna()]
    assert len(catalog) == len(placed)
    assert catalog.schema.names[0] == "_healpix_29"
    orders = {pixel.order for pixel in catalog.get_healpix_pixels()}
    assert min(orders) <= 1
    assert max(orders) > 5
    seen = []
    for pixel in catalog.get_healpix_pixels():
        (path,) = folder.rglob(f"Norder={pixel.order}/*/Npix={pixel.pixel}.parquet")
        table = pq.ParquetFile(path).read().to_pandas()
        where = healpix.lonlat_to_healpix(
            *(table[name].to_numpy() * units.deg for name in ("ra", "dec")),
            2**pixel.order,
            order="nested",
        )
        assert set(where) == {pixel.pixel}
        assert len(table) <= 50
        assert table["_healpix_29"].is_monotonic_increasing
        seen += table["image_id"].tolist()
    assert sorted(seen) == sorted(placed["image_id"])
    lost = pq.read_table(folder / "unplaced.parquet")["image_id"].to_pylist()
    assert lost == rows.loc[[5, 50, 60], "image_id"].tolist()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of LSDB and Dask
def test_lsdb_searches_it(folder, rows):
    lsdb = pytest.importorskip("lsdb")
    found = lsdb.open_catalog(str(folder)).cone_search(150, 2, 600).compute()
    x, y = (rows["ra"] - 150) * np.cos(np.radians(rows["dec"])), rows["dec"] - 2
    near = rows[np.hypot(x, y) < 600 / 3600]
    assert abs(len(found) - len(near)) <= 1
    assert len(set(found["image_id"]) - set(near["image_id"])) <= 1
    assert len(near) > 100


def test_the_bytes_do_not_depend_on_the_parts(rows, folder, tmp_path):
    write(tmp_path / "2" / "other.hats", rows, step=333)
    assert hats_sha256(tmp_path / "2" / "other.hats") == hats_sha256(folder)
    (folder / "toomre.json").write_text("{}")
    assert hats_sha256(tmp_path / "2" / "other.hats") != hats_sha256(folder)


def test_only_a_catalogue_of_ours_is_replaced(folder, rows, tmp_path):
    with pytest.raises(OutputExistsError, match=r"o\.hats is there already"):
        write(folder, rows)
    write(folder, rows[:9], overwrite=True)
    assert len(read_catalog(folder)) == 9
    other = tmp_path / "mine.hats"
    other.mkdir()
    (other / "thesis.tex").touch()
    with pytest.raises(ArgumentError, match="the folder"):
        check_output(other, overwrite=True)


def test_without_positions_there_is_none(rows, tmp_path):
    with pytest.raises(OutputError, match=r"no input has one.*Parquet.*--catalog"):
        write(tmp_path / "o.hats", rows.assign(ra=np.nan))
    assert list(tmp_path.iterdir()) == []


def test_the_package_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "hats", None)
    with pytest.raises(MissingPackageError, match=r"pip install 'toomre\[hats\]'.*Parquet"):
        check_output(tmp_path / "o.hats")
