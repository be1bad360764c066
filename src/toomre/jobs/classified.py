"""What a classification gives back."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from toomre.inference.catalog_reading import read_catalog

__all__ = ["ClassifiedCatalog"]


@dataclass(frozen=True, eq=False)
class ClassifiedCatalog:
    """The result of a classification.

    Attributes
    ----------
    path
        The file; None if the catalogue was kept in memory, or only a part of it was made.
    summary
        How many `images`, `ok`, `warn`, `bad`, `mergers`; the `threshold`; in `flags` how
        many images have each flag; and how many were `left_out`, as no row of the table has
        them. Of a part only how many `images` were classified, and which `part` it is.
    provenance
        Model, input, options, versions and time, as in the file and its manifest.
    classified
        How many images were classified now; 0 if all were done before.
    """

    path: Path | None
    summary: dict[str, Any]
    provenance: dict[str, Any]
    classified: int
    _rows: tuple[pa.Table, ...] = field(default=(), repr=False)

    @cached_property
    def table(self) -> pd.DataFrame:
        """The catalogue; it is read from the file, but for DS9 regions, when first asked for."""
        if self.path is not None:
            return read_catalog(self.path)
        table: pd.DataFrame = pa.concat_tables(self._rows).to_pandas()
        return table

    def __len__(self) -> int:
        return int(self.summary["images"])

    def __repr__(self) -> str:
        counts = ", ".join(
            f"{self.summary[name]} {name}"
            for name in ("images", "mergers", "ok", "warn", "bad")
            if name in self.summary
        )
        return f"<ClassifiedCatalog: {counts}; see .table and .summary>"
