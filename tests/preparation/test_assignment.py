"""Groups are dealt out whole, to where most is missing."""

from __future__ import annotations

import numpy as np

from toomre.preparation.assignment import assign_groups


def test_small_class_is_spread_over_the_parts(rng: np.random.Generator) -> None:
    classes = np.array([1] * 3 + [0] * 297)
    parts = assign_groups(np.arange(300), classes, np.array([0.7, 0.1, 0.2]), rng)
    assert sorted(parts[:3]) == [0, 1, 2]


def test_two_groups_of_a_class_go_to_the_larger_parts(rng: np.random.Generator) -> None:
    classes = np.array([1] * 2 + [0] * 98)
    parts = assign_groups(np.arange(100), classes, np.array([0.7, 0.1, 0.2]), rng)
    assert sorted(parts[:2]) == [0, 2]


def test_a_part_without_share_gets_nothing(rng: np.random.Generator) -> None:
    parts = assign_groups(np.arange(50), np.arange(50) % 2, np.array([0.5, 0.0, 0.5]), rng)
    assert np.bincount(parts).tolist() == [25, 0, 25] or abs(np.bincount(parts)[0] - 25) <= 1
    assert (parts != 1).all()


def test_nothing_to_assign(rng: np.random.Generator) -> None:
    empty = np.array([], dtype=np.intp)
    assert assign_groups(empty, empty, np.array([1.0]), rng).tolist() == []
    left_out = assign_groups(np.array([0, 1]), np.array([-1, -1]), np.array([1.0]), rng)
    assert left_out.tolist() == [-1, -1]
