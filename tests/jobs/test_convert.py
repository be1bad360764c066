"""`toomre.convert`: from the published files to prepared sets, by both protocols."""

from __future__ import annotations

import shlex
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits

from toomre.errors import ArgumentError, MissingFileError, OutputExistsError
from toomre.jobs import convert as job
from toomre.jobs.audit import audit
from toomre.jobs.convert import ConvertOptions, convert
from toomre.preparation.prepared import PreparedInfo, PreparedSet
from toomre.storage import read_json

PAPER = ConvertOptions(protocol="paper")


def _convert(*words: object, **options: object) -> dict[str, PreparedSet]:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".* images; .* were published")
        warnings.filterwarnings("ignore", "The order of an array")
        return convert(*words, **options)


def _drawn_galaxies(*_: object) -> pd.DataFrame:
    """Stand in for the search of copies, which takes seconds: 3 mergers, 4 copies each."""
    names = [f"c{galaxy}" for galaxy in [*np.repeat([0, 1, 2], 4), *range(3, 15)]]
    return pd.DataFrame({"galaxy_id": names, "view_id": names})


def _parts(prepared: PreparedSet) -> list[int]:
    return [len(prepared.split.rows(part)) for part in ("train", "valid", "test")]


def test_fits_with_two_filters(published_files, tmp_path):
    options = ConvertOptions(filters=2)
    made = _convert("deepmerge1", published_files / "mast", tmp_path / "out", options=options)
    assert list(made) == ["pristine", "noisy"]
    for kind, prepared in made.items():
        name = f"hlsp_deepmerge_hst_acs-wfc3_illustris-z2_f814w-f160w_v1_sim-{kind}.fits"
        plain = fits.getdata(published_files / "mast" / name, 0)
        rows = prepared.catalog["row"].to_numpy()
        np.testing.assert_array_equal(prepared.images, plain[rows])  # not a pixel is changed
        assert prepared.info.bands == ("F814W", "F160W")
        assert prepared.info.encoding == "linear"
        assert prepared.info.protocol == "grouped"
        assert (prepared.catalog["redshift"] == 2).all()
        assert prepared.summary()["galaxies"] == 15
        assert len(prepared) == 60
        assert audit(prepared).passed
    assert made["pristine"].split.text == made["noisy"].split.text
    PreparedSet.open(tmp_path / "out" / "noisy", verify=True)


def test_all_twins_of_deepmerge1_hold_the_same(published_files, tmp_path):
    made = {
        name: _convert("deepmerge1", published_files / name, tmp_path / name, options=options)
        for name, options in (
            ("mast", ConvertOptions(filters=2)),
            ("arrays", ConvertOptions()),
            ("code", ConvertOptions(filters=2)),
        )
    }
    for kind in ("pristine", "noisy"):
        first = made["mast"][kind]
        for other in (made["arrays"][kind], made["code"][kind]):
            assert other.info.images_sha256 == first.info.images_sha256
    catalog = made["code"]["noisy"].catalog
    assert catalog["galaxy_id"].str.startswith("halo-").all()
    mergers = catalog[catalog["label"] == 1]
    assert (mergers["past_merger"] + mergers["future_merger"] == 1).all()


@pytest.mark.parametrize(
    ("name", "folder", "counts"),
    [("deepmerge1", "arrays", [110, 15, 31]), ("deepmerge2-simsim", "zenodo", [109, 15, 32])],
)
def test_the_audit_finds_the_published_leak(published_files, tmp_path, name, folder, counts):
    made = _convert(name, published_files / folder, tmp_path / "out", options=PAPER)
    for prepared in made.values():
        assert prepared.info.protocol == "paper"
        assert len(prepared) == 156
        assert _parts(prepared) == counts
        report = audit(prepared)
        assert not report.passed
        assert report.tables.test.same_galaxy_mergers == 1
        assert report.exact_pairs > 10
    first, second = (prepared.split.text for prepared in made.values())
    assert (first == second) == (name == "deepmerge1")


