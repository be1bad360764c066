"""`find_files` knows every name under which the sets are spread, and asks where it is not sure."""

from __future__ import annotations

import pytest

from toomre.errors import ArgumentError, MissingFileError
from toomre.preparation.published.finding import find_files
from toomre.preparation.published.schema import PUBLISHED


def _found(name, folder, filters=None):
    files = find_files(PUBLISHED[name], folder, filters)
    return {f.domain.name: (f.images.name, f.labels and f.labels.name) for f in files}


def test_fits(published_files):
    found = _found("deepmerge1", published_files / "mast", 2)
    base = "hlsp_deepmerge_hst_acs-wfc3_illustris-z2_f814w-f160w_v1_sim"
    assert found == {
        "pristine": (f"{base}-pristine.fits", None),
        "noisy": (f"{base}-noisy.fits", None),
    }
    assert "f356w" in _found("deepmerge1", published_files / "mast", 3)["noisy"][0]


def test_arrays_and_code(published_files):
    for kind, (images, labels) in _found("deepmerge1", published_files / "arrays").items():
        assert images.endswith(f"-{kind}-x.npy")
        assert labels.endswith(f"-{kind}-labels-y.npy")
    assert _found("deepmerge1", published_files / "code", 2) == {
        "pristine": ("SB00_augmented.npy", "SB00_augmented_y.npy"),
        "noisy": ("SB25_augmented.npy", "SB25_augmented_y.npy"),
    }
    assert _found("deepmerge1", published_files / "code", 3) == {
        "pristine": ("SB00_augmented_3FILT.npy", "SB00_augmented_y_3FILT.npy"),
        "noisy": ("SB25_augmented_3FILT.npy", "SB25_augmented_y_3FILT.npy"),
    }


def test_zenodo_in_any_case(published_files, tmp_path):
    found = _found("deepmerge2-simreal", published_files / "zenodo")
    assert found["target"][0] == "SimReal_TARGET_x_postmergers_SDSS.npy"
    assert len(_found("deepmerge2-simsim", published_files / "zenodo")) == 2
    for name in ("SIMSIM_source_x_illustris2_PRISTINE.NPY", "simsim_source_Y_illustris2.npy"):
        (tmp_path / name).touch()
    assert list(_found("deepmerge2-simsim", tmp_path)) == ["source"]
    with pytest.raises(MissingFileError, match="No image file of deepmerge1"):
        _found("deepmerge1", tmp_path)


def test_labels_that_all_domains_share(tmp_path):
    for name in ("SB00_augmented.npy", "SB25_augmented.npy", "augmented_y.npy"):
        (tmp_path / name).touch()
    found = _found("deepmerge1", tmp_path)
    assert [labels for _, labels in found.values()] == ["augmented_y.npy"] * 2


def test_two_files_of_one_domain(published_files):
    with pytest.raises(ArgumentError, match=r"one file of pristine images.*--filters 2 or 3"):
        _found("deepmerge1", published_files / "mast")


def test_two_files_of_labels(tmp_path):
    for name in ("SB00.npy", "SB00_y.npy", "SB00_labels.npy"):
        (tmp_path / name).touch()
    with pytest.raises(ArgumentError, match=r"one file of labels.*'SB00_labels.npy', 'SB00_y.npy'"):
        _found("deepmerge1", tmp_path)


def test_nothing_there(tmp_path):
    with pytest.raises(MissingFileError, match=r"There is no folder"):
        _found("deepmerge1", tmp_path / "nowhere")
    with pytest.raises(MissingFileError, match=r"such as SimReal_SOURCE_X.*toomre fetch"):
        _found("deepmerge2-simreal", tmp_path)
    (tmp_path / "SB00_augmented.npy").touch()
    (tmp_path / "subsamples_y.npy").touch()
    with pytest.raises(MissingFileError, match="no file of labels"):
        _found("deepmerge1", tmp_path)
