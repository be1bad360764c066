from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from scipy import ndimage

from toomre.errors import ArgumentError
from toomre.preparation.near_copies import COLUMNS, CopySearch, find_copies, usable_rows

Array = np.ndarray

PIXELS = ("exact", "flipped", "quarter turn")
NEAR = ("turned", "zoomed", "renoised", "rescaled", "mixed")


def make_copy(image: Array, kind: str, rng: np.random.Generator) -> Array:
    """An image's copy, as augmentation or another pipeline would make it."""
    order, mode = int(rng.choice([1, 3])), str(rng.choice(["reflect", "constant"]))
    if kind == "flipped":
        image = image[..., ::-1] if rng.random() < 0.5 else image[:, ::-1]
    if kind == "quarter turn":
        image = np.rot90(image, rng.integers(1, 4), axes=(1, 2))
    if kind in ("turned", "mixed"):
        angle = rng.uniform(5, 355)
        image = ndimage.rotate(image, angle, (1, 2), reshape=False, order=order, mode=mode)
    if kind in ("zoomed", "mixed"):
        zoom = np.exp(rng.uniform(np.log(0.8), np.log(1.25)))
        centre = (image.shape[-1] - 1) / 2 * (1 - 1 / zoom)
        image = np.stack(
            [
                ndimage.affine_transform(
                    band, [1 / zoom, 1 / zoom], offset=centre, order=order, mode=mode
                )
                for band in image
            ]
        )
    if kind in ("renoised", "mixed"):
        middle = np.median(image, axis=(1, 2), keepdims=True)
        sky = 1.4826 * np.median(np.abs(image - middle), axis=(1, 2), keepdims=True)
        image = image + rng.uniform(0.5, 1.2) * sky * rng.normal(size=image.shape)
    if kind == "rescaled":
        image = rng.uniform(0.5, 2) * image + rng.uniform(-5, 5)
    return np.ascontiguousarray(image, dtype=np.float32)


def drawn_galaxies(count: int, side: int, noise: float, rng: np.random.Generator) -> Array:
    """Sersic-like galaxies, each with a companion or none: (image, 1, y, x), peak 1."""
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    images = np.zeros((count, 1, side, side))
    for image in images[:, 0]:
        for k in range(rng.integers(1, 3)):
            x0, y0 = rng.normal(0, side / 8, 2) if k else (0, 0)
            angle, axis_ratio = rng.uniform(0, np.pi), rng.uniform(0.2, 1)
            along = (x - x0) * np.cos(angle) + (y - y0) * np.sin(angle)
            across = ((y - y0) * np.cos(angle) - (x - x0) * np.sin(angle)) / axis_ratio
            index, radius = rng.uniform(0.7, 4), rng.uniform(side / 20, side / 8)
            scaled = (np.hypot(along, across) / radius + 1e-3) ** (1 / index)
            profile = np.exp(-(2 * index - 1 / 3) * (scaled - 1))
            np.add(image, rng.uniform(0.3, 1) * profile, out=image)
    images /= images.max(axis=(2, 3), keepdims=True)
    return (images + noise * rng.normal(size=images.shape)).astype(np.float32)


def plant(
    train: Array, kinds: Sequence[str], rng: np.random.Generator
) -> tuple[Array, Array, Array]:
    """One copy of every image of `train`: the copies, and the row and kind of each."""
    source = rng.permutation(len(train))
    kind = np.resize(np.array(kinds), len(train))
    copies = [make_copy(train[s], k, rng) for s, k in zip(source, kind, strict=True)]
    return np.stack(copies), source, kind


def recall(found: pd.DataFrame, first: int, source: Array, kind: Array) -> dict[str, float]:
    """By kind, the fraction of the copies whose original was found."""
    pairs = set(zip(found["row_a"], found["row_b"], strict=True))
    hits = np.array([(first + k, s) in pairs for k, s in enumerate(source.tolist())])
    return {name: float(hits[kind == name].mean()) for name in dict.fromkeys(kind)}


def false_alarms(found: pd.DataFrame, first: int, source: Array, images: int) -> float:
    """The fraction of the images compared that have a pair that is none."""
    planted = found["row_a"] >= first
    origin = source[np.where(planted, found["row_a"] - first, 0)]
    wrong = found["row_a"][~planted | (origin != found["row_b"])]
    return float(wrong.nunique() / images)