@pytest.mark.parametrize("protocol", ["grouped", "paper"])
def test_simulated_to_real(published_files, tmp_path, monkeypatch, protocol):
    if protocol == "paper":  # once is enough
        monkeypatch.setattr(job, "galaxy_table", _drawn_galaxies)
    options = ConvertOptions(protocol=protocol)
    made = _convert("deepmerge2-simreal", published_files / "zenodo", tmp_path, options=options)
    source, target = made["source"], made["target"]
    assert source.info.bands == target.info.bands == ("i", "r", "g")
    assert (source.info.encoding, target.info.encoding) == ("linear", "display")
    assert target.images.max() > 50  # on its scale of 0 to 255
    for prepared in (source, target):
        assert len(prepared) == 24
        assert prepared.summary()["galaxies"] == 15
        assert "copy" not in prepared.catalog
        assert audit(prepared, pixels=False).passed == (protocol == "grouped")


def test_the_user_may_know_the_order_of_the_planes_better(published_files, tmp_path, monkeypatch):
    monkeypatch.setattr(job, "galaxy_table", _drawn_galaxies)
    options = ConvertOptions(bands=("i", "r", "g"))
    made = _convert("deepmerge2-simreal", published_files / "zenodo", tmp_path, options=options)
    plain = np.load(published_files / "zenodo" / "SimReal_SOURCE_X_Illustris0.npy")
    np.testing.assert_array_equal(made["source"].images, plain)


def test_what_differs_from_the_published_is_told(published_files, tmp_path, monkeypatch):
    monkeypatch.setattr(job, "galaxy_table", _drawn_galaxies)
    with (
        pytest.warns(UserWarning, match="images; 6000 were published"),
        pytest.warns(UserWarning, match="copies of one another count as one galaxy, 15 in"),
    ):
        convert("deepmerge2-simreal", published_files / "zenodo", tmp_path / "out")


def test_the_recorded_command_makes_the_same(published_files, tmp_path):
    options = ConvertOptions(protocol="paper", bands=("F160W", "F814W"))
    made = _convert("deepmerge1", published_files / "arrays", tmp_path / "a", options=options)
    words = shlex.split(made["noisy"].info.command)
    assert words[:4] == ["toomre", "convert", "deepmerge1", str(published_files / "arrays")]
    assert words[4:] == [
        *("--out", str(tmp_path / "a"), "--protocol", "paper", "--bands", "F160W,F814W"),
    ]


def test_an_older_set_is_grouped(tiny_set):
    record = read_json(tiny_set / "dataset.json")
    record.pop("protocol")
    assert PreparedInfo.model_validate(record).protocol == "grouped"


def test_errors(published_files, tmp_path):
    with pytest.raises(ArgumentError, match="'deepmerge1', 'deepmerge2-simreal', 'deepmerge2"):
        convert("deepmerge3", published_files, tmp_path)
    with pytest.raises(MissingFileError, match="There is no folder"):
        convert("deepmerge1", published_files / "nowhere", tmp_path)
    with pytest.raises(ArgumentError, match="`filters` to be 2 or 3, but got 4"):
        ConvertOptions(filters=4)
    _convert("deepmerge1", published_files / "arrays", tmp_path / "a", options=PAPER)
    with pytest.raises(OutputExistsError, match="pristine is there already"):
        _convert("deepmerge1", published_files / "arrays", tmp_path / "a")
    _convert("deepmerge1", published_files / "arrays", tmp_path / "a", overwrite=True)
    assert PreparedSet.open(tmp_path / "a" / "noisy").info.protocol == "grouped"


@pytest.mark.parametrize("change", ["fewer", "labels"])
def test_twins_must_be_twins(published_files, tmp_path, change):
    folder = tmp_path / "in"
    folder.mkdir()
    for path in (published_files / "arrays").iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    images, labels = (next(folder.glob(f"*noisy-{end}.npy")) for end in ("x", "labels-y"))
    found = np.load(labels)
    if change == "fewer":
        np.save(images, np.load(images)[:-1])
        np.save(labels, found[:-1])
    else:
        np.save(labels, found[::-1])
    text = "as many images .* 156 and 155" if change == "fewer" else "same labels in the same order"
    with pytest.raises(ArgumentError, match=text):
        _convert("deepmerge1", Path(folder), tmp_path / "out")
