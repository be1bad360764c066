"""`open_published`: astropy and numpy read the same; other shapes, labels and bands are errors."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.io import fits

from toomre.errors import ArgumentError, CorruptFileError
from toomre.preparation.published.arrays import open_published, stated_bands
from toomre.preparation.published.finding import DomainFiles, find_files
from toomre.preparation.published.schema import PUBLISHED

DEEPMERGE1 = PUBLISHED["deepmerge1"]


def _fits(tmp_path, images, labels=None, **cards):
    primary = fits.PrimaryHDU(images)
    primary.header.update(cards)
    hdus = [primary] if labels is None else [primary, fits.ImageHDU(np.asarray(labels))]
    fits.HDUList(hdus).writeto(tmp_path / "a-pristine.fits")
    return DomainFiles(DEEPMERGE1.domains[0], tmp_path / "a-pristine.fits", None)


def _images(bands=2):
    return np.random.default_rng(0).normal(size=(4, bands, 16, 16)).astype("f4")


@pytest.mark.parametrize("filters", [2, 3])
def test_fits_stays_on_disk_and_holds_what_astropy_reads(published_files, filters):
    for files in find_files(DEEPMERGE1, published_files / "mast", filters):
        array = open_published(files)
        assert isinstance(array.images, np.memmap)
        with fits.open(files.images) as hdus:
            np.testing.assert_array_equal(array.images, hdus[0].data)
        assert array.images.shape == (156, filters, 16, 16)
        assert array.labels.tolist() == [1] * 120 + [0] * 36
        assert array.bands == ("F814W", "F160W", "F356W")[:filters]


def test_arrays_stay_on_disk(published_files):
    for files in find_files(PUBLISHED["deepmerge2-simreal"], published_files / "zenodo"):
        array = open_published(files)
        assert isinstance(array.images, np.memmap)
        np.testing.assert_array_equal(array.images, np.load(files.images))
        assert array.labels.sum() == 12


@pytest.mark.parametrize(
    ("cards", "expected"),
    [
        ({"FILTER1": "F160W", "FILTER2": "F814W"}, ("F160W", "F814W")),
        ({"FILTER02": "ACS/F814W", "FILTER01": "WFC3/F160W"}, ("F160W", "F814W")),
        ({"BAND0": "f160w", "BAND1": "f814w"}, ("F160W", "F814W")),
        ({"FILTERS": "F160W, F814W"}, ("F160W", "F814W")),
        ({"FILTER": "MULTI"}, ("F814W", "F160W")),
        ({}, ("F814W", "F160W")),
    ],
)
def test_the_header_says_the_order(tmp_path, cards, expected):
    files = _fits(tmp_path, _images(), [1, 1, 0, 0], **cards)
    assert open_published(files).bands == expected


def test_the_user_and_the_file_name_say_it_where_the_header_does_not(tmp_path):
    files = _fits(tmp_path, _images(), [1, 1, 0, 0])
    assert open_published(files, ("F160W", "F814W")).bands == ("F160W", "F814W")
    other = tmp_path / "f160w-f814w-pristine.fits"
    files.images.rename(other)
    named = DomainFiles(files.domain, other, None)
    assert open_published(named).bands == ("F160W", "F814W")
    with pytest.raises(ArgumentError, match="F814W, F160W of .* in some order"):
        open_published(named, ("g", "r"))


def test_the_user_cannot_contradict_the_header(tmp_path):
    files = _fits(tmp_path, _images(), [1, 1, 0, 0], FILTER1="F160W", FILTER2="F814W")
    with pytest.raises(ArgumentError, match="F160W,F814W, as the header says"):
        open_published(files, ("F814W", "F160W"))


def test_ten_filters_are_in_the_order_of_their_numbers():
    header = {f"FILTER{n}": f"F{100 + n}W" for n in (10, 9, 2, 1, 3, 4, 5, 6, 7, 8)}
    assert stated_bands(header, 10) == tuple(f"F{100 + n}W" for n in range(1, 11))


@pytest.mark.parametrize(
    ("labels", "text"),
    [
        ([1, 0, 1], r"one label for each of the 4 images .* shape \(3,\)"),
        ([1, 0, 2, 1], "0 and 1, both of them, but got '0, 1, 2'"),
        ([1, 1, 1, 1], "both of them, but got '1'"),
        ([[1, 0]] * 4, r"shape \(4, 2\)"),
        (None, "images .* and their labels"),
    ],
)
def test_labels(tmp_path, labels, text):
    with pytest.raises(ArgumentError, match=text):
        open_published(_fits(tmp_path, _images(), labels))


def test_a_column_of_labels_is_allowed(tmp_path):
    files = _fits(tmp_path, _images(), [[1], [0], [1], [0]])
    assert open_published(files).labels.tolist() == [1, 0, 1, 0]


def test_a_table_with_two_columns(tmp_path):
    columns = [fits.Column(n, "J", array=[1, 0, 1, 0]) for n in ("id", "Merger")]
    hdus = [fits.PrimaryHDU(_images()), fits.BinTableHDU.from_columns(columns)]
    fits.HDUList(hdus).writeto(tmp_path / "pristine.fits")
    files = DomainFiles(DEEPMERGE1.domains[0], tmp_path / "pristine.fits", None)
    assert open_published(files).labels.tolist() == [1, 0, 1, 0]


@pytest.mark.parametrize(
    ("images", "text"),
    [
        (_images(4), r"shape \(image, 2 or 3, side, side\), but got \(4, 4, 16, 16\)"),
        (_images()[..., :12], r"but got \(4, 2, 16, 12\)"),
        (_images()[0], "a FITS file of images"),
        (_images().astype("i2"), "floats without scaling, but got 'BITPIX 16'"),
    ],
)
def test_other_images(tmp_path, images, text):
    with pytest.raises(ArgumentError, match=text):
        open_published(_fits(tmp_path, images, [1, 1, 0, 0]))


def test_a_cut_file(tmp_path):
    files = _fits(tmp_path, _images(), [1, 1, 0, 0])
    content = files.images.read_bytes()
    for size in (len(content) // 3, 100, 0):
        files.images.write_bytes(content[:size])
        with pytest.raises((CorruptFileError, ArgumentError), match="pristine"):
            open_published(files)


def test_damaged_labels(published_files, tmp_path):
    files = find_files(PUBLISHED["deepmerge2-simsim"], published_files / "zenodo")[0]
    (tmp_path / "y.npy").write_bytes(b"no array")
    with pytest.raises(CorruptFileError, match="'y.npy' cannot be read"):
        open_published(DomainFiles(files.domain, files.images, tmp_path / "y.npy"))
