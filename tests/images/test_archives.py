"""Archives of arrays: d64 of the list of bad inputs."""

from __future__ import annotations

import io
import time
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest

from toomre.images.cutout import Cutout
from toomre.images.flags import Flag, Status
from toomre.images.reading import read_cutout

PLANE = np.random.default_rng(7).normal(size=(40, 50)).astype(np.float32)


def npy(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def archive(members: dict[str, bytes], packing: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", packing) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return stream.getvalue()


def read(folder: Path, content: bytes, **options: object) -> Cutout:
    (folder / "a.npz").write_bytes(content)
    tracemalloc.start()
    start = time.process_time()
    cutout = read_cutout(folder / "a.npz", **options)
    assert time.process_time() - start < 1
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()
    return cutout


def assert_bad(cutout: Cutout, flag: Flag, word: str = "") -> None:
    assert cutout.status is Status.BAD
    assert cutout.flags == flag, cutout.reason
    assert word in cutout.reason


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_one_array_or_named_bands(tmp_path: Path, save: object) -> None:
    path = tmp_path / "a.npz"
    save(path, PLANE)
    np.testing.assert_array_equal(read_cutout(path).pixels, PLANE[None])
    save(path, g=PLANE, r=PLANE + 1, mask=PLANE[:9])
    cutout = read_cutout(path, bands=("r", "g"))
    np.testing.assert_array_equal(cutout.pixels, [PLANE + 1, PLANE])
    assert cutout.bands == ("r", "g")
    assert_bad(read_cutout(path), Flag.AMBIGUOUS_HDU, "3 arrays (g, r, mask)")
    assert_bad(read_cutout(path, bands=("r", "i")), Flag.BANDS, "(g, r, mask); expected 2 (r, i)")
    assert_bad(read_cutout(path, bands=("r", "mask")), Flag.SHAPE, "(40, 50), (9, 50)")
    save(path, np.stack([PLANE] * 2))
    assert_bad(read_cutout(path, bands=("r",)), Flag.BANDS, "2 unnamed bands; expected 1 (r)")


def test_d64_bomb(tmp_path: Path) -> None:
    content = archive({"a.npy": npy(np.zeros((5000, 10_000), np.float32))})
    assert len(content) < 250_000
    assert_bad(read(tmp_path, content), Flag.SIZE)


def test_d64_bomb_that_lies_about_its_size(tmp_path: Path) -> None:
    content = archive({"a.npy": npy(PLANE) + bytes(200_000_000)})
    size, lie = 200_000_000 + len(npy(PLANE)), len(npy(PLANE))
    lying = content.replace(size.to_bytes(4, "little"), lie.to_bytes(4, "little"))
    assert lying != content
    assert read(tmp_path, lying).flags & (Flag.SIZE | Flag.CORRUPT)
    assert_bad(read(tmp_path, content), Flag.SIZE, "contradict")


@pytest.mark.parametrize(
    "name", ["../x.npy", "/x.npy", "a/x.npy", "..\\x.npy", "C:x.npy", "a.npy/"]
)
def test_d64_member_names_that_are_paths(tmp_path: Path, name: str) -> None:
    before = set(tmp_path.parent.iterdir())
    assert_bad(read(tmp_path, archive({name: npy(PLANE)})), Flag.NOT_AN_IMAGE, "member")
    assert set(tmp_path.parent.iterdir()) == before


def test_d64_many_members(tmp_path: Path) -> None:
    content = archive({f"a{i}.npy": b"" for i in range(10_000)}, zipfile.ZIP_STORED)
    assert_bad(read(tmp_path, content), Flag.SIZE, "64 members")


def test_d64_nested_archive(tmp_path: Path) -> None:
    inner = archive({"a.npy": npy(PLANE)})
    assert_bad(read(tmp_path, archive({"a.zip": inner})), Flag.NOT_AN_IMAGE, "'a.zip'")
    assert_bad(read(tmp_path, archive({"a.npy": inner})), Flag.NOT_AN_IMAGE, "no NumPy array")


def test_other_archives(tmp_path: Path) -> None:
    assert_bad(read(tmp_path, archive({})), Flag.NO_IMAGE)
    word = archive({"[Content_Types].xml": b"<xml/>"})
    assert_bad(read(tmp_path, word), Flag.NOT_AN_IMAGE, "Content_Types")
    packed = archive({"a.npy": npy(PLANE)}, zipfile.ZIP_LZMA)
    assert_bad(read(tmp_path, packed), Flag.CORRUPT, "packed oddly")
    assert_bad(read(tmp_path, archive({"a.npy": npy(PLANE)[:-1]})), Flag.TRUNCATED, "1 bytes")
    objects = io.BytesIO()
    np.save(objects, np.array([{}] * 9), allow_pickle=True)
    assert_bad(read(tmp_path, archive({"a.npy": objects.getvalue()})), Flag.DTYPE, "object")


def test_flipped_byte_is_noticed(tmp_path: Path) -> None:
    for packing in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        content = bytearray(archive({"a.npy": npy(PLANE)}, packing))
        content[len(content) // 2] ^= 1
        assert_bad(read(tmp_path, bytes(content)), Flag.CORRUPT)
