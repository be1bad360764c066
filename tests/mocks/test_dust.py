from __future__ import annotations

import numpy as np
import pytest

from toomre.mocks.dust import dust_in_front


def test_a_sheet_hides_what_is_behind_it(rng):
    """A uniform sheet of dust at z = 0: half the light of stars about it sees all of it."""
    n = 20000
    sheet = np.stack([rng.uniform(-8, 8, n), rng.uniform(-8, 8, n), np.zeros(n)])
    stars = np.stack(
        [rng.uniform(-5, 5, 500), rng.uniform(-5, 5, 500), np.repeat([1.0, -1.0], 250)]
    )
    column = dust_in_front(
        np.concatenate([sheet, stars], axis=1), np.concatenate([np.full(n, 3.0), np.zeros(500)])
    )[n:]
    assert np.all(column[:250] == 0)
    assert column[250:].mean() == pytest.approx(3.0 * n / 16**2, rel=0.03)


def test_order_of_the_stars_does_not_matter(rng):
    seen, dust = rng.normal(0, 3, (3, 200)), rng.uniform(0, 1, 200)
    turn = rng.permutation(200)
    np.testing.assert_allclose(
        dust_in_front(seen[:, turn], dust[turn]), dust_in_front(seen, dust)[turn]
    )


def test_far_stars_have_none():
    seen = np.array([[200.0, 200.0], [0.0, 0.0], [1.0, 0.0]])
    assert dust_in_front(seen, np.ones(2)).tolist() == [0, 0]