def sdss_cutouts(folder: Path, first: int, crop: int = 150, size: int = 105) -> Array:
    files = pd.read_csv(folder / "sdss_mergers" / "labels.csv", dtype=str)["file"][first:]
    box = (128 - crop // 2, 128 - crop // 2, 128 + crop // 2, 128 + crop // 2)
    images = np.empty((len(files), 3, size, size), np.float32)
    for image, file in zip(images, files, strict=True):
        with Image.open(folder / "sdss_mergers" / file) as picture:
            small = picture.resize((size, size), Image.Resampling.BOX, box=box)
            image[...] = np.asarray(small).transpose(2, 0, 1)
    return images


@pytest.mark.slow
def test_thousand_planted_leaks(shared_data: Path, rng: np.random.Generator) -> None:
    """1,000 copies and 664 other real images, against 1,000 real images.

    The limits of `CopySearch` were chosen with the first 1,600 images; these are the others.
    """
    real = sdss_cutouts(shared_data, first=1600)
    order = rng.permutation(len(real))
    train, clean = real[order[:1000]], real[order[1000:]]
    copies, source, kind = plant(train, PIXELS + NEAR, rng)
    images = np.concatenate([train, clean, copies])
    first = len(real)

    found = find_copies(images, np.arange(1000, len(images)), np.arange(1000))

    by_kind = recall(found, first, source, kind)
    assert all(by_kind[name] == 1 for name in (*PIXELS, "turned")), by_kind
    assert all(by_kind[name] >= 0.95 for name in NEAR), by_kind
    assert false_alarms(found, first, source, len(images) - 1000) <= 0.01


@pytest.mark.parametrize(("side", "noise"), [(48, 0.05), (75, 0.02), (75, 0.0)])
def test_drawn_galaxies(side: int, noise: float, rng: np.random.Generator) -> None:
    """No false alarms, even without noise; there, near copies may be missed."""
    train = drawn_galaxies(100, side, noise, rng)
    clean = drawn_galaxies(100, side, noise, rng)
    copies, source, kind = plant(train, PIXELS + (NEAR if noise else ("turned",)), rng)
    images = np.concatenate([train, clean, copies])
    found = find_copies(images, np.arange(100, 300), np.arange(100))
    by_kind = recall(found, 200, source, kind)
    assert all(by_kind[name] == 1 for name in PIXELS), by_kind
    if noise:
        assert all(by_kind[name] >= 0.9 for name in NEAR if name != "mixed"), by_kind
    assert false_alarms(found, 200, source, 200) <= 0.01


@pytest.mark.parametrize(
    ("turns", "flip", "zoom", "kind", "transform"),
    [
        (37.0, False, 1.0, "rotated", "rotated 37 deg"),
        (0.0, False, 1.15, "zoomed", "zoomed 1.15"),
        (123.0, True, 1.0, "flipped+rotated", "flipped, rotated 123 deg"),
        (0.0, True, 0.9, "flipped+zoomed", "flipped up-down, zoomed 0.90"),
        (200.0, False, 1.1, "rotated+zoomed", "rotated 200 deg, zoomed 1.10"),
    ],
)
def test_transform_is_measured(
    turns: float, flip: bool, zoom: float, kind: str, transform: str, rng: np.random.Generator
) -> None:
    image = ndimage.gaussian_filter(rng.normal(size=(96, 96)), 1.5)
    # A point p of the copy shows the point M p of the original: undo turn, flip and zoom.
    cosine, sine = np.cos(np.radians(turns)), np.sin(np.radians(turns))
    to_original = np.array([[cosine, -sine], [sine, cosine]]) / zoom  # rows y, x
    if flip:
        to_original = np.diag([-1, 1]) @ to_original
    offset = 47.5 - to_original @ [47.5, 47.5]
    copy = ndimage.affine_transform(image, to_original, offset=offset, order=3, mode="reflect")
    found = find_copies(np.stack([image, copy])[:, None], [1], [0])
    assert found[["kind", "transform"]].to_numpy().tolist() == [[kind, transform]]
    assert found["similarity"][0] > 0.9


def test_renoised_and_rescaled_in_place(rng: np.random.Generator) -> None:
    image = rng.normal(size=(2, 64, 64))
    images = np.stack([image, image + 0.7 * rng.normal(size=image.shape), 3 * image - 8])
    found = find_copies(images, [1, 2], [0])
    assert found["kind"].tolist() == ["renoised", "renoised"]
    assert found["transform"].tolist() == ["in place", "in place"]


def test_best_candidate_is_the_original(rng: np.random.Generator) -> None:
    """The quick comparison alone ranks copies of both parities and of other zooms first."""
    train = ndimage.gaussian_filter(rng.normal(size=(60, 1, 64, 64)), (0, 0, 1, 1))
    turned = [make_copy(image, ("turned", "zoomed")[k % 2], rng) for k, image in enumerate(train)]
    copies = [image[..., ::-1] if k % 3 else image for k, image in enumerate(turned)]
    images = np.concatenate([train, np.stack(copies)])
    rows = np.arange(60)
    found = find_copies(images, rows + 60, rows, search=CopySearch(candidates=1))
    assert found["row_a"].tolist() == (rows + 60).tolist()
    assert found["row_b"].tolist() == rows.tolist()


def test_blocks_change_nothing(rng: np.random.Generator) -> None:
    train = drawn_galaxies(40, 64, 0.05, rng)
    copies, _, _ = plant(train, ("turned", "exact"), rng)
    images = np.concatenate([train, copies])
    whole = find_copies(images, np.arange(40, 80), np.arange(40))
    blocks = find_copies(
        images, np.arange(40, 80), np.arange(40), search=CopySearch(block_a=7, block_b=11)
    )
    # Sums in another order differ by the rounding of float32.
    pd.testing.assert_frame_equal(whole, blocks, rtol=1e-3)
    assert len(whole) == 40


def test_rows_against_themselves(rng: np.random.Generator) -> None:
    images = rng.normal(size=(6, 1, 64, 64)).astype(np.float32)
    images[4] = images[1][:, ::-1]
    images[5] = images[2] + 0.5 * rng.normal(size=(64, 64))
    found = find_copies(images, np.arange(6), np.arange(6))
    assert found[["row_a", "row_b", "kind"]].to_numpy().tolist() == [
        [1, 4, "exact"],
        [2, 5, "renoised"],
    ]


def test_progress_reaches_the_end(rng: np.random.Generator) -> None:
    images = rng.normal(size=(9, 1, 48, 48))
    calls: list[tuple[int, int]] = []
    find_copies(
        images,
        [0, 1, 2, 3, 4],
        [5, 6, 7, 8],
        search=CopySearch(block_a=2, block_b=3),
        progress=lambda done, total: calls.append((done, total)),
    )
    assert [done for done, _ in calls] == sorted(done for done, _ in calls)
    assert len(calls) == 6
    assert calls[-1] == (20, 20)


def test_bad_and_blank_images_are_left_out(rng: np.random.Generator) -> None:
    images = rng.normal(size=(5, 1, 48, 48)).astype(np.float32)
    images[1], images[2, 0, 3, 3], images[3] = np.nan, np.inf, 7.0
    assert usable_rows(images, [4, 3, 2, 1, 0, 0]).tolist() == [0, 4]
    found = find_copies(images, np.arange(5), np.arange(5))
    assert found.empty
    assert tuple(found.columns) == COLUMNS
    assert found["row_a"].dtype == np.int64


def test_small_images_have_exact_copies_only(rng: np.random.Generator) -> None:
    images = rng.normal(size=(3, 1, 9, 9))
    images[1], images[2] = np.rot90(images[0], axes=(1, 2)), images[0] * 1.1
    found = find_copies(images, [1, 2], [0])
    assert found[["row_a", "kind"]].to_numpy().tolist() == [[1, "exact"]]


def test_images_without_structure(rng: np.random.Generator) -> None:
    """Round galaxies without noise, one size after the other: no near copies, no warning."""
    y, x = np.mgrid[:64, :64] - 31.5
    images = np.stack([np.exp(-np.hypot(x, y) / size) for size in (4, 4.3, 5, 6)])[:, None]
    assert find_copies(images, np.arange(4), np.arange(4)).empty


def test_errors_say_what_is_allowed() -> None:
    with pytest.raises(ArgumentError, match=r"shape \(image, band, y, x\), but got \(3, 64, 64\)"):
        find_copies(np.ones((3, 64, 64)), [0], [1])
    with pytest.raises(ArgumentError, match="row numbers from 0 to 1, but got 2"):
        find_copies(np.ones((2, 1, 64, 64)), [0], [2])
    with pytest.raises(ArgumentError, match="`block_a` to be at least 1, but got 0"):
        CopySearch(block_a=0)
