from __future__ import annotations

from pathlib import Path

import pytest

from toomre.errors import ArgumentError
from toomre.jobs.table_options import ReproduceOptions


def test_usual_quick_and_own_numbers():
    usual = ReproduceOptions()
    assert list(usual.seed_numbers) == list(range(1, 11))
    assert usual.changes == {}
    assert usual.galaxies_of == {"distant": 2143, "nearby": 1500}
    quick = ReproduceOptions(quick=True)
    assert len(quick.seed_numbers) == 2
    assert quick.changes["training.epochs"] < 10
    assert max(quick.galaxies_of.values()) < 500
    own = ReproduceOptions(quick=True, seeds=3, epochs=7, galaxies=20)
    assert list(own.seed_numbers) == [1, 2, 3]
    assert own.changes == {"training.epochs": 7}
    assert own.galaxies_of == {"distant": 20, "nearby": 20}


@pytest.mark.parametrize("given", [{}, {"data": Path("a"), "target": Path("c")}], ids=str)
def test_the_published_split_stands_beside_published_sets_alone(given):
    with pytest.raises(ArgumentError, match=r"\(--paper\) goes with the published sets"):
        ReproduceOptions(paper=Path("b"), **given)


@pytest.mark.parametrize("name", ["seeds", "epochs", "galaxies", "workers"])
def test_numbers_that_are_not_allowed(name):
    with pytest.raises(ArgumentError, match=f"`{name}` to be 1 or more"):
        ReproduceOptions(**{name: 0})
