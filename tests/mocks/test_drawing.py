from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from toomre.errors import ArgumentError
from toomre.mocks.drawing import draw_cutout, draw_sample
from toomre.mocks.galaxies import MERGERS, NONMERGERS
from toomre.mocks.sdss_picture import JPEG_QUALITY


def statistics(images: np.ndarray) -> np.ndarray:
    """Median over the images of each band's mean and standard deviation, (2, 3)."""
    return np.median([images.mean(axis=(1, 2)), images.std(axis=(1, 2))], axis=1)


def as_jpeg(image: np.ndarray) -> np.ndarray:
    stream = io.BytesIO()
    Image.fromarray(np.moveaxis(image, 0, -1)).save(stream, "JPEG", quality=JPEG_QUALITY)
    return np.asarray(Image.open(stream))


@pytest.mark.parametrize("kind", [*NONMERGERS, *MERGERS])
def test_every_kind_is_drawn_and_repeats(kind):
    first = draw_cutout(kind, np.random.default_rng(2), size=96)
    assert first.shape == (3, 96, 96)
    assert first.dtype == np.uint8
    assert first[:, 40:56, 40:56].mean() > 5 * np.median(first)
    assert np.array_equal(first, draw_cutout(kind, np.random.default_rng(2), size=96))
    assert not np.array_equal(first, draw_cutout(kind, np.random.default_rng(3), size=96))


def test_unknown_kind_names_the_kinds(rng):
    with pytest.raises(ArgumentError, match=r"`kind` to be one of 'edge_on'.*but got 'spirel'"):
        draw_cutout("spirel", rng)
    with pytest.raises(ArgumentError, match="`size` to be at least 8 pixels"):
        draw_cutout("spiral", rng, size=4)


def test_sample_takes_turns_and_has_a_sound_table():
    images, table = draw_sample(14, np.random.default_rng(1))
    assert images.shape == (14, 3, 256, 256)
    assert table["label"].tolist() == [1, 0] * 7
    assert [kind in MERGERS for kind in table["kind"]] == [True, False] * 7
    assert set(table["kind"]) == {*MERGERS, *NONMERGERS}
    assert table["image_id"].is_unique
    assert table["ra"].between(0, 360).all()
    assert table["dec"].between(-90, 90).all()
    assert table["redshift"].between(0.01, 0.1).all()
    again, same = draw_sample(14, np.random.default_rng(1))
    assert np.array_equal(images, again)
    assert table.equals(same)


def test_sample_of_nothing_is_refused(rng):
    with pytest.raises(ArgumentError, match="`count` to be an integer of 1 or more, but got 0"):
        draw_sample(0, rng)


def test_drawn_look_like_real_in_numbers(shared_data):
    real_folder = Path(shared_data) / "sdss_mergers"
    images, table = draw_sample(48, np.random.default_rng(1))
    drawn = np.stack([as_jpeg(image) for image in images])
    for label, name in ((1, "mergers"), (0, "non_mergers")):
        files = sorted((real_folder / name).glob("*.jpeg"))[::12][:100]
        real = np.stack([np.asarray(Image.open(file)) for file in files])
        ratio = statistics(drawn[table["label"] == label]) / statistics(real)
        assert np.all((ratio > 0.7) & (ratio < 1.3)), (name, ratio)
