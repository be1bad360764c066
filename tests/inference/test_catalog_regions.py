"""DS9 regions: a strict parser, and astropy's own where it is installed, read what was written."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from toomre.errors import ArgumentError
from toomre.inference.catalog import SCHEMA, VOTE_SCHEMA, open_catalog
from toomre.inference.catalog_reading import read_catalog
from toomre.inference.catalog_text import unescape

CIRCLE = re.compile(
    r'circle\((\d+\.\d{8}),(-?\d+\.\d{8}),5"\) # color=(red|cyan|yellow) text=\{([^{};]*)\}'
)
NAN = float("nan")
ROWS = [
    # image_id, ra, dec, p_merger, is_merger
    ("plain", 150.123456789, 2.5, 0.9345, True),
    ("a } # color=red {\n circle(1,2,3)", 0.0, -90.0, 0.25, False),
    ("\"quoted\" 'and'; {more}", 359.9999, 45.0, NAN, None),
    ("nowhere\r\nicrs", NAN, NAN, 0.75, True),
    ("é off the sky", 10.0, 91.0, NAN, None),
]


def table_of(rows: list[tuple]) -> pa.Table:
    columns = dict(
        zip(
            ("image_id", "ra", "dec", "p_merger", "is_merger"), zip(*rows, strict=True), strict=True
        )
    )
    count = len(rows)
    texts = {name: [""] * count for name in ("reason", "model_id", "status")}
    more = {name: np.zeros(count) for name in ("p_merger_raw", "p_merger_std")}
    return pa.table({**columns, **texts, **more, "flags": [0] * count}, schema=SCHEMA)


def write(path: Path, rows: pa.Table) -> None:
    with open_catalog(path, overwrite=True) as writer:
        writer.write(rows[:2])
        writer.write(rows[2:])
        writer.finish({"model_id": "m@1", "input": "a\nb;c"})


def parse(text: str) -> tuple[list[tuple[float, float, str, str]], list[str]]:
    """Return circles and comments; any line that is neither is an error."""
    lines = text.split("\n")
    assert lines[:3] == [
        "# Region file format: DS9 version 4.1",
        "global color=cyan width=1",
        "icrs",
    ]
    assert lines[-1] == ""
    circles, comments = [], []
    for line in lines[3:-1]:
        if line.startswith("# "):
            assert ";" not in line
            comments.append(line[2:])
            continue
        found = CIRCLE.fullmatch(line)
        assert found, line
        circles.append((float(found[1]), float(found[2]), found[3], found[4]))
    return circles, comments


def test_a_line_a_row_whatever_the_name_holds(tmp_path):
    path = tmp_path / "x.reg"
    write(path, table_of(ROWS))
    circles, comments = parse(path.read_text(encoding="utf-8"))
    assert [color for *_, color, _ in circles] == ["red", "cyan", "yellow"]
    np.testing.assert_allclose(
        [circle[:2] for circle in circles], [row[1:3] for row in ROWS[:3]], rtol=0, atol=1e-8
    )
    assert [unescape(text) for *_, text in circles] == [
        f"{ROWS[0][0]} 0.934",
        f"{ROWS[1][0]} 0.250",
        f"{ROWS[2][0]} bad",
    ]
    *unplaced, counts, origin = comments
    assert [unescape(text) for text in unplaced] == [
        f"no position: {ROWS[3][0]} 0.750",
        f"no position: {ROWS[4][0]} bad",
    ]
    said = "5 rows: 2 called mergers, 1 not called, 2 bad, 2 of them without a position"
    assert counts == said
    assert json.loads(origin.removeprefix("toomre ")) == {"model_id": "m@1", "input": "a\nb;c"}


@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(name=st.text(st.characters(exclude_categories=["Cs"])))
def test_any_name_stays_in_its_braces(tmp_path, name):
    write(tmp_path / "x.reg", table_of([(name, 1.0, 2.0, 0.5, True), (name, NAN, 2.0, 0.5, True)]))
    circles, comments = parse((tmp_path / "x.reg").read_text(encoding="utf-8"))
    assert unescape(circles[0][3]) == f"{name} 0.500"
    assert unescape(comments[0]) == f"no position: {name} 0.500"


def test_astropy_reads_them(tmp_path):
    regions = pytest.importorskip("regions")
    write(tmp_path / "x.reg", table_of(ROWS))
    found = regions.Regions.read(tmp_path / "x.reg", format="ds9")
    assert [region.center.frame.name for region in found] == ["icrs"] * 3
    for region, (_, ra, dec, *_) in zip(found, ROWS, strict=False):
        assert region.center.ra.deg == pytest.approx(ra, abs=1e-8)
        assert region.center.dec.deg == pytest.approx(dec, abs=1e-8)
        assert region.radius.to_value("arcsec") == pytest.approx(5)
    assert [unescape(r.meta["text"]).rsplit(" ", 1)[0] for r in found] == [r[0] for r in ROWS[:3]]


def test_regions_are_no_catalogue_to_read_and_hold_no_votes(tmp_path):
    write(tmp_path / "x.reg", table_of(ROWS))
    with pytest.raises(ArgumentError, match=r"DS9 regions are for looking; .*--out"):
        read_catalog(tmp_path / "x.reg")
    assert "p_merger" not in VOTE_SCHEMA.names
