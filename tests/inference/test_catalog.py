from __future__ import annotations

import csv
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.io import fits
from astropy.table import Table
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from toomre.errors import ArgumentError, MissingFileError, OutputError, OutputExistsError
from toomre.inference.catalog import (
    FORMATS,
    SCHEMA,
    check_output,
    open_catalog,
    with_extra,
)
from toomre.inference.catalog_reading import read_catalog, read_provenance
from toomre.inference.manifest import sidecar_of

IDS = [
    *(
        "a/1.jpg",
        "587732769978777642",
        "007",
        "NA",
        "null",
        "",
        "=cmd()",
        "+1",
        "-1",
        "@x",
        "\ttab",
    ),
    *("'quoted'", '"double"', "a,b;c", "two\nlines", "car\rriage", "both\r\n", "nul\0", " lead"),
    *(
        "trail ",
        "back\\slash",
        "\\x41",
        "<script>&amp;",
        "é",
        "😀",
        "\u202eright",
        "\x01",
        "\ufeffb",
    ),
    *("../../x", "x" * 10_000, "'", "\\", "\r", "#comment"),
]
PROVENANCE = {"toomre": "0.1", "model_id": "m@1", "input": "é\n'", "counts": {"bad": 2}}


def rows_of(ids: list[str]) -> pa.Table:
    n = len(ids)
    rng = np.random.default_rng(4)
    p = np.where(np.arange(n) % 3 == 2, np.nan, rng.random(n))
    merger = [None if np.isnan(value) else bool(value > 0.5) for value in p]
    columns = {
        "image_id": ids,
        "ra": rng.random(n) * 360,
        "dec": np.full(n, np.nan),
        "p_merger": p,
        "p_merger_raw": p / 3,
        "p_merger_std": p / 7,
        "is_merger": merger,
        "status": ["ok"] * n,
        "flags": (1 << 46) + np.arange(n),
        "reason": ["" if i % 2 else f"=why {text}" for i, text in enumerate(ids)],
        "model_id": ["m@1"] * n,
    }
    return pa.table(columns, schema=SCHEMA)


def write(path: Path, parts: list[pa.Table], **options: object) -> None:
    with open_catalog(path, **options) as writer:
        for part in parts:
            writer.write(part)
        writer.finish(PROVENANCE)


@pytest.mark.parametrize("ending", FORMATS)
def test_every_format_gives_back_every_character_and_digit(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"mergers{ending}"
    rows = rows_of(IDS)
    write(path, [rows[:3], rows[3:3], rows[3:]])
    expected = rows.to_pandas().astype({"image_id": "str", "status": "str"})
    pd.testing.assert_frame_equal(read_catalog(path), expected, check_exact=True)
    found = read_provenance(path)
    assert {key: found[key] for key in PROVENANCE} == PROVENANCE
    names = {path.name, sidecar_of(path).name} if ending == ".csv" else {path.name}
    assert {p.name for p in tmp_path.iterdir()} == names


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(ids=st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=5))
@pytest.mark.parametrize("ending", FORMATS)
def test_any_text_comes_back(tmp_path: Path, ending: str, ids: list[str]) -> None:
    path = tmp_path / f"x{ending}"
    write(path, [rows_of(ids)], overwrite=True)
    assert read_catalog(path)["image_id"].tolist() == ids


