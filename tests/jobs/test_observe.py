"""``toomre.observe``: the noisy twin of prepared sets and of folders of FITS mocks."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from PIL import Image

import toomre
from toomre.errors import ArgumentError, OutputExistsError
from toomre.images.noise import sigma_for_brightness_limit
from toomre.jobs.look import look
from toomre.jobs.observe import ObserveOptions, image_rng, observe
from toomre.mocks.observing import ObservePlan
from toomre.mocks.placing import InputFacts
from toomre.preparation.prepared import PreparedSet
from toomre.preparation.split import SplitOptions
from toomre.surveys.tables import SURVEYS

PLAN = ObservePlan(("g", "r", "i"), size=24)
UNIT = InputFacts(unit="nanomaggy")


def test_the_twin_has_the_same_ids_labels_and_split(tiny_set, tmp_path):
    seen = []
    twin = toomre.observe(
        tiny_set, tmp_path / "out", "sdss", PLAN, facts=UNIT, progress=lambda *n: seen.append(n)
    )
    first = PreparedSet.open(tiny_set)
    assert seen[-1] == (120, 120)
    assert twin.images.shape == (120, 3, 24, 24)
    assert twin.info.bands == ("g", "r", "i")
    assert twin.info.unit == "nJy"
    assert twin.info.psf_fwhm == (1.44, 1.32, 1.26)
    assert first.info.psf_fwhm == ()
    assert twin.info.pixel_scale == pytest.approx(0.396)
    for name in ("image_id", "galaxy_id", "label", "ra", "dec", "redshift"):
        assert twin.catalog[name].equals(first.catalog[name]), name
    assert twin.split is not None
    assert twin.split.sha256 == first.split.sha256
    PreparedSet.open(tmp_path / "out", verify=True)
    # a blob of some 3 nanomaggy in each pixel near the middle is still there
    assert twin.images[:, :, 8:16, 8:16].mean() > 100


def test_noise_of_an_image_follows_from_seed_and_id_alone(tiny_set, tmp_path):
    rows = [image_rng(3, name).normal(size=3) for name in ("a", "b", "a")]
    assert np.array_equal(rows[0], rows[2])
    assert not np.array_equal(rows[0], rows[1])
    made = {
        name: observe(
            tiny_set, tmp_path / name, "sdss", PLAN, facts=UNIT, options=ObserveOptions(seed=seed)
        )
        for name, seed in (("a", 1), ("b", 1), ("c", 2))
    }
    hashes = {name: prepared.info.images_sha256 for name, prepared in made.items()}
    assert hashes["a"] == hashes["b"] != hashes["c"]


def write_mocks(folder: Path, rng: np.random.Generator, count: int = 12) -> Path:
    """Write noiseless FITS cubes of F160W, F814W with their scale, and a table."""
    folder.mkdir()
    names = [f"mock{number}" for number in range(count)]
    for name in names:
        header = fits.Header()
        header.update(CTYPE1="RA---TAN", CTYPE2="DEC--TAN", CDELT1=-1e-5, CDELT2=1e-5)
        units = [fits.PrimaryHDU()]
        for band in ("F160W", "F814W"):
            light = np.zeros((80, 80), np.float32)
            light[30:50, 30:50] = rng.uniform(0.5, 1, (20, 20)) * (2 if band == "F814W" else 1)
            unit = fits.ImageHDU(light, header, name=band)
            unit.header["FILTER"] = band
            units.append(unit)
        fits.HDUList(units).writeto(folder / f"{name}.fits")
    galaxies = [f"g{number // 2}" for number in range(count)]
    labels = [number // 2 % 2 for number in range(count)]
    table = pd.DataFrame(
        {"image_id": names, "galaxy_id": galaxies, "label": labels, "redshift": 0.1}
    )
    table.to_csv(folder.parent / "table.csv", index=False)
    return folder.parent / "table.csv"


def test_a_folder_of_fits_mocks(tmp_path, rng):
    table = write_mocks(tmp_path / "mocks", rng)
    (tmp_path / "mocks" / "mock3.fits").write_bytes(b"no image")
    plan = ObservePlan(("F814W", "F160W"), size=32, noise="none", redshift=0.2)
    options = ObserveOptions(catalog=table, split=SplitOptions((0.5, 0.25, 0.25)))
    twin = observe(
        tmp_path / "mocks", tmp_path / "out", "hst_jwst", plan, facts=UNIT, options=options
    )
    assert twin.info.status_counts == {"ok": 11, "warn": 0, "bad": 1}
    assert twin.catalog.loc[3, "status"] == "bad"
    assert np.isnan(twin.images[3]).all()
    assert twin.split is not None
    assert twin.split.table.loc[3, "part"] == ""
    # F814W was the second extension, and is twice as bright
    ratio = twin.images[0, 0].sum() / twin.images[0, 1].sum()
    assert ratio == pytest.approx(2, rel=0.1)
    assert (twin.catalog["redshift"] == 0.2).all()
    assert (twin.catalog["redshift_input"] == 0.1).all()


def test_a_band_map_and_kiloparsecs(tiny_set, tmp_path):
    plan = ObservePlan(("F160W",), noise="brightness", level=25.0, pixel_scale=0.06)
    twin = observe(
        tiny_set,
        tmp_path / "out",
        "hst_jwst",
        plan,
        facts=InputFacts(0.5, "kpc", 2.0, "nJy"),
        options=ObserveOptions(input_bands=("i",)),
    )
    assert twin.images.shape == (120, 1, 75, 75)
    wanted = sigma_for_brightness_limit(25.0, 0.06, SURVEYS["hst_jwst"].bands[1].psf_fwhm)
    # the blobs fill 20 of the 75 pixels; the corners are sky
    assert twin.images[:, :, :20, :20].std() == pytest.approx(wanted, rel=0.02)
    assert "--band-map i=F160W" in twin.info.command
    assert "--length kpc" in twin.info.command


def test_pictures_and_the_contact_sheet(tiny_set, tmp_path):
    plan = ObservePlan(("g", "r", "i"), size=48, picture=True, field=True)
    twin = observe(tiny_set, tmp_path / "out", "sdss", plan, facts=UNIT)
    assert twin.info.encoding == "display"
    assert twin.info.bands == ("i", "r", "g")
    assert twin.images.min() >= 0
    assert twin.images.max() <= 255
    sheet = look(twin.folder, count=20, part="test", label=1)
    with Image.open(sheet) as image:
        assert image.size == (10 * 132 + 4, 2 * 150 + 4)  # 12 of the 24


def test_real_sky(tiny_set, tmp_path, rng):
    fits.writeto(tmp_path / "sky.fits", rng.normal(0, 0.02, (3, 90, 80)).astype("f4"))
    options = ObserveOptions(sky=tmp_path / "sky.fits")
    twin = observe(tiny_set, tmp_path / "out", "sdss", PLAN, facts=UNIT, options=options)
    corner = twin.images[:, :, 0, 0]
    # counts of the survey are nanomaggies
    assert corner.std() == pytest.approx(0.02 * 3631, rel=0.15)


def test_errors_say_what_to_do(tiny_set, tmp_path):
    with pytest.raises(ArgumentError, match=r"does not say its unit .* \(--unit, --pixel-scale\)"):
        observe(tiny_set, tmp_path / "out", "sdss", PLAN)
    with pytest.raises(ArgumentError, match=r"bands g, r, i, but not z. Say .*--band-map"):
        observe(tiny_set, tmp_path / "out", "sdss", ObservePlan(("z",)), facts=UNIT)
    with pytest.raises(ArgumentError, match="Expected `survey` to be one of 'decals'"):
        observe(tiny_set, tmp_path / "out", "hubble", PLAN, facts=UNIT)
    with pytest.raises(ArgumentError, match="Expected `band of hsc` to be one of"):
        observe(tiny_set, tmp_path / "out", "hsc", ObservePlan(("u",)), facts=UNIT)
    with pytest.raises(ArgumentError, match="Expected `unit` to be one of nJy"):
        observe(tmp_path, tmp_path / "out", "hsc", PLAN)
    with pytest.raises(ArgumentError, match="Expected `input_bands` to be 3 bands"):
        options = ObserveOptions(input_bands=("g",))
        observe(tiny_set, tmp_path / "out", "hsc", PLAN, facts=UNIT, options=options)
    with pytest.raises(ArgumentError, match="None of the 120 inputs .* redshift of the input"):
        facts = InputFacts(0.2, "kpc", unit="nJy")
        info = json.loads((tiny_set / "dataset.json").read_text())
        assert info["unit"] == ""
        observe(_without_redshift(tiny_set, tmp_path), tmp_path / "out", "hsc", PLAN, facts=facts)
    assert not (tmp_path / "out").exists()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").touch()
    with pytest.raises(OutputExistsError):
        observe(tiny_set, tmp_path / "out", "sdss", PLAN, facts=UNIT)


def _without_redshift(tiny_set: Path, tmp_path: Path) -> Path:
    import shutil

    from toomre.storage import sha256_file, write_json

    folder = tmp_path / "bare"
    shutil.copytree(tiny_set, folder)
    table = pd.read_parquet(folder / "catalog.parquet").assign(redshift=np.nan)
    table.to_parquet(folder / "catalog.parquet", index=False)
    info = json.loads((folder / "dataset.json").read_text())
    info["catalog_sha256"] = sha256_file(folder / "catalog.parquet")
    write_json(folder / "dataset.json", info)
    return folder


def test_pictures_are_no_input(tiny_set, tmp_path):
    plan = ObservePlan(("g", "r", "i"), picture=True)
    twin = observe(tiny_set, tmp_path / "out", "sdss", plan, facts=UNIT)
    with pytest.raises(ArgumentError, match="Expected `encoding` to be 'linear' for an input"):
        observe(twin.folder, tmp_path / "again", "sdss", PLAN, facts=UNIT)
