from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import ndimage

from toomre.errors import MissingFileError
from toomre.images.grid import Grid
from toomre.jobs.audit import audit
from toomre.preparation.prepared import PreparedInfo, PreparedSet
from toomre.preparation.split import Split
from toomre.storage import sha256_file, write_json

PARTS = ["train"] * 12 + ["valid"] * 3 + ["test"] * 5


def write_set(
    folder: Path, images: np.ndarray, galaxies: list[str], parts: list[str] | None
) -> Path:
    """Write a prepared folder by hand."""
    folder.mkdir(exist_ok=True)
    np.save(folder / "images.npy", images.astype(np.float32))
    names = [f"i{k:02d}" for k in range(len(images))]
    labels = pd.array([k % 2 for k in range(len(images))], dtype="Int8")
    catalog = pd.DataFrame({"image_id": names, "galaxy_id": galaxies, "label": labels})
    catalog.to_parquet(folder / "catalog.parquet")
    if parts is not None:
        table = pd.DataFrame({"image_id": names, "group": galaxies, "part": parts})
        Split(table).write(folder / "split.csv")
    info = PreparedInfo(
        bands=tuple("gri")[: images.shape[1]],
        encoding="linear",
        grid=Grid(size=images.shape[-1]),
        pixel_scale=None,
        shape=images.shape,
        images_sha256=sha256_file(folder / "images.npy"),
        catalog_sha256=sha256_file(folder / "catalog.parquet"),
        status_counts={"ok": len(images)},
        command="toomre prepare",
        version="0",
        seed=0,
        created="2026-01-01T00:00:00Z",
    )
    write_json(folder / "dataset.json", info.model_dump(mode="json"))
    return folder


@pytest.fixture
def images(rng: np.random.Generator) -> np.ndarray:
    return ndimage.gaussian_filter(rng.normal(size=(20, 2, 64, 64)), (0, 0, 1, 1))


def test_clean_set_passes(tmp_path: Path, images: np.ndarray) -> None:
    report = audit(write_set(tmp_path, images, [f"g{k}" for k in range(20)], PARTS))
    assert report.passed
    assert report.compared
    assert report.pairs == ()
    assert str(report).startswith("No leak found in 20 images.")
    assert len(str(report).splitlines()) <= 10


def test_leaks_of_every_kind_are_reported(tmp_path: Path, images: np.ndarray) -> None:
    images[15] = images[3, :, ::-1]  # test from train, exact
    images[16] = ndimage.rotate(images[12], 40, (1, 2), reshape=False, order=3)  # from valid, near
    images[13] = 2 * images[4] + 1  # valid from train, near
    images[1] = images[0]  # both in train: no leak
    galaxies = [f"g{k}" for k in range(20)]
    galaxies[19] = "g2"
    report = audit(write_set(tmp_path, images, galaxies, PARTS))
    assert not report.passed
    assert (report.shared_groups, report.tables.shared_galaxies) == (1, 1)
    assert report.tables.test.same_galaxy == pytest.approx(1 / 5)
    assert (report.exact_pairs, report.near_pairs, report.leaked_images) == (1, 2, 3)
    facts = [(p.image_a, p.image_b, p.part_a, p.part_b, p.kind) for p in report.pairs]
    assert facts == [
        ("i15", "i03", "test", "train", "exact"),
        ("i16", "i12", "test", "valid", "rotated"),
        ("i13", "i04", "valid", "train", "renoised"),
    ]
    text = str(report)
    assert text.startswith("LEAKS FOUND in 20 images.")
    assert "i15 = i03 (test, train): exact, flipped up-down, similarity 1.000" in text
    assert "20.00 % of 5" in text
    assert json.loads(json.dumps(report.to_dict(), allow_nan=False))["near_pairs"] == 2


def test_tables_alone(tmp_path: Path, images: np.ndarray) -> None:
    images[15] = images[3]
    report = audit(write_set(tmp_path, images, [f"g{k}" for k in range(20)], PARTS), pixels=False)
    assert report.passed
    assert not report.compared
    assert "Pixels were not compared." in str(report)


def test_without_a_split_the_whole_set_is_searched(tmp_path: Path, images: np.ndarray) -> None:
    images[7] = images[2]
    report = audit(write_set(tmp_path, images, [f"g{k}" for k in range(20)], None))
    assert report.tables is None
    assert report.shared_groups is None
    assert [(p.image_a, p.image_b) for p in report.pairs] == [("i02", "i07")]
    assert not report.passed
    assert "No split" in str(report)


def test_bad_images_and_images_of_no_part_are_left_out(tmp_path: Path, images: np.ndarray) -> None:
    images[5] = np.nan
    images[15] = images[6]
    parts = PARTS.copy()
    parts[5] = parts[6] = ""
    report = audit(write_set(tmp_path, images, ["g"] + [f"g{k}" for k in range(1, 20)], parts))
    assert report.passed
    assert report.skipped_images == 1


def test_twenty_pairs_are_listed_and_all_are_counted(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    originals = rng.normal(size=(25, 1, 16, 16))
    images = np.concatenate([originals, originals[..., ::-1]])
    galaxies = [f"g{k}" for k in range(50)]
    report = audit(write_set(tmp_path, images, galaxies, ["train"] * 25 + ["test"] * 25))
    assert report.exact_pairs == 25
    assert len(report.pairs) == 20
    assert str(report).endswith("and 22 more")


def test_opened_set_and_progress(tmp_path: Path, images: np.ndarray) -> None:
    folder = write_set(tmp_path, images, [f"g{k}" for k in range(20)], PARTS)
    calls: list[tuple[int, int]] = []
    audit(PreparedSet.open(folder), progress=lambda done, total: calls.append((done, total)))
    # 5 of test with 15 others, 3 of valid with 12 of train.
    assert calls == [(75, 111), (111, 111)]


def test_no_prepared_set(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match="not a prepared data set"):
        audit(tmp_path)
