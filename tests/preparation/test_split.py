"""Splits by galaxy: nothing in two parts, classes in proportion, E78, and the file's text."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toomre.errors import ArgumentError, CorruptFileError, MissingFileError
from toomre.preparation.split import PARTS, Split, SplitOptions, fold_splits, make_split


def _names(size: int) -> list[str]:
    return [f"g{i}" for i in range(size)]


@st.composite
def _data(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """Groups, labels (NaN = unlabelled), usable, seed; at least 5 clean groups of each class."""
    size = draw(st.integers(0, 60))
    groups = draw(st.lists(st.integers(10, 40), min_size=size, max_size=size))
    labels = draw(st.lists(st.sampled_from([0.0, 1.0, np.nan]), min_size=size, max_size=size))
    usable = draw(st.lists(st.booleans(), min_size=size, max_size=size))
    return (
        np.array([*range(10), *groups]),
        np.array([0.0, 1.0] * 5 + labels),
        np.array([True] * 10 + usable),
        draw(st.integers(0, 1000)),
    )


def _check_no_leak(split: Split, groups: np.ndarray, used: np.ndarray) -> None:
    parts = split.table["part"].to_numpy()
    assert set(parts[used]) <= set(PARTS)  # every usable image has a part
    assert set(parts[~used]) <= {""}
    for group in np.unique(groups):
        assert len(set(parts[used & (groups == group)])) <= 1


@settings(max_examples=60, deadline=None)
@given(_data())
def test_no_group_is_divided(data: tuple[np.ndarray, np.ndarray, np.ndarray, int]) -> None:
    groups, labels, usable, seed = data
    used = usable & ~np.isnan(labels)
    split = make_split(_names(len(groups)), groups, labels, usable, rng=np.random.default_rng(seed))
    _check_no_leak(split, groups, used)
    again = make_split(_names(len(groups)), groups, labels, usable, rng=np.random.default_rng(seed))
    assert split.text == again.text
    for part in PARTS:  # five groups of each class: every part gets both
        assert set(labels[split.rows(part)]) == {0.0, 1.0}


@settings(max_examples=40, deadline=None)
@given(_data(), st.integers(2, 5))
def test_every_image_is_tested_once(
    data: tuple[np.ndarray, np.ndarray, np.ndarray, int], folds: int
) -> None:
    groups, labels, usable, seed = data
    used = usable & ~np.isnan(labels)
    rng = np.random.default_rng(seed)
    splits = fold_splits(_names(len(groups)), groups, labels, usable, folds, rng=rng)
    assert len(splits) == folds
    tested = np.concatenate([split.rows("test") for split in splits])
    assert sorted(tested) == np.flatnonzero(used).tolist()
    for split in splits:
        _check_no_leak(split, groups, used)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(1, 6), min_size=10, max_size=40),
    st.integers(0, 1000),
    st.sampled_from([(0.7, 0.1, 0.2), (1 / 3, 1 / 3, 1 / 3), (0.5, 0.0, 0.5), (0.0, 0.0, 1.0)]),
)
def test_shares_are_kept_to_one_group(
    sizes: list[int], seed: int, fractions: tuple[float, float, float]
) -> None:
    groups = np.repeat(np.arange(len(sizes)), sizes)
    labels = np.repeat(np.arange(len(sizes)) % 2, sizes)
    split = make_split(
        _names(len(groups)),
        groups,
        labels,
        np.ones(len(groups)),
        fractions,
        rng=np.random.default_rng(seed),
    )
    for label in (0, 1):
        total = (labels == label).sum()
        for part, share in zip(PARTS, fractions, strict=True):
            count = (labels[split.rows(part)] == label).sum()
            # moving a group to a part that had none of this class may cost one group more
            assert count - share * total < max(sizes)
            assert (count == 0) if share == 0 else (count > 0)


def test_exact_for_single_galaxies(rng: np.random.Generator) -> None:
    labels = np.repeat([1, 0], [1264, 2000])
    split = make_split(_names(3264), np.arange(3264), labels, np.ones(3264), rng=rng)
    counts = [[int((labels[split.rows(p)] == c).sum()) for p in PARTS] for c in (1, 0)]
    assert counts == [[885, 126, 253], [1400, 200, 400]]


def test_folds_are_exact_for_single_galaxies(rng: np.random.Generator) -> None:
    labels = np.repeat([1, 0], [200, 600])
    for split in fold_splits(_names(800), np.arange(800), labels, np.ones(800), rng=rng):
        counts = [[int((labels[split.rows(p)] == c).sum()) for p in PARTS] for c in (1, 0)]
        assert counts == [[140, 20, 40], [420, 60, 120]]


def test_other_seed_other_split() -> None:
    arguments = (_names(100), np.arange(100), np.arange(100) % 2, np.ones(100))
    texts = {make_split(*arguments, rng=np.random.default_rng(seed)).text for seed in (0, 1)}
    assert len(texts) == 2


@pytest.mark.parametrize("label", [0, 1])
def test_e78_one_class_absent(rng: np.random.Generator, label: int) -> None:
    with pytest.raises(ArgumentError, match=r"train part has .* drawn from") as caught:
        make_split(_names(20), np.arange(20), np.full(20, label), np.ones(20), rng=rng)
    assert f"{20 if label else 0} mergers and {0 if label else 20} nonmergers" in str(caught.value)


def test_e78_one_merger(rng: np.random.Generator) -> None:
    labels = np.array([1] + [0] * 29)
    with pytest.warns(UserWarning, match="need both classes") as caught:
        split = make_split(_names(30), np.arange(30), labels, np.ones(30), rng=rng)
    assert [str(w.message).split(" part")[0].split()[-1] for w in caught] == ["valid", "test"]
    assert split.table["part"][0] == "train"


def test_e78_group_with_both_labels(rng: np.random.Generator) -> None:
    groups = np.array([0, 0, *range(1, 39)])
    labels = np.array([1, 0, *([0, 1] * 19)])
    split = make_split(_names(40), groups, labels, np.ones(40), rng=rng)
    assert split.table["part"][0] == split.table["part"][1]


def test_a_set_that_is_only_tested_may_have_one_class(rng: np.random.Generator) -> None:
    with pytest.warns(UserWarning, match="the test part has 5 mergers and 0"):
        split = make_split(_names(5), range(5), [1] * 5, [True] * 5, (0.0, 0.0, 1.0), rng=rng)
    assert len(split.rows("test")) == 5


def test_without_classes_groups_alone_are_dealt_out(rng: np.random.Generator) -> None:
    groups = np.arange(60) // 2
    split = make_split(_names(60), groups, None, np.arange(60) < 50, rng=rng)
    parts = split.table["part"]
    assert parts.value_counts().to_dict() == {"train": 36, "": 10, "test": 10, "valid": 4}
    assert (parts.groupby(groups).nunique() == 1).all()
    folds = fold_splits(_names(60), groups, None, np.arange(60) < 50, folds=5, rng=rng)
    assert sorted(row for fold in folds for row in fold.rows("test")) == list(range(50))


def test_nullable_labels(rng: np.random.Generator) -> None:
    labels = pd.array([0, 1] * 10 + [None], dtype="Int8")
    split = make_split(_names(21), range(21), labels, [True] * 21, rng=rng)
    assert split.table["part"].iloc[-1] == ""


def test_bad_arguments(rng: np.random.Generator) -> None:
    with pytest.raises(ArgumentError, match=r"sum to 1.*0\.5"):
        make_split(["a"], [0], [1], [True], (0.5, 0.1, 0.1), rng=rng)
    with pytest.raises(ArgumentError, match=r"`labels`.*2"):
        make_split(["a"], [0], [2], [True], rng=rng)
    with pytest.raises(ArgumentError, match="1, 1 and 1 for 2 images"):
        make_split(["a", "b"], [0], [1], [True], rng=rng)
    with pytest.raises(ArgumentError, match="`folds`"):
        fold_splits(["a"], [0], [1], [True], 1, rng=rng)
    with pytest.raises(ArgumentError, match="link_length"):
        SplitOptions(link_length=-1)
    with pytest.raises(ArgumentError, match="seed"):
        SplitOptions(seed=-1)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=5))
def test_any_name_survives_the_file(names: list[str]) -> None:
    import tempfile

    table = pd.DataFrame({"image_id": names, "group": "0", "part": "train"})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "split.csv"
        Split(table).write(path)
        read = Split.read(path)
        assert read.table["image_id"].tolist() == names
        assert read.sha256 == Split(table).sha256
        with path.open(encoding="utf-8", newline="") as file:
            assert len(list(csv.reader(file))) == len(names) + 1


@pytest.mark.parametrize("name", ["=cmd()", "+1", "-1", "@x", "\tx", "'=x"])
def test_e73_no_formula_in_the_file(name: str) -> None:
    table = pd.DataFrame({"image_id": [name], "group": ["0"], "part": ["test"]})
    assert Split(table).text.split("\n")[1].lstrip('"').startswith("'")


def test_damaged_files(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError):
        Split.read(tmp_path / "split.csv")
    for content in (
        b"",
        b"a,b\n",
        b"image_id,group,part\n1,2\n",
        b"image_id,group,part\n\xff,1,2\n",
    ):
        (tmp_path / "split.csv").write_bytes(content)
        with pytest.raises(CorruptFileError):
            Split.read(tmp_path / "split.csv")
