"""The statistics are those of numpy, whatever the blocks; the published ones are compared."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from toomre.preparation import exact_copies
from toomre.preparation.published.checks import band_statistics, differences
from toomre.preparation.published.schema import PUBLISHED, Statistics

SOURCE = PUBLISHED["deepmerge2-simsim"].domains[0]


@pytest.mark.parametrize("dtype", [">f4", "<f8", "u1"])
def test_statistics(rng, monkeypatch, dtype):
    images = rng.uniform(0, 200, size=(7, 3, 9, 9)).astype(dtype)
    monkeypatch.setattr(exact_copies, "_BLOCK_VALUES", 2 * 3 * 81)
    found = band_statistics(images)
    plain = images.astype(float)
    np.testing.assert_allclose(found.mean, plain.mean(axis=(0, 2, 3)), rtol=1e-12)
    np.testing.assert_allclose(found.std, plain.std(axis=(0, 2, 3)), rtol=1e-12)


def test_differences(rng):
    images = rng.normal(size=(7, 3, 9, 9))
    plain = Statistics(
        tuple(images.mean(axis=(0, 2, 3)).tolist()), tuple(images.std(axis=(0, 2, 3)).tolist())
    )
    domain = replace(SOURCE, images=7, statistics=plain)
    assert differences(domain, images) == []
    assert differences(domain, images[:6]) == ["source has 6 images; 7 were published"]
    shifted = images + np.array([0, 0.01, 0])[:, None, None]
    (note,) = differences(domain, shifted)
    assert note.startswith("plane 2 of source has mean")
    images[3, 0, 0, 0] = np.nan
    assert len(differences(domain, images)) == 1
    assert differences(replace(domain, statistics=None), images) == []
