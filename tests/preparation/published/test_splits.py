"""The published splits: torch draws the permutations again, the published tables count them."""

from __future__ import annotations

import numpy as np
import pytest

from toomre.preparation.audit import audit_tables
from toomre.preparation.published.order import CAMERAS, COPIES, _nonmerger_galaxies
from toomre.preparation.published.splits import (
    deepmerge1_parts,
    deepmerge2_parts,
    torch_permutation,
)


@pytest.mark.parametrize("count", [0, 1, 2, 1000])
def test_permutations_are_those_of_torch(count):
    torch = pytest.importorskip("torch")
    torch.manual_seed(1)
    state = np.random.RandomState(1)
    for _ in range(3):
        assert torch_permutation(state, count).tolist() == torch.randperm(count).tolist()


def test_deepmerge2_is_cut_at_floors_of_torch_permutations():
    torch = pytest.importorskip("torch")
    torch.manual_seed(1)
    for parts in deepmerge2_parts([6000, 6000]):
        order = torch.randperm(6000).numpy()
        assert set(parts[order[:4200]]) == {"train"}
        assert set(parts[order[4200:4800]]) == {"valid"}
        assert set(parts[order[4800:]]) == {"test"}


def test_deepmerge2_counts():
    for parts in deepmerge2_parts([15426, 15426]):
        assert [(parts == name).sum() for name in ("train", "valid", "test")] == [10798, 1542, 3086]


def test_domains_are_drawn_apart_but_deepmerge1_alike():
    source, target = deepmerge2_parts([500, 500])
    assert (source != target).mean() > 0.3
    first, second = deepmerge1_parts([500, 500])
    assert (first == second).all()


def test_deepmerge1_is_the_published_split(shared_data):
    folder = shared_data / "deepmerge_tables"
    kinds, ids = np.load(folder / "subsamples_y.npy"), np.load(folder / "subsamples_ID.npy")
    parts = deepmerge1_parts([len(kinds)])[0]
    test = parts == "test"
    assert kinds[test, 1].sum() == 1227  # past, future and nonmergers as published
    assert kinds[test, 2].sum() == 433
    assert (kinds[test, 0] == 0).sum() == 1425
    view = np.where(kinds[:, 0] == 1, np.arange(len(kinds)) % 1624, np.arange(len(kinds)))
    leaks = audit_tables(ids, parts, kinds[:, 0], view).test
    assert leaks.same_galaxy == pytest.approx(0.9857, abs=5e-5)
    assert leaks.same_galaxy_mergers == 1
    assert leaks.same_view_mergers == pytest.approx(0.9952, abs=5e-5)


def test_the_order_without_ids_gives_the_published_galaxies(shared_data):
    ids = np.load(shared_data / "deepmerge_tables" / "subsamples_ID.npy")
    mergers = 8120
    ours = [*(np.arange(mergers) % (mergers // COPIES) // CAMERAS)]
    ours += [*(10_000 + _nonmerger_galaxies(len(ids) - mergers))]
    pairs = set(zip(ours, ids.tolist(), strict=True))
    assert len(pairs) == len(set(ours)) == len(set(ids.tolist())) == 406 + 1827
