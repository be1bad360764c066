"""Write the catalogue as DS9 regions: a circle around each galaxy, to be looked at on the image.

The file says what can be drawn, so it cannot be read back as a catalogue.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from toomre.inference.catalog_text import escape

__all__ = ["REGIONS", "RegionsWriter"]

#: The ending of the file.
REGIONS = ".reg"

_HEAD = """\
# Region file format: DS9 version 4.1
global color=cyan width=1
icrs
"""
_COLUMNS = ("image_id", "ra", "dec", "p_merger", "is_merger")
_RADIUS = 5  # of the circles [arcsec]
_COLORS = {True: "red", False: "cyan", None: "yellow"}  # of `is_merger`
_NAMES = {True: "called mergers", False: "not called", None: "bad"}
# A semicolon is the end of a line, and some readers see it in a comment and in a text too.
_ENDS = str.maketrans({"{": r"\x7b", "}": r"\x7d", ";": r"\x3b"})


class RegionsWriter:
    r"""Takes the rows of a catalogue part by part, and writes a line each.

    A circle of 5 arcsec (ICRS) is red where the galaxy is called a merger, cyan where it is not
    and yellow where it has no score; its text is `image_id` and `p_merger`, or `bad`. A row
    without a position is a comment. At the end there are two comments: how many rows are what, and
    the provenance (JSON). In an `image_id` control characters, backslashes, braces and semicolons
    are escaped, so that none ends the text; `toomre.inference.catalog_text.unescape` undoes it.

    Parameters
    ----------
    path
        The file to make.
    schema
        The columns; of vote fractions no regions are made.

    Examples
    --------
    >>> import tempfile
    >>> from toomre.inference.catalog import SCHEMA
    >>> path = Path(tempfile.mkdtemp(), "mergers.reg")
    >>> row = dict.fromkeys(SCHEMA.names) | {"image_id": "g{1}", "ra": 10.5, "dec": -2.0}
    >>> row |= {"p_merger": 0.75, "is_merger": True}
    >>> writer = RegionsWriter(path, SCHEMA)
    >>> writer.write(pa.Table.from_pylist([row], schema=SCHEMA))
    >>> writer.finish({"model_id": "m@1"})
    >>> print(path.read_text())
    # Region file format: DS9 version 4.1
    global color=cyan width=1
    icrs
    circle(10.50000000,-2.00000000,5") # color=red text={g\x7b1\x7d 0.750}
    # 1 rows: 1 called mergers, 0 not called, 0 bad, 0 of them without a position
    # toomre {"model_id": "m@1"}
    <BLANKLINE>
    """

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._path = path
        self._counts: dict[bool | None, int] = dict.fromkeys(_NAMES, 0)
        self._unplaced = 0
        self._append(_HEAD)

    def write(self, rows: pa.Table) -> None:
        """Add rows that have the catalogue's schema."""
        columns = (rows[name].to_pylist() for name in _COLUMNS)
        self._append("".join(self._line(*row) for row in zip(*columns, strict=True)))

    def finish(self, provenance: Mapping[str, Any]) -> None:
        """Write how many rows are what, and where they come from."""
        counts = ", ".join(f"{count} {_NAMES[called]}" for called, count in self._counts.items())
        total = sum(self._counts.values())
        self._append(f"# {total} rows: {counts}, {self._unplaced} of them without a position\n")
        origin = json.dumps(provenance).replace(";", r"\u003b")
        self._append(f"# toomre {origin}\n")

    def _line(
        self,
        image_id: str,
        ra: float | None,
        dec: float | None,
        score: float | None,
        called: bool | None,
    ) -> str:
        self._counts[called] += 1
        says = "bad" if called is None else f"{score:.3f}"
        text = f"{escape(image_id).translate(_ENDS)} {says}"
        if ra is None or dec is None or not (0 <= ra <= 360 and abs(dec) <= 90):  # or not a number
            self._unplaced += 1
            return f"# no position: {text}\n"
        place = f'{ra:.8f},{dec:.8f},{_RADIUS}"'
        return f"circle({place}) # color={_COLORS[called]} text={{{text}}}\n"

    def _append(self, text: str) -> None:
        with self._path.open("a", encoding="utf-8", newline="") as file:
            file.write(text)
