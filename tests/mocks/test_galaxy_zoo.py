"""Systems as volunteers saw them: what is visible, and nothing but the kind tells the class."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.cosmology import Planck18
from scipy.stats import ks_2samp, kstest

from toomre.errors import ArgumentError
from toomre.mocks.galaxy_zoo import SHARES, draw_sighting
from toomre.mocks.population import is_merger
from toomre.mocks.render import CAMERAS


@pytest.fixture(scope="module")
def drawn():
    return [draw_sighting(np.random.default_rng(seed)) for seed in range(250)]


def total(sighting, band: int = 1) -> float:
    return -2.5 * np.log10((10 ** (-0.4 * sighting.magnitudes[:, band])).sum())


def test_shares_sum_to_one_and_half_are_mergers():
    assert sum(share for share, _ in SHARES.values()) == pytest.approx(1)
    assert sum(share for share, label in SHARES.values() if label) == pytest.approx(0.5)


def test_magnitude_and_redshift_do_not_tell_the_class(drawn):
    for value in (total, lambda s: s.redshift, lambda s: total(s, 0) - total(s)):
        both = [[value(s) for s in drawn if s.label == label] for label in (0, 1)]
        assert ks_2samp(*both).pvalue > 0.005


def test_magnitudes_follow_the_counts(drawn):
    r = np.array([total(s) for s in drawn])
    low = 10 ** (0.32 * (13.5 - 17.77))
    assert kstest(r, lambda m: (10 ** (0.32 * (m - 17.77)) - low) / (1 - low)).pvalue > 0.005
    assert all(0.012 <= s.redshift <= 0.1 for s in drawn)


def test_mass_follows_from_magnitude_and_distance(drawn):
    for s in drawn[:40]:
        mass = np.log10(sum(g.stellar_mass for g in s.encounter.galaxies))
        absolute = total(s) - Planck18.distmod(s.redshift).value
        assert mass == pytest.approx(0.4 * (4.65 - absolute) + np.log10(2), abs=1e-6)


def test_both_cores_of_a_pair_are_visible():
    for seed in range(25):
        s = draw_sighting(np.random.default_rng(seed), kind="pair")
        e = s.encounter
        assert 0.02 <= e.time_to_merger <= 1.0
        assert 0.2 <= e.mass_ratio <= 1
        apart = np.linalg.norm((CAMERAS @ s.turn @ e.orbit.at(e.end)[:3])[:, :2], axis=1)
        arcsec = apart * Planck18.arcsec_per_kpc_proper(s.redshift).value
        assert arcsec.min() >= 2.2 - 1e-3
        assert arcsec.max() <= 15.0 + 1e-3


def test_post_mergers_have_coalesced():
    found = [draw_sighting(np.random.default_rng(seed), "post-merger") for seed in range(40)]
    kinds = {s.encounter.kind for s in found}
    assert "pair" not in kinds
    mergers = [s.encounter for s in found if s.label]
    assert len(mergers) > 10
    assert all(is_merger(e.time_to_merger, e.mass_ratio) for e in mergers)
    assert all(e.time_to_merger <= 0 for e in mergers)


@pytest.mark.parametrize("kind", SHARES)
def test_every_kind_has_its_label_and_light(kind):
    s = draw_sighting(np.random.default_rng(3), kind=kind)
    assert s.label == SHARES[kind][1]
    assert s.encounter.kind == kind
    assert len(s.light) == len(s.magnitudes) == len(s.encounter.galaxies)
    assert (s.magnitudes[:, 0] - s.magnitudes[:, 2] > 0).all()  # g is fainter than i


def test_heavy_galaxies_are_red(drawn):
    alone = [s for s in drawn if len(s.encounter.galaxies) == 1]
    mass = np.log10([s.encounter.galaxies[0].stellar_mass for s in alone])
    colour = np.array([s.magnitudes[0, 0] - s.magnitudes[0, 1] for s in alone])
    assert np.median(colour[mass > 10.8]) > np.median(colour[mass < 10.2]) + 0.15


def test_what_is_unknown_is_refused(rng):
    with pytest.raises(ArgumentError, match="Expected `stages` to be 'all' or 'post-merger'"):
        draw_sighting(rng, "early")
    with pytest.raises(ArgumentError, match="pair"):
        draw_sighting(rng, kind="flyby")
