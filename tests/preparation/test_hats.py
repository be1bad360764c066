"""HATS catalogues as readers meet them: every release of the layout, in the order of the sky."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from toomre.errors import ArgumentError, CorruptFileError
from toomre.preparation.catalog import read_table
from toomre.preparation.columns import Columns
from toomre.preparation.hats import hats_files, is_hats, load_hats

HEAD = "#HATS catalog\nobs_collection=x\ndataproduct_type=object\nhats_nrows=6\n"

#: Order and pixel of each file, and where the pixel begins on the sky in units of order 2.
FILES = {(1, 40): [5, 6], (0, 3): [3], (2, 17): [1, 2], (2, 18): [4]}
ALONG_THE_SKY = [1, 2, 4, 3, 5, 6]


def part(ids: list[int]) -> pa.Table:
    numbers = np.array(ids, np.int64)
    return pa.table(
        {
            "_healpix_29": numbers,
            "objectId": 2**60 + numbers,
            "coord_ra": numbers * 10.0,
            "coord_dec": numbers * -10.0,
            "band": [f"b{number}" for number in ids],
            "size": pa.array([None if number == 3 else number for number in ids], pa.int32()),
        }
    )


def make(folder, *, properties="hats.properties", head=HEAD, layout="{dir}/Npix={pixel}.parquet"):
    folder.mkdir(parents=True)
    (folder / properties).write_text(head)
    for (order, pixel), ids in FILES.items():
        name = layout.format(dir=f"Norder={order}/Dir=0", order=order, pixel=pixel)
        path = folder / "dataset" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(part(ids), path)
    for name in ("_metadata", "_common_metadata"):
        pq.write_metadata(part([1]).schema, folder / "dataset" / name)
    return folder


@pytest.mark.parametrize(
    "layout", ["{dir}/Npix={pixel}.parquet", "{dir}/Npix={pixel}/part0.snappy.parquet"]
)
@pytest.mark.parametrize("properties", ["hats.properties", "properties"])
def test_rows_come_along_the_sky_with_their_types(tmp_path, properties, layout):
    folder = make(tmp_path / "c", properties=properties, layout=layout)
    assert is_hats(folder)
    frame = load_hats(folder)
    assert frame["objectId"].tolist() == [2**60 + number for number in ALONG_THE_SKY]
    assert frame["size"].tolist() == [1, 2, 4, pd.NA, 5, 6]
    assert frame["band"].tolist() == [f"b{number}" for number in ALONG_THE_SKY]
    assert list(frame) == ["_healpix_29", "objectId", "coord_ra", "coord_dec", "band", "size"]


def test_only_what_is_wanted_is_read(tmp_path):
    folder = make(tmp_path / "c")
    assert list(load_hats(folder, {"band", "size"}.__contains__)) == ["band", "size"]
    named = Columns(ra="coord_ra", dec="coord_dec")
    table = read_table(folder, named, only=["size"])
    assert table["image_id"].tolist() == [str(2**60 + number) for number in ALONG_THE_SKY]
    assert table["ra"].tolist() == [10.0 * number for number in ALONG_THE_SKY]
    assert "band" not in table
    assert "band" in read_table(folder, named)


def test_a_collection_names_its_main_catalogue(tmp_path):
    make(tmp_path / "c" / "main")
    collection = tmp_path / "c" / "collection.properties"
    collection.write_text("hats_primary_table_url=main\n")
    assert is_hats(tmp_path / "c")
    assert len(load_hats(tmp_path / "c")) == 6
    for name in ("../c/main", "..", "", "/etc"):
        collection.write_text(f"hats_primary_table_url={name}\n")
        with pytest.raises(ArgumentError, match="the name of a folder beside it"):
            load_hats(tmp_path / "c")


def test_what_is_no_table_of_objects_is_refused(tmp_path):
    folder = make(tmp_path / "c", head="dataproduct_type=margin\n")
    with pytest.raises(ArgumentError, match="kind object or source, but got .* of kind margin"):
        hats_files(folder)
    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / "properties").touch()
    with pytest.raises(ArgumentError, match="has no files dataset/Norder"):
        load_hats(empty)


def test_missing_and_damaged_files_are_noticed(tmp_path):
    folder = make(tmp_path / "c")
    lost = next(folder.rglob("Npix=3.parquet"))
    lost.rename(tmp_path / "away")
    with pytest.raises(CorruptFileError, match="says that it has 6 rows, but its files have 5"):
        load_hats(folder)
    lost.write_text("no Parquet")
    with pytest.raises(CorruptFileError, match="cannot be read"):
        load_hats(folder)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of LSDB and Dask
def test_what_lsdb_writes(tmp_path):
    """A judge that is not ours; within a pixel it keeps the order of the table."""
    pytest.importorskip("hats")
    from hats.pixel_math import compute_spatial_index

    lsdb = pytest.importorskip("lsdb")
    rng = np.random.default_rng(3)
    ra, dec = rng.uniform(0, 360, 500), np.degrees(np.arcsin(rng.uniform(-1, 1, 500)))
    frame = pd.DataFrame({"id": np.arange(500), "ra": ra, "dec": dec, "mass": rng.normal(size=500)})
    made = lsdb.from_dataframe(frame, catalog_name="x", lowest_order=1, margin_threshold=None)
    made.write_catalog(tmp_path / "x", as_collection=False)
    read = read_table(tmp_path / "x", only=())
    order = np.argsort(compute_spatial_index(ra, dec, 1), kind="stable")
    assert read["image_id"].tolist() == [str(number) for number in order]
    assert np.array_equal(read["ra"], ra[order])
    assert "mass" not in read


def test_positions_that_are_needed(tmp_path):
    """All columns are listed, not those alone that were read."""
    folder = make(tmp_path / "c")
    columns = Columns(image_id="objectId")
    said = "for ra and dec. Its columns are _healpix_29, objectId, coord_ra, coord_dec, band, size"
    with pytest.raises(ArgumentError, match=said):
        read_table(folder, columns, only=(), positions=True)
    named = Columns(image_id="objectId", ra="coord_ra", dec="coord_dec")
    assert read_table(folder, named, only=(), positions=True)["ra"].notna().all()
