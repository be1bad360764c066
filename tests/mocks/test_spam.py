from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from toomre.errors import CorruptFileError, MissingFileError
from toomre.mocks.spam import FittedPair, draw_discs, follow, read_fitted_pairs

LINE = "1,2,3,-0.1,0.2,0.3,1.5,0.5,0.7,0.4,10,20,30,40,0.3,0.2,0,0 -5.5 9.9 SDSS_1\n"


@pytest.fixture
def pair(tmp_path) -> FittedPair:
    (tmp_path / "data.txt").write_text(LINE)
    return read_fitted_pairs(tmp_path / "data.txt")[0]


def motion(pair):
    def field(_, y):
        r2 = y[:3] @ y[:3]
        return np.concatenate(
            [y[3:], -(pair.masses / (r2 + pair.softening**2)).sum() * y[:3] / np.sqrt(r2)]
        )

    return field


def test_reading(pair, tmp_path):
    assert pair.name == "SDSS_1"
    assert pair.start == -5.5
    assert pair.masses.tolist() == [1.5, 0.5]
    assert pair.softening.tolist() == [0.3, 0.2]
    assert pair.theta.tolist() == [30, 40]
    with pytest.raises(MissingFileError, match="no table of fitted pairs"):
        read_fitted_pairs(tmp_path / "nothing.txt")
    for text in ("1,2,3 4 5 name", "a,b c d e", "\n\nx"):
        (tmp_path / "bad.txt").write_text(text)
        with pytest.raises(CorruptFileError, match="is not a fitted pair"):
            read_fitted_pairs(tmp_path / "bad.txt")


def test_a_cold_disc_stays_a_disc(pair):
    """Without a companion each star of a disc stays on its circle."""
    lone = FittedPair(
        "x", pair.today * 1e6, pair.masses * np.array([1, 1e-30]), *([pair.radii] * 1),
        pair.phi, pair.theta, pair.softening, -5.0,
    )  # fmt: skip
    disc, _ = draw_discs(lone, 200, np.random.default_rng(1))
    _, after = follow(lone, lone.today, 5.0, disc)
    r = [np.linalg.norm(stars[:, :3], axis=1) for stars in (disc, after)]
    out = r[0] > 0.02
    np.testing.assert_allclose(r[1][out], r[0][out], rtol=1e-3)
    assert r[0].max() <= pair.radii[0]


def test_the_second_disc_travels_with_its_galaxy(pair):
    """A star in the centre of the second galaxy stays there, whatever the first one does."""
    centre, stars = follow(pair, pair.today, -3.0, pair.today[None, :] + 0.0)
    judge = solve_ivp(motion(pair), (0, -3.0), pair.today, method="DOP853", rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(centre, judge.y[:, -1], atol=1e-5)
    # the star feels the first galaxy's pull on it and the frame's: the same as its galaxy
    np.testing.assert_allclose(stars[0], centre, atol=1e-6)


def test_real_pairs_return_from_their_start(shared_data):
    """Each of the 62 goes back to its start and forward again; another integrator agrees."""
    path = shared_data / "spam62" / "data.txt"
    if not path.exists():
        pytest.skip("needs the fitted pairs in ../shared/data/spam62")
    pairs = read_fitted_pairs(path)
    assert len(pairs) == 62
    for pair in pairs:
        begin, _ = follow(pair, pair.today, pair.start)
        today, _ = follow(pair, begin, -pair.start)
        assert np.abs(today - pair.today).max() < 1e-6
        judge = solve_ivp(
            motion(pair), (0, pair.start), pair.today, method="DOP853", rtol=1e-10, atol=1e-11
        )
        assert np.abs(begin - judge.y[:, -1]).max() < 2e-5
