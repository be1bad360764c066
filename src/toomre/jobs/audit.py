"""Look for leaks between the parts of a prepared data set."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from toomre.preparation.audit import TableLeaks, audit_tables, shared_between_parts
from toomre.preparation.copy_judgement import CopySearch
from toomre.preparation.near_copies import Progress, find_copies, usable_rows
from toomre.preparation.prepared import PreparedSet
from toomre.preparation.split import PARTS

__all__ = ["AuditReport", "CopyPair", "audit"]

#: Pairs of copies that a report lists; all are counted.
_LISTED = 20


@dataclass(frozen=True)
class CopyPair:
    """Two images of which one is a copy of the other.

    Attributes
    ----------
    image_a, image_b
        Their `image_id`.
    part_a, part_b
        Their parts, empty where there is no split.
    kind
        ``exact``, or what was done: see `toomre.preparation.near_copies.find_copies`.
    similarity
        Correlation of the fine structure after alignment, at most 1.
    transform
        How image a comes from image b.
    """

    image_a: str
    image_b: str
    part_a: str
    part_b: str
    kind: str
    similarity: float
    transform: str

    def __str__(self) -> str:
        parts = f" ({self.part_a or 'no part'}, {self.part_b or 'no part'})"
        return (
            f"{self.image_a} = {self.image_b}{parts}: {self.kind}, {self.transform}, "
            f"similarity {self.similarity:.3f}"
        )


@dataclass(frozen=True)
class AuditReport:
    """What `audit` found; it prints as a few lines for people.

    Attributes
    ----------
    images
        Images in the data set.
    tables
        Leaks by `galaxy_id`, or None without a split.
    shared_groups
        Groups of the split with images in more than one part, or None without a split.
    exact_pairs, near_pairs
        Pairs of copies: between parts, or in the whole set if there is no split.
    leaked_images
        Images of valid and test that have a copy in another part.
    skipped_images
        Images not compared, for they are bad or blank.
    compared
        Whether the pixels were compared at all.
    pairs
        The first 20 of the pairs.
    """

    images: int
    tables: TableLeaks | None
    shared_groups: int | None
    exact_pairs: int
    near_pairs: int
    leaked_images: int
    skipped_images: int
    compared: bool
    pairs: tuple[CopyPair, ...]

    @property
    def passed(self) -> bool:
        """Whether no leak was found."""
        galaxies = self.tables.shared_galaxies if self.tables else 0
        return not (galaxies or self.shared_groups or self.exact_pairs or self.near_pairs)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain values, ready for JSON."""
        tables = None if self.tables is None else self.tables.to_dict()
        return {**asdict(self), "tables": tables, "passed": self.passed}

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        yield f"{'No leak found' if self.passed else 'LEAKS FOUND'} in {self.images} images."
        if self.tables is None:
            yield "No split: copies were looked for in the whole set."
        else:
            yield f"Groups in more than one part: {self.shared_groups}"
            yield f"Galaxies in more than one part: {self.tables.shared_galaxies}"
            for name in ("valid", "test"):
                leaks = self.tables.part(name)
                if leaks.same_galaxy is not None:
                    yield (
                        f"Images of {name} with their galaxy in train: "
                        f"{100 * leaks.same_galaxy:.2f} % of {leaks.images}"
                    )
        if not self.compared:
            yield "Pixels were not compared."
            return
        yield (
            f"Copies: {self.exact_pairs} exact pairs, {self.near_pairs} near pairs, "
            f"{self.leaked_images} images concerned, {self.skipped_images} not compared"
        )
        for pair in self.pairs[:3]:
            yield f"  {pair}"
        if (more := self.exact_pairs + self.near_pairs - 3) > 0:
            yield f"  and {more} more"


