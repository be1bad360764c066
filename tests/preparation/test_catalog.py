"""The user's table: bad inputs E71, E73 to E77 of the reliability list, and clashes of names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from astropy import units
from astropy.coordinates import Angle
from astropy.table import Table

from toomre.errors import ArgumentError
from toomre.images.flags import Flag
from toomre.preparation.catalog import read_table
from toomre.preparation.columns import Columns

HOSTILE = [
    "../../x",
    "<script>alert(1)</script>",
    "=cmd()",
    "y" * 10_000,
    "",
    "nul\0inside",
    "\U0001f30c",
    "right\u202eleft",
    "a,b;\"c'\r\nd",
]


def _csv(folder: Path, text: str | bytes) -> Path:
    path = folder / "table.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_e71_duplicate_ids(tmp_path: Path) -> None:
    ids = [f"g{i // 2}" for i in range(30)]
    path = _csv(tmp_path, "id,label\n" + "".join(f"{name},1\n" for name in ids))
    with pytest.raises(ArgumentError, match="15 occur more often") as caught:
        read_table(path)
    assert all(repr(f"g{i}") in str(caught.value) for i in range(10))
    assert "'g10'" not in str(caught.value)


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_e73_hostile_ids_stay_as_they_are(tmp_path: Path, form: str) -> None:
    path = tmp_path / f"table.{form}"
    frame = pd.DataFrame({"image_id": HOSTILE, "label": 1})
    if form == "csv":
        import csv

        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, quoting=csv.QUOTE_ALL)
            writer.writerows([list(frame.columns), *frame.to_numpy().tolist()])
    else:
        frame.to_parquet(path)
    assert read_table(path)["image_id"].tolist() == HOSTILE


def test_e74_64_bit_ids(tmp_path: Path) -> None:
    ids = [587732769978777642, 587732769978777643, 2**63 - 1]
    path = _csv(tmp_path, "objid,n\n" + "".join(f"{value},\n" for value in ids))
    table = read_table(path)
    assert table["image_id"].tolist() == [str(value) for value in ids]
    assert table["objid"].tolist() == ids
    table.to_parquet(tmp_path / "b.parquet")
    assert read_table(tmp_path / "b.parquet")["objid"].tolist() == ids


NUMBERS = ["1e5", "1.0", "+5", "-0", "nan", "1.5", ".5", "inf", "100000", "1"]


@pytest.mark.parametrize("chosen", ["image_id", "galaxy_id", "file"])
def test_e73_ids_that_look_like_numbers_are_verbatim(tmp_path: Path, chosen: str) -> None:
    rows = "".join(f"n{i},{text}\n" for i, text in enumerate(NUMBERS))
    table = read_table(_csv(tmp_path, f"id,x\n{rows}"), Columns(**{chosen: "x"}))
    # No value is no value, but for the id of an image, which must have one.
    none = {"image_id": "nan", "galaxy_id": "n4", "file": ""}[chosen]
    assert table[chosen].tolist() == [none if text == "nan" else text for text in NUMBERS]
    assert table["x"].tolist()[:3] == [1e5, 1.0, 5.0]  # the column itself has values


@pytest.mark.parametrize(
    "ids", [["True", "false"], ["12345678901234567890123", "+587732769978777642"], ["007", "7"]]
)
def test_e74_ids_of_csv_are_verbatim(tmp_path: Path, ids: list[str]) -> None:
    path = _csv(tmp_path, "id\n" + "".join(f"{text}\n" for text in ids))
    assert read_table(path)["image_id"].tolist() == ids


def test_spaces_around_a_number_are_not_part_of_it(tmp_path: Path) -> None:
    assert read_table(_csv(tmp_path, "id, file\n 7, 1e5\n"))["image_id"].tolist() == ["7"]
    assert read_table(_csv(tmp_path, "id\n a\n"))["image_id"].tolist() == [" a"]


def test_e74_ids_that_lost_digits_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match=r"whole numbers or text.*floating-point.*e\+17"):
        read_table(_csv(tmp_path, "objid\n1\n5.87732769978777642e17\n"))
    for number in (1.5, 5.87732769978777642e17):
        Table({"id": [1.0, number]}).write(tmp_path / "a.fits", overwrite=True)
        with pytest.raises(ArgumentError, match=r"whole numbers or text.*floating-point"):
            read_table(tmp_path / "a.fits")


def test_e74_small_float_ids_are_exact(tmp_path: Path) -> None:
    Table({"id": [1.0, 2.0**53]}).write(tmp_path / "a.fits")
    assert read_table(tmp_path / "a.fits")["image_id"].tolist() == ["1", str(2**53)]


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_e75_csv_dialects(tmp_path: Path, mark: str, end: str) -> None:
    lines = [["id", "label", "note"], ["a", "1", f'"x{mark}{end}y"'], ["b", "0", "z"]]
    text = "\ufeff" + "".join(mark.join(line) + end for line in lines)
    table = read_table(_csv(tmp_path, text))
    assert table["image_id"].tolist() == ["a", "b"]
    assert table["label"].tolist() == [1, 0]
    assert table["note"].tolist() == [f"x{mark}{end}y", "z"]


@pytest.mark.parametrize("text", ["", "id,label\n"])
def test_e75_csv_without_rows(tmp_path: Path, text: str) -> None:
    with pytest.raises(ArgumentError, match=r"empty|no rows"):
        read_table(_csv(tmp_path, text))


def test_e76_positions_off_the_sky(tmp_path: Path) -> None:
    rows = ["a,10,20", "b,,20", "c,10,nan", "d,400,0", "e,-1,0", "f,10,91", "g,45,182", "h,360,-90"]
    table = read_table(_csv(tmp_path, "id,ra,dec\n" + "\n".join(rows) + "\n"))
    bad = table["flags"] == Flag.COORDINATES.value
    assert table.loc[bad, "image_id"].tolist() == list("bcdefg")
    assert "not on the sky" in table.loc[3, "reason"]
    assert "swapped" in table.loc[6, "reason"]
    assert "swapped" not in table.loc[3, "reason"]
    assert table.loc[0, "reason"] == ""


def test_e76_sexagesimal(tmp_path: Path) -> None:
    texts = [
        ("00:00:09.41", "-10:22:25.7"),
        ("12h30m45s", "+5d0m1s"),
        ("23 59 59", "x"),
        ("7", "8"),
    ]
    table = read_table(
        _csv(tmp_path, "id,ra,dec\n" + "".join(f"{a[0]}{a},{a},{d}\n" for a, d in texts))
    )
    for row, (a, d) in enumerate(texts[:2]):
        assert table.loc[row, "ra"] == pytest.approx(Angle(a, units.hourangle).deg, abs=1e-12)
        assert table.loc[row, "dec"] == pytest.approx(Angle(d, units.deg).deg, abs=1e-12)
    assert table.loc[2, "flags"] == Flag.COORDINATES.value  # "x" is no angle
    assert table.loc[3, ["ra", "dec"]].tolist() == [7.0, 8.0]  # a plain number is in degrees


def test_e76_without_positions_nothing_is_bad(tmp_path: Path) -> None:
    table = read_table(_csv(tmp_path, "id,label\na,1\n"))
    assert table["flags"].tolist() == [0]
    assert np.isnan(table["ra"]).all()


def test_e77_spellings_of_labels(tmp_path: Path) -> None:
    good = {
        1: ["1", "1.0", "True", "TRUE", "merger", " Merger "],
        0: ["0", "0.0", "false", "nonmerger", "Non-Merger", "non_merger", "non merger"],
    }
    rows = [(text, value) for value, texts in good.items() for text in texts]
    rows += [(text, None) for text in ("", "NaN", "None")]
    body = "".join(f"g{i},{text}\n" for i, (text, _) in enumerate(rows))
    labels = read_table(_csv(tmp_path, f"id,label\n{body}"))["label"]
    assert labels.dtype == "Int8"
    assert [None if pd.isna(v) else v for v in labels] == [value for _, value in rows]


@pytest.mark.parametrize("third", ["2", "-1", "star", "0.5", "yes"])
def test_e77_third_class(tmp_path: Path, third: str) -> None:
    body = f"id,label\na,merger\nb,1\nc,True\nd,NaN\ne,{third}\n"
    with pytest.raises(ArgumentError, match="1, true or merger") as caught:
        read_table(_csv(tmp_path, body))
    for value in ("merger", "1", "True", third):
        assert f"'{value}' (1)" in str(caught.value)
    assert "'NaN'" not in str(caught.value)
    assert read_table(_csv(tmp_path, body), Columns(label=""))["label"].isna().all()


def test_numeric_labels(tmp_path: Path) -> None:
    pd.DataFrame({"id": ["a", "b", "c"], "label": [1.0, 0.0, np.nan]}).to_parquet(
        tmp_path / "a.parquet"
    )
    assert read_table(tmp_path / "a.parquet")["label"].tolist() == [1, 0, pd.NA]


def test_other_columns_are_kept(tmp_path: Path) -> None:
    body = "cid,Label,status,flags,flags_table,z,objid\na,1,fine,7,8,0.1,5\nb,0,odd,9,6,,\n"
    table = read_table(_csv(tmp_path, body))
    assert table["status_table"].tolist() == ["fine", "odd"]
    assert table["flags_table_table"].tolist() == [7, 9]
    assert table["flags_table"].tolist() == [8, 6]
    assert table["flags"].tolist() == [0, 0]
    assert table["cid"].tolist() == ["a", "b"]
    assert table["z"][0] == table["redshift"][0] == 0.1
    assert "Label" not in table  # replaced by `label`
    assert table["galaxy_id"].tolist() == ["5", "b"]  # without one, the image stands alone


@pytest.mark.parametrize(
    ("body", "columns", "said"),
    [
        ("id,RA_deg,lat,x\na,1,2,3\n", Columns(), "for dec. Its columns are id, RA_deg, lat, x.*"),
        ("id,lon,lat\na,1,2\n", Columns(), "for ra and dec.*.--ra-column and --dec-column."),
        ("id,ra,dec\na,1,2\n", Columns(ra=""), "for ra. Its columns are id, ra, dec"),
    ],
)
def test_positions_that_are_needed(tmp_path: Path, body: str, columns: Columns, said: str) -> None:
    path = _csv(tmp_path, body)
    assert read_table(path, columns)["ra"].notna().sum() <= 1
    with pytest.raises(ArgumentError, match=f"to have positions, but no column .* {said}"):
        read_table(path, columns, positions=True)


def test_sdss_table(shared_data: Path) -> None:
    path = shared_data / "sdss_mergers" / "labels.csv"
    table = read_table(path)
    import csv

    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert ["" if pd.isna(v) else str(v) for v in table["objid"]] == [r["objid"] for r in rows]
    assert table["galaxy_id"].tolist() == [r["objid"] or r["cid"] for r in rows]
    assert table["label"].value_counts().to_dict() == {0: 2000, 1: 1264}
    assert table["flags"].sum() == 0
