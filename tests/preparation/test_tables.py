"""Tables of every format give the same values, with integers exact."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.io import fits
from astropy.table import MaskedColumn, Table
from hypothesis import given
from hypothesis import strategies as st

from toomre.errors import ArgumentError, MissingFileError
from toomre.preparation.tables import load_table, load_verbatim

IDS = [587732769978777642, 587732769978777643]  # both are ...648 as doubles


def _astropy_table() -> Table:
    return Table(
        {
            "objid": np.array(IDS, dtype=">i8"),
            "pair": MaskedColumn(np.array(IDS, dtype=">i8"), mask=[False, True]),
            "name": np.array([b"first", b"second"]),
            "flux": np.array([1.5, np.nan], dtype=">f4"),
            "good": [True, False],
            "vector": np.arange(6.0).reshape(2, 3),
        }
    )


@pytest.mark.parametrize(
    ("name", "form"), [("a.fits", "fits"), ("a.ecsv", "ascii.ecsv"), ("a.vot", "votable")]
)
def test_astropy_formats_agree(tmp_path: Path, name: str, form: str) -> None:
    _astropy_table().write(tmp_path / name, format=form)
    frame = load_table(tmp_path / name)
    assert frame["objid"].dtype == np.dtype("int64")  # native, not >i8
    assert frame["objid"].tolist() == IDS
    assert frame["pair"].dtype == "Int64"
    assert frame["pair"].tolist() == [IDS[0], pd.NA]
    assert frame["name"].tolist() == ["first", "second"]
    assert frame["flux"].dtype.isnative
    assert frame["flux"][0] == 1.5
    assert np.isnan(frame["flux"][1])
    assert frame["good"].tolist() == [True, False]
    assert frame["vector"][1] == [3.0, 4.0, 5.0]


def test_unsigned_fits_column(tmp_path: Path) -> None:
    values = np.array([2**64 - 1, 2**63 + 1], dtype="uint64")
    Table({"id": values}).write(tmp_path / "a.fits")
    assert load_table(tmp_path / "a.fits")["id"].tolist() == values.tolist()


@pytest.mark.parametrize("pandas_metadata", [True, False])
def test_parquet_integers_with_gaps(tmp_path: Path, pandas_metadata: bool) -> None:
    path = tmp_path / "a.parquet"
    if pandas_metadata:
        pd.DataFrame({"id": pd.array([IDS[0], None], dtype="Int64")}).to_parquet(path)
    else:
        pq.write_table(pa.table({"id": pa.array([IDS[0], None])}), path)
    assert load_table(path)["id"].tolist() == [IDS[0], pd.NA]


def test_content_decides_and_not_the_ending(tmp_path: Path) -> None:
    pd.DataFrame({"id": IDS}).to_parquet(tmp_path / "table.csv")
    assert load_table(tmp_path / "table.csv")["id"].tolist() == IDS
    (tmp_path / "b.parquet").write_text(f"id\n{IDS[0]}\n")
    assert load_table(tmp_path / "b.parquet")["id"].tolist() == IDS[:1]


def test_gzipped_csv(tmp_path: Path) -> None:
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b"id,b\n1,2\n"))
    assert load_table(tmp_path / "a.csv.gz")["b"].tolist() == [2]


def test_csv_types(tmp_path: Path) -> None:
    text = (
        "int,gap,unsigned,float,padded,flag,text,words\n"
        "1,,18446744073709551615,1e-3,007,True,NA,\n"
        "-2,-3,1,nan,8,false,x,b\n"
    )
    (tmp_path / "a.csv").write_text(text)
    frame = load_table(tmp_path / "a.csv")
    assert frame["int"].tolist() == [1, -2]
    assert frame["gap"].tolist() == [pd.NA, -3]
    assert frame["unsigned"].tolist() == [2**64 - 1, 1]
    assert frame["float"][0] == 1e-3
    assert np.isnan(frame["float"][1])
    assert frame["padded"].tolist() == ["007", "8"]
    assert frame["flag"].tolist() == [True, False]
    assert frame["text"].tolist() == ["NA", "x"]  # a galaxy may be called NA
    assert frame["words"].isna().tolist() == [True, False]


def test_the_text_of_csv_is_kept_beside_the_values(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x,y\n1e5, 7\n+5,nan\n")
    table = load_verbatim(tmp_path / "a.csv")
    assert table.values["x"].tolist() == [1e5, 5.0]
    assert table.verbatim["x"].tolist() == ["1e5", "+5"]
    assert table.verbatim["y"].tolist() == [" 7", "nan"]
    pd.DataFrame({"x": [1, 2]}).to_parquet(tmp_path / "a.parquet")
    table = load_verbatim(tmp_path / "a.parquet")
    assert table.verbatim is table.values


@given(st.lists(st.floats(allow_nan=False), min_size=1, max_size=5))
def test_csv_floats_are_exact(values: list[float]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        path.write_text("x,y\n" + "".join(f"{value!r},a\n" for value in values))
        assert load_table(path)["x"].tolist() == values


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=5))
def test_csv_integers_are_exact(values: list[int]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        path.write_text("x;y\n" + "".join(f"{value};\n" for value in values))
        assert load_table(path)["x"].tolist() == values


def test_sdss_title_line(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("#Table1\nobjid,ra\n1,2.5\n")
    assert load_table(tmp_path / "a.csv").columns.tolist() == ["objid", "ra"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf", "is empty"),
        (b"id,label\n", "has no rows"),
        (b"a,b\n1,2\n1,2,3\n", "line 3"),
        (b"a,b\n1,2,3\n", "cannot be read"),
        (b"a,b\n1,2\n3,\xff\n", r"not text in UTF-8 \(line 3\)"),
        (b'a,b\n1,"2\n', "cannot be read"),
        (b"SIMPLE  = but no FITS", "cannot be read"),
        (b"PAR1 but no Parquet", "cannot be read"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    with pytest.raises(ArgumentError, match=message):
        load_table(path)


def test_missing_and_unusable_files(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match="no such file"):
        load_table(tmp_path / "nowhere.csv")
    with pytest.raises(MissingFileError):
        load_table(tmp_path)
    fits.PrimaryHDU(np.zeros((8, 8))).writeto(tmp_path / "image.fits")
    with pytest.raises(ArgumentError, match="has no table"):
        load_table(tmp_path / "image.fits")
