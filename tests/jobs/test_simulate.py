"""``toomre.simulate``: twins with one split, the same bytes however they are made, and resuming."""

from __future__ import annotations

import numpy as np
import pytest

import toomre
from toomre.errors import ArgumentError, OutputExistsError
from toomre.jobs import shards
from toomre.jobs.shards import ShardPlan, make_shards, read_truths, read_twin
from toomre.mocks.pairs import PAIRS
from toomre.mocks.placing import arcsec_of_kpc
from toomre.preparation.prepared import PreparedSet
from toomre.preparation.split import SplitOptions

SPLIT = SplitOptions((0.5, 0.25, 0.25))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("simulated") / "distant"
    seen = []
    result = toomre.simulate(
        folder, galaxies=20, seed=4, workers=1, split=SPLIT, progress=lambda *n: seen.append(n)
    )
    assert seen == [(8, 20), (16, 20), (20, 20)]
    return folder, result


def test_twins_share_ids_and_split(made):
    folder, result = made
    assert sorted(path.name for path in folder.iterdir()) == ["noisy", "pristine"]
    pristine, noisy = (PreparedSet.open(folder / name, verify=True) for name in result)
    assert pristine.images.shape == noisy.images.shape == (80, 3, 75, 75)
    assert pristine.catalog.equals(noisy.catalog)
    assert pristine.split is not None
    assert noisy.split is not None
    assert pristine.split.sha256 == noisy.split.sha256
    assert pristine.info.unit == noisy.info.unit == "nJy"
    widths = {"F814W": 0.13, "F160W": 0.20, "F356W": 0.18}
    for twin in (pristine, noisy):
        assert twin.info.psf_fwhm == tuple(widths[band] for band in twin.info.bands)
    assert pristine.info.pixel_scale == pytest.approx(arcsec_of_kpc(0.75, 2.0))
    # the cameras of a galaxy are in one part
    parts = pristine.split.table.assign(galaxy=pristine.catalog["galaxy_id"])
    assert (parts.groupby("galaxy")["part"].nunique() == 1).all()
    assert pristine.catalog["label"].nunique() == 2


def test_the_twins_differ_by_noise_of_25_mag(made):
    _, result = made
    noise = result["noisy"].images - result["pristine"].images
    bands = dict(zip(("F814W", "F160W", "F356W"), (0.13, 0.20, 0.18), strict=True))
    for plane, name in enumerate(result["noisy"].info.bands):
        scale, side = arcsec_of_kpc(0.75, 2.0), 3 * bands[name]
        wanted = 2**-0.5 * (1e9 * 3631 / 5 * 10**-10.0) * scale * side
        assert noise[:, plane].std() == pytest.approx(wanted, rel=0.01)


def test_one_process_or_two_give_the_same_bytes(made, tmp_path):
    _, result = made
    again = toomre.simulate(tmp_path / "a", galaxies=20, seed=4, workers=2, split=SPLIT)
    for name in result:
        assert again[name].info.images_sha256 == result[name].info.images_sha256
        assert again[name].info.catalog_sha256 == result[name].info.catalog_sha256


def test_a_galaxy_does_not_depend_on_how_many_there_are(made, tmp_path):
    _, result = made
    plan = ShardPlan(tmp_path, "distant", 3, 4)
    make_shards(plan, 1, None)
    few = np.stack(list(read_twin(plan, "noisy")))
    assert np.array_equal(few, result["noisy"].images[:12])
    assert [truth["image_id"] for truth in read_truths(plan, "noisy")] == list(
        result["noisy"].catalog["image_id"][:12]
    )


def test_a_stopped_run_goes_on(made, tmp_path, monkeypatch):
    _, result = made
    make, count = shards._make, []

    def stop(task):
        if len(count) == 2:
            raise KeyboardInterrupt
        count.append(task)
        return make(task)

    monkeypatch.setattr(shards, "_make", stop)
    options = {"galaxies": 20, "seed": 4, "workers": 1, "split": SPLIT}
    with pytest.raises(KeyboardInterrupt):
        toomre.simulate(tmp_path / "a", **options)
    assert len(list((tmp_path / "a" / "unfinished").glob("*.npz"))) == 2
    with pytest.raises(OutputExistsError, match="belongs to another run"):
        toomre.simulate(tmp_path / "a", **{**options, "seed": 5})
    count.clear()
    again = toomre.simulate(tmp_path / "a", **options)
    assert len(count) == 1
    assert again["noisy"].info.images_sha256 == result["noisy"].info.images_sha256


def test_finished_sets_are_not_replaced(made):
    folder, _ = made
    with pytest.raises(OutputExistsError, match=r"pristine is there already. Choose another"):
        toomre.simulate(folder, galaxies=20)


def test_nearby_has_pictures_too(tmp_path):
    plan = ShardPlan(tmp_path, "nearby", 1, 2)
    make_shards(plan, 1, None)
    pictures = np.stack(list(read_twin(plan, "sdss")))
    assert pictures.shape == (4, 3, 128, 128)
    assert pictures.max() <= 255
    assert np.array_equal(pictures, np.rint(pictures))
    assert list(PAIRS["nearby"]().twins) == ["pristine", "noisy", "sdss"]
    far = read_truths(plan, "sdss")
    assert len({truth["redshift"] for truth in far}) == 1
    assert 0.012 <= far[0]["redshift"] <= 0.1
    near = read_truths(plan, "noisy")
    for name in ("label", "coalesces", "kind", "r_mag", "redshift"):
        assert [truth[name] for truth in far] == [truth[name] for truth in near]
    light = np.stack(list(read_twin(plan, "pristine")))
    noise = np.stack(list(read_twin(plan, "noisy"))) - light
    values = np.sort(light[0, 1], axis=None)[::-1]
    count = np.searchsorted(np.cumsum(values), 0.9 * values.sum()) + 1
    assert values[:count].mean() / noise[0, 1].std() == pytest.approx(25, rel=0.05)


def test_what_is_not_allowed(tmp_path):
    with pytest.raises(ArgumentError, match="Expected `pair` to be one of 'distant', 'nearby'"):
        toomre.simulate(tmp_path / "a", pair="far")
    with pytest.raises(ArgumentError, match="Expected `galaxies, seed` to be at least 1"):
        toomre.simulate(tmp_path / "a", galaxies=0)
    with pytest.raises(ArgumentError, match="'post-merger' for the pair 'nearby'"):
        toomre.simulate(tmp_path / "a", stages="post-merger")


def test_post_mergers_only(tmp_path):
    plan = ShardPlan(tmp_path, "nearby", 8, 2, stages="post-merger")
    make_shards(plan, 1, None)
    mergers = [truth for truth in read_truths(plan, "noisy") if truth["label"]]
    assert mergers
    assert all(truth["coalesces"] and truth["past"] for truth in mergers)