def audit(
    data: Path | str | PreparedSet,
    *,
    pixels: bool = True,
    search: CopySearch | None = None,
    progress: Progress | None = None,
) -> AuditReport:
    """Look for leaks: shared groups and galaxies, and images that are copies of one another.

    Images of test are compared with train and valid, those of valid with train. Without a
    split, all images are compared with one another.

    Parameters
    ----------
    data
        A prepared data set, or its folder.
    pixels
        Whether to compare the pixels too; the tables alone take no time.
    search
        How thoroughly copies are looked for.
    progress
        Called with the number of pairs of images compared and that of all pairs.

    Raises
    ------
    MissingFileError, CorruptFileError
        If the folder is no prepared data set.

    Examples
    --------
    >>> report = audit("prepared/sdss")  # doctest: +SKIP
    >>> print(report)  # doctest: +SKIP
    No leak found in 3264 images.
    Groups in more than one part: 0
    Galaxies in more than one part: 0
    Images of valid with their galaxy in train: 0.00 % of 326
    Images of test with their galaxy in train: 0.00 % of 653
    Copies: 0 exact pairs, 0 near pairs, 0 images concerned, 0 not compared
    """
    prepared = data if isinstance(data, PreparedSet) else PreparedSet.open(data)
    catalog, split = prepared.catalog, prepared.split
    tables = shared_groups = None
    parts = np.full(len(catalog), "", dtype=object)
    if split is not None:
        by_image = split.table.set_index("image_id")
        rows = by_image.reindex(catalog["image_id"].astype(str)).fillna("")
        parts = rows["part"].to_numpy(dtype=object)
        tables = audit_tables(catalog["galaxy_id"], parts, catalog["label"])
        shared_groups = shared_between_parts(rows["group"], parts)
    copies, skipped = pd.DataFrame(), 0
    if pixels:
        usable = usable_rows(prepared.images, np.arange(len(catalog)))
        skipped = len(catalog) - len(usable)
        comparisons = _comparisons(usable, parts if split is not None else None)
        copies = _find(prepared.images, comparisons, search, progress)
    return AuditReport(
        images=len(catalog),
        tables=tables,
        shared_groups=shared_groups,
        skipped_images=skipped,
        compared=pixels,
        **_summary(copies, catalog["image_id"].astype(str).to_numpy(dtype=object), parts),
    )


#: Two sets of rows to compare with one another.
_Comparison = tuple[NDArray[np.int64], NDArray[np.int64]]


def _comparisons(
    rows: NDArray[np.int64], parts: NDArray[np.object_] | None
) -> tuple[_Comparison, ...]:
    """Return which rows to compare: the parts, or all rows if there is no split."""
    if parts is None:
        return ((rows, rows),)
    train, valid, test = (rows[parts[rows] == name] for name in PARTS)
    return (test, np.union1d(train, valid)), (valid, train)


def _find(
    images: NDArray[np.float32],
    comparisons: Sequence[_Comparison],
    search: CopySearch | None,
    progress: Progress | None,
) -> pd.DataFrame:
    total, done, tables = sum(len(a) * len(b) for a, b in comparisons), 0, []
    for a, b in comparisons:
        # The offset is bound as a default, for it changes with each comparison.
        def step(compared: int, _all: int, before: int = done) -> None:
            if progress is not None:
                progress(before + compared, total)

        tables.append(find_copies(images, a, b, search=search, progress=step))
        done += len(a) * len(b)
    filled = [table for table in tables if len(table)]
    return pd.concat(filled, ignore_index=True) if filled else tables[0]


def _summary(
    copies: pd.DataFrame, names: NDArray[np.object_], parts: NDArray[np.object_]
) -> dict[str, Any]:
    if copies.empty:
        return {"exact_pairs": 0, "near_pairs": 0, "leaked_images": 0, "pairs": ()}
    exact = copies["kind"] == "exact"
    listed = copies.head(_LISTED)
    rows = (listed["row_a"].tolist(), listed["row_b"].tolist())
    facts = (listed["kind"].tolist(), listed["similarity"].tolist(), listed["transform"].tolist())
    pairs = tuple(
        CopyPair(names[a], names[b], parts[a], parts[b], kind, round(similarity, 4), transform)
        for a, b, kind, similarity, transform in zip(*rows, *facts, strict=True)
    )
    return {
        "exact_pairs": int(exact.sum()),
        "near_pairs": int((~exact).sum()),
        "leaked_images": int(copies["row_a"].nunique()),
        "pairs": pairs,
    }