@pytest.mark.parametrize("ending", FORMATS)
def test_a_catalogue_without_rows_is_whole(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"x{ending}"
    write(path, [])
    assert read_catalog(path).columns.tolist() == SCHEMA.names
    assert len(read_catalog(path)) == 0


def test_parquet_is_read_by_pandas_with_a_nullable_boolean(tmp_path: Path) -> None:
    write(tmp_path / "x.parquet", [rows_of(IDS)])
    frame = pd.read_parquet(tmp_path / "x.parquet")
    assert frame["is_merger"].dtype == "boolean"
    assert frame["is_merger"].isna().equals(frame["p_merger"].isna())
    assert frame["flags"].dtype == "int64"


def test_fits_is_read_by_astropy_and_passes_its_checksum(tmp_path: Path) -> None:
    path = tmp_path / "x.fits"
    write(path, [rows_of(IDS[:4])])
    with fits.open(path, checksum=True) as hdus:
        hdus.verify("exception")
        assert hdus[1].header["MODELID"] == "m@1"
        assert hdus[1].header["INPUT"] == r"\xe9\x0a'"
    table = Table.read(path)
    assert table["ra"].unit == "deg"
    assert table["flags"].dtype.kind == "i"
    assert table["image_id"].tolist() == IDS[:4]
    assert table["is_merger"].dtype == bool


def test_votable_and_ecsv_have_units_and_nulls(tmp_path: Path) -> None:
    for ending, kind in ((".vot", "votable"), (".ecsv", "ascii.ecsv")):
        write(tmp_path / f"x{ending}", [rows_of(IDS[:4])])
        table = Table.read(tmp_path / f"x{ending}", format=kind)
        assert table["dec"].unit == "deg"
        assert table["is_merger"].mask.tolist() == [False, False, True, False]


def test_no_csv_cell_of_text_begins_a_formula(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    write(path, [rows_of(IDS)])
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(IDS)
    for row, image_id in zip(rows, IDS, strict=True):
        for name in ("image_id", "reason"):
            assert not row[name].startswith(("=", "+", "-", "@", "\t", "\r"))
        assert row["image_id"] in (image_id, f"'{image_id}")


def test_the_sidecar_of_a_csv_knows_its_hash(tmp_path: Path) -> None:
    from hashlib import sha256

    path = tmp_path / "x.csv"
    write(path, [rows_of(IDS)])
    found = read_provenance(path)
    assert found["csv_sha256"] == sha256(path.read_bytes()).hexdigest()
    assert found["rows"] == len(IDS)


def test_other_endings_are_refused_with_the_list(tmp_path: Path) -> None:
    endings = r"\.parquet, \.fits, \.vot, \.ecsv, \.csv, \.hats, \.reg, but got"
    with pytest.raises(ArgumentError, match=endings):
        check_output(tmp_path / "x.txt")


def test_an_output_that_is_there_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("mine")
    with pytest.raises(OutputExistsError, match="--overwrite"):
        check_output(path)
    write(path, [rows_of(["a"])], overwrite=True)
    assert read_catalog(path)["image_id"].tolist() == ["a"]


@pytest.mark.parametrize("ending", [e for e in FORMATS if e != ".csv"])
def test_a_json_file_beside_other_formats_is_not_touched(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"o{ending}"
    sidecar_of(path).write_text("mine")
    for overwrite in (False, True):
        write(path, [rows_of(["a"])], overwrite=overwrite)
        assert sidecar_of(path).read_text() == "mine"


def test_a_json_file_beside_a_csv_is_replaced_only_if_allowed(tmp_path: Path) -> None:
    path = tmp_path / "o.csv"
    sidecar_of(path).write_text("mine")
    for act in (check_output, lambda path: write(path, [rows_of(["a"])])):
        with pytest.raises(OutputExistsError, match=r"o\.csv\.json is there already.*--overwrite"):
            act(path)
        assert [p.name for p in tmp_path.iterdir()] == ["o.csv.json"]
    write(path, [rows_of(["a"])], overwrite=True)
    assert read_provenance(path)["rows"] == 1


DIE = """
import os, signal, sys
from pathlib import Path
from toomre.inference.catalog import open_catalog
with open_catalog(Path(sys.argv[1])) as writer:
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_what_a_killed_run_left_is_removed_by_the_next(tmp_path: Path) -> None:
    path = tmp_path / "x.fits"
    done = subprocess.run([sys.executable, "-c", DIE, str(path)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert any(p.is_dir() for p in tmp_path.iterdir())  # else the test could not fail
    write(path, [rows_of(["a"])])
    assert list(tmp_path.iterdir()) == [path]


def test_two_runs_at_a_time_do_not_share_a_folder(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    with open_catalog(path) as writer:
        with pytest.raises(OutputExistsError, match="Another run"):
            write(path, [rows_of(["b"])])
        check_output(path)
        writer.write(rows_of(["a"]))
        writer.finish(PROVENANCE)
    assert read_catalog(path)["image_id"].tolist() == ["a"]


def test_an_output_that_came_meanwhile_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"

    def run() -> None:
        with open_catalog(path) as writer:
            writer.finish({})
            path.write_text("another run's")

    with pytest.raises(OutputExistsError, match="is there already"):
        run()
    assert path.read_text() == "another run's"


def test_an_output_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"a folder that can be written, but .* Give another"):
        check_output(tmp_path / "file" / "x.csv")
    (tmp_path / "d.csv").mkdir()
    with pytest.raises(ArgumentError, match="to be a file, but got 'the folder"):
        check_output(tmp_path / "d.csv", overwrite=True)


@pytest.mark.parametrize("ending", FORMATS)
def test_a_stop_half_way_leaves_nothing(tmp_path: Path, ending: str) -> None:
    def stopped() -> None:
        with open_catalog(tmp_path / f"x{ending}") as writer:
            writer.write(rows_of(IDS))
            raise OSError(28, "No space left on device")

    with pytest.raises(OutputError, match=r"No space left on device\. Nothing of it was kept"):
        stopped()
    assert list(tmp_path.iterdir()) == []


def test_row_groups_do_not_wait_for_the_end(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    write(path, [rows_of(["a"] * 6000)] * 7)
    assert pq.ParquetFile(path).metadata.num_row_groups == 3
    assert pq.ParquetFile(path).metadata.num_rows == 42_000


def test_reading_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match="no catalogue at"):
        read_catalog(tmp_path / "x.csv")
    with pytest.raises(ArgumentError, match="ends in"):
        read_catalog(tmp_path / "x.txt")


@pytest.mark.parametrize("ending", FORMATS)
def test_extra_columns_come_back(tmp_path: Path, ending: str) -> None:
    plain = rows_of(["a", "b", "c"])
    schema = with_extra(SCHEMA, ["p_spread", "conformal_set"])
    rows = plain.append_column("p_spread", pa.array([0.1, 0.2, np.nan]))
    rows = rows.append_column("conformal_set", pa.array(["merger", "both", ""])).cast(schema)
    path = tmp_path / f"x{ending}"
    write(path, [rows], schema=schema)
    found = read_catalog(path)
    assert found.columns.tolist() == schema.names
    np.testing.assert_array_equal(found["p_spread"], [0.1, 0.2, np.nan])
    assert found["conformal_set"].tolist() == ["merger", "both", ""]
