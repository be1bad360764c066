from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toomre.errors import ArgumentError
from toomre.preparation.audit import audit_tables, shared_between_parts


def test_deepmerge_published_split(shared_data: Path) -> None:
    """The split of the DeepMerge notebook, drawn from its seed, leaks as it was measured."""
    folder = shared_data / "deepmerge_tables"
    galaxy_id = np.load(folder / "subsamples_ID.npy", allow_pickle=False)
    label = np.load(folder / "subsamples_y.npy", allow_pickle=False)[:, 0]
    count = len(label)
    order = np.random.RandomState(5).choice(count, count, replace=False)
    part = np.empty(count, dtype=object)
    part[order[:10799]], part[order[10799:-3085]], part[order[-3085:]] = "train", "valid", "test"
    # Five copies of 1,624 mergers, one after the other, then nonmergers.
    view_id = np.where(np.arange(count) < 8120, np.arange(count) % 1624, np.arange(count))

    leaks = audit_tables(galaxy_id, part, label, view_id)

    assert leaks.test.images == 3085
    assert f"{100 * leaks.test.same_galaxy:.2f}" == "98.57"
    assert f"{100 * leaks.test.same_galaxy_mergers:.2f}" == "100.00"
    assert f"{100 * leaks.test.same_view_mergers:.2f}" == "99.52"
    assert f"{100 * leaks.test.same_galaxy_nonmergers:.1f}" == "96.9"
    assert not leaks.passed


@given(
    st.lists(
        st.tuples(
            st.integers(0, 5),
            st.sampled_from(["train", "valid", "test", ""]),
            st.sampled_from([0, 1, None]),
        ),
        max_size=30,
    )
)
def test_fractions_match_a_plain_loop(rows: list[tuple[int, str, int | None]]) -> None:
    galaxies, parts, labels = ([row[k] for row in rows] for k in range(3))
    leaks = audit_tables(galaxies, parts, labels)
    for name in ("valid", "test"):
        for attribute, wanted in (
            ("same_galaxy", (0, 1, None)),
            ("same_galaxy_mergers", (1,)),
            ("same_galaxy_nonmergers", (0,)),
        ):
            chosen = [row for row in rows if row[1] == name and row[2] in wanted]
            seen = [any(o[0] == row[0] and o[1] == "train" for o in rows) for row in chosen]
            expected = sum(seen) / len(seen) if seen else None
            assert getattr(leaks.part(name), attribute) == expected
    places = {galaxy: {row[1] for row in rows if row[0] == galaxy} - {""} for galaxy in galaxies}
    assert leaks.shared_galaxies == sum(len(found) > 1 for found in places.values())
    assert leaks.passed == (leaks.shared_galaxies == 0)


def test_missing_galaxy_is_a_galaxy_of_its_own() -> None:
    for missing in (None, np.nan, ""):
        values = np.array([missing, missing, "a"], dtype=object)
        leaks = audit_tables(values, ["train", "test", "test"], [1, 1, 1])
        assert leaks.test.same_galaxy == 0
        assert leaks.passed


def test_64_bit_ids_stay_apart() -> None:
    ids = np.array([2**62, 2**62 + 1], dtype=np.int64)
    assert audit_tables(ids, ["train", "test"], [1, 1]).passed


def test_shared_views_alone_fail() -> None:
    leaks = audit_tables([1, 2], ["train", "test"], [1, 1], view_id=[7, 7])
    assert (leaks.shared_galaxies, leaks.shared_views, leaks.passed) == (0, 1, False)
    assert leaks.to_dict()["test"]["same_view"] == 1.0


def test_no_images() -> None:
    leaks = audit_tables([], [], [])
    assert leaks.passed
    assert leaks.test.same_galaxy is None


def test_shared_between_parts_counts_values_not_images() -> None:
    values = ["a", "a", "a", "b", "b", "c"]
    assert shared_between_parts(values, ["train", "valid", "test", "test", "test", ""]) == 1


def test_errors_say_what_is_allowed() -> None:
    with pytest.raises(ArgumentError, match=r"`label` to be of length 2, as `part`, but got 1"):
        audit_tables([1, 2], ["train", "test"], [1])
    with pytest.raises(ArgumentError, match=r"'train', 'valid', 'test' or '', but got 'dev'"):
        audit_tables([1, 2], ["train", "dev"], [1, 1])
