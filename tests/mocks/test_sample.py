from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from hashlib import sha256
from multiprocessing import get_context

import numpy as np
import pandas as pd
import pytest

from toomre.errors import ArgumentError
from toomre.mocks.plan import distant_plan, nearby_plan, nearby_plan_at
from toomre.mocks.population import KINDS, is_merger
from toomre.mocks.sample import simulate_galaxy, simulate_sighting

PLAN = distant_plan()
NUMBERS = list(range(6))


def fingerprint(index: int) -> str:
    images = simulate_galaxy(index, 5, PLAN)
    return sha256(b"".join(image.flux.tobytes() for image in images)).hexdigest()


def test_same_seed_gives_the_same_bytes_in_any_order_and_in_two_processes():
    alone = [fingerprint(index) for index in NUMBERS]
    assert [fingerprint(index) for index in NUMBERS[::-1]] == alone[::-1]
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        assert list(pool.map(fingerprint, NUMBERS)) == alone
    assert len(set(alone)) == len(alone)


@pytest.mark.parametrize("kind", KINDS)
def test_pictures_and_truth(kind):
    images = simulate_galaxy(2, 1, PLAN, kind=kind)
    assert [image.truth["camera"] for image in images] == [0, 1, 2, 3]
    for image in images:
        truth = image.truth
        assert image.flux.shape == (3, 75, 75)
        assert image.flux.dtype == np.float32
        assert np.isfinite(image.flux).all()
        assert image.flux.min() >= 0
        assert truth["galaxy_id"] == "mock-1-2"
        assert truth["kind"] == kind
        assert truth["label"] == is_merger(truth["time_to_merger"], truth["mass_ratio"])
        assert truth["past"] == (truth["time_to_merger"] < 0)
        assert truth["star_formation_rate"] > 0


@pytest.mark.parametrize("kind", KINDS)
def test_nuclei_are_where_the_light_is(kind):
    """The brightest pixel near a nucleus is within 2.5 pixels of it, in most pictures."""
    near = []
    for seed in range(8):
        for image in simulate_galaxy(seed, 3, PLAN, kind=kind):
            x, y = image.truth["nucleus1_x"], image.truth["nucleus1_y"]
            light = image.flux[1]
            box = light[max(0, int(y) - 5) : int(y) + 7, max(0, int(x) - 5) : int(x) + 7]
            row, column = np.unravel_index(box.argmax(), box.shape)
            near.append(np.hypot(column + int(x) - 5 - x, row + int(y) - 5 - y) < 2.5)
    assert np.mean(near) > 0.6


def test_separation_is_that_of_the_nuclei():
    """Four views of one vector: the mean square of what they see is two thirds of its square."""
    images = simulate_galaxy(1, 1, PLAN, kind="before")
    seen = [
        [image.truth[f"nucleus2_{k}"] - image.truth[f"nucleus1_{k}"] for k in "xy"]
        for image in images
    ]
    length = np.sqrt(1.5 * np.mean(np.sum(np.square(seen), axis=1))) * PLAN.pixel_scale
    assert length == pytest.approx(images[0].truth["separation"], rel=1e-6)


@pytest.mark.parametrize("kind", ["isolated", "projection"])
def test_what_is_no_pair_has_no_separation(kind):
    for seed in range(4):
        truth = simulate_galaxy(seed, 1, PLAN, kind=kind)[0].truth
        assert np.isnan(truth["separation"])
        assert np.isnan(truth["nucleus2_x"]) == (kind == "isolated")
        assert truth["label"] == 0


def test_flux_is_that_of_mass_and_dust_whatever_the_kind():
    """The same mass and light drawn for each kind: the four pictures' mean flux is the same."""
    means = [
        np.mean(
            [image.flux.sum(axis=(1, 2)) for image in simulate_galaxy(9, 1, PLAN, kind=kind)], 0
        )
        for kind in KINDS
    ]
    np.testing.assert_allclose(means, np.broadcast_to(means[0], np.shape(means)), rtol=1e-5)


def test_finer_pixels_see_the_same_galaxy():
    fine = replace(PLAN, pixel_scale=PLAN.pixel_scale / 2, size=2 * PLAN.size)
    coarse, sharp = simulate_galaxy(4, 1, PLAN)[0], simulate_galaxy(4, 1, fine)[0]
    binned = sharp.flux.reshape(3, 75, 2, 75, 2).sum(axis=(2, 4))
    assert binned.sum() == pytest.approx(coarse.flux.sum(), rel=0.02)
    assert np.corrcoef(binned[1].ravel(), coarse.flux[1].ravel())[0, 1] > 0.95


