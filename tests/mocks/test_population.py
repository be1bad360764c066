from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ks_2samp

from toomre.errors import ArgumentError
from toomre.mocks.constants import FLYBY_CLEAR, KIND_SHARES, MERGER_WINDOW, MINIMUM_RATIO
from toomre.mocks.population import KINDS, draw_encounter, is_merger


@pytest.fixture(scope="module")
def drawn():
    return {
        kind: [draw_encounter(np.random.default_rng(seed), kind) for seed in range(25)]
        for kind in KINDS
    }


def test_label_is_its_definition(drawn):
    for kind, encounters in drawn.items():
        for each in encounters:
            expected = abs(each.time_to_merger) <= 0.25 and each.mass_ratio >= 0.1
            assert is_merger(each.time_to_merger, each.mass_ratio) == expected == (kind == "merger")


def test_time_to_merger_is_that_of_the_orbit(drawn):
    for kind in ("merger", "before", "after", "minor"):
        for each in drawn[kind]:
            assert each.orbit.coalescence - each.end == pytest.approx(each.time_to_merger)
            r = np.linalg.norm(each.orbit.at(each.end)[:3])
            assert r < 2.6 if each.time_to_merger < 0 else each.end < each.orbit.coalescence


def test_flybys_do_not_merge_in_four_gigayears(drawn):
    passing = [*drawn["flyby"], *(e for e in drawn["isolated"] if e.orbit is not None)]
    assert len(passing) > len(drawn["flyby"])
    for each in passing:
        assert not each.orbit.coalescence < FLYBY_CLEAR
        assert each.orbit.time[-1] >= FLYBY_CLEAR
        assert np.isnan(each.time_to_merger)


def test_minor_companions_are_minor(drawn):
    assert all(each.mass_ratio < MINIMUM_RATIO for each in drawn["minor"])
    assert all(abs(each.time_to_merger) <= MERGER_WINDOW for each in drawn["minor"])


def test_stages(drawn):
    assert {each.stage for each in drawn["isolated"]} == {"alone"}
    assert {each.stage for each in drawn["after"]} == {"merged"}
    assert {each.stage for each in drawn["merger"]} >= {"merged", "passed"}


def test_mass_and_size_are_the_same_for_both_classes():
    mass = {True: [], False: []}
    for seed in range(300):
        each = draw_encounter(np.random.default_rng(seed))
        shining = each.galaxies[: 1 + each.second_shines]
        mass[each.kind == "merger"].append(np.log10(sum(g.stellar_mass for g in shining)))
    assert ks_2samp(mass[True], mass[False]).pvalue > 0.01
    assert len(mass[True]) / 300 == pytest.approx(KIND_SHARES["merger"], abs=0.1)


def test_total_mass_does_not_depend_on_the_kind(drawn):
    for seed in range(25):
        masses = [
            sum(
                g.stellar_mass
                for g in drawn[kind][seed].galaxies[: 1 + drawn[kind][seed].second_shines]
            )
            for kind in KINDS
        ]
        np.testing.assert_allclose(masses, masses[0])


def test_unknown_kinds_are_refused():
    with pytest.raises(ArgumentError, match="merger"):
        draw_encounter(np.random.default_rng(1), "collision")