def sighted(index: int, seed: int = 3):
    plans = [lambda z: nearby_plan(), partial(nearby_plan_at, pixel_scale=0.6, size=400)]
    return simulate_sighting(index, seed, plans)


def test_a_sighting_has_its_magnitudes_wherever_it_is_seen():
    """A wide frame holds all light: the mean of the cameras has the drawn magnitude."""
    for index in range(4):
        _, wide = sighted(index)
        flux = np.mean([image.flux[1].sum() for image in wide])
        assert 31.4 - 2.5 * np.log10(flux) == pytest.approx(wide[0].truth["r_mag"], abs=0.02)


def test_plans_of_a_sighting_share_its_truth():
    near, wide = sighted(1)
    own = {"camera", "nucleus1_x", "nucleus1_y", "nucleus2_x", "nucleus2_y"}
    own |= {"star_formation_rate"}  # the main sequence changes with redshift
    for a, b in zip(near, wide, strict=True):
        same = [key for key in a.truth if key not in own]
        assert [str(a.truth[key]) for key in same] == [str(b.truth[key]) for key in same]
        assert a.truth["coalesces"] == is_merger(a.truth["time_to_merger"], a.truth["mass_ratio"])


def test_mass_and_light_are_drawn_alike_for_both_classes(monkeypatch):
    """Without sampling noise: the medians of brightness at equal mass agree by construction."""
    from toomre.mocks import population
    from toomre.mocks.light import draw_light, star_flux, young_share

    kinds = {kind: (lambda mass, rng, k=kind: (k, mass)) for kind in KINDS}
    monkeypatch.setattr(population, "KINDS", kinds)
    rows = []
    for seed in range(12000):
        rng = np.random.default_rng(seed)
        light = draw_light(3, rng)
        kind, mass = population.draw_encounter(rng)
        share = young_share(PLAN, mass, light)[1]
        one = star_flux(PLAN, np.array([share]), np.array([1 - share]), np.zeros(1))[1, 0]
        rows.append((kind == "merger", -2.5 * np.log10(one) + light.attenuation * PLAN.dust[1]))
    table = np.array(rows)
    both = [np.median(table[table[:, 0] == label, 1]) for label in (0, 1)]
    assert abs(both[0] - both[1]) < 0.05


@pytest.mark.parametrize("name", ["index", "seed"])
def test_negative_numbers_are_refused(name):
    with pytest.raises(ArgumentError, match=f"Expected `{name}` to be 0 or more"):
        simulate_galaxy(**{"index": 1, "seed": 1, "plan": PLAN, name: -1})


def measured(index: int, plan=PLAN) -> list[dict]:
    return [
        {**image.truth, **dict(zip(("m0", "m1", "m2"), image.flux.sum(axis=(1, 2)), strict=True))}
        for image in simulate_galaxy(index, 11, plan)
    ]


@pytest.mark.nightly
@pytest.mark.parametrize("plan", [distant_plan(), nearby_plan()], ids=["distant", "nearby"])
def test_brightness_and_colour_do_not_tell_the_class(plan):
    """AUC of a logistic regression on the three magnitudes; medians at equal mass."""
    from sklearn.linear_model import LinearRegression, LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import GroupKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        rows = pool.map(partial(measured, plan=plan), range(1000), chunksize=20)
        table = pd.DataFrame([row for rows_of_one in rows for row in rows_of_one])
    bands = ["m0", "m1", "m2"]
    table[bands] = -2.5 * np.log10(table[bands])
    score = cross_val_predict(
        make_pipeline(StandardScaler(), LogisticRegression()),
        table[bands],
        table["label"],
        groups=table["galaxy_id"],
        cv=GroupKFold(10),
        method="predict_proba",
    )[:, 1]
    assert roc_auc_score(table["label"], score) < 0.55
    known = np.stack(
        [table["log_mass"], table["log_mass"] ** 2, np.log10(table["star_formation_rate"])], axis=1
    )
    known = np.concatenate([known, known[:, 2:] ** 2, known[:, 2:] * known[:, :1]], axis=1)
    for band in bands:
        rest = table[band] - LinearRegression().fit(known, table[band]).predict(known)
        merger = table["label"] == 1
        assert abs(rest[merger].median() - rest[~merger].median()) < 0.05, band
