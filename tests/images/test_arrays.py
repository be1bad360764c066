"""NumPy arrays: c45, c46, c52 to c55 and d59 to d63 of the list of bad inputs, and stacks."""

from __future__ import annotations

import io
import os
import pickle
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from toomre.errors import ArgumentError, CorruptFileError, MissingFileError
from toomre.images.arrays import open_stack, stack_cutout, stack_shape
from toomre.images.cutout import Cutout
from toomre.images.flags import Flag, Status
from toomre.images.reading import read_cutout

CUBE = np.random.default_rng(5).normal(size=(3, 40, 50)).astype(np.float32)


def npy(array: np.ndarray, **options: object) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, **options)
    return stream.getvalue()


def header(text: str, data: bytes = bytes(1000)) -> bytes:
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode() + data


def described(shape: str, dtype: str = "'<f4'") -> bytes:
    return header(f"{{'descr': {dtype}, 'fortran_order': False, 'shape': {shape}}}\n")


def read(folder: Path, content: bytes, name: str = "a.npy", **options: object) -> Cutout:
    (folder / name).write_bytes(content)
    return read_cutout(folder / name, **options)


def assert_bad(cutout: Cutout, flag: Flag, word: str = "") -> None:
    assert cutout.status is Status.BAD
    assert cutout.pixels is None
    assert cutout.flags == flag, cutout.reason
    assert word in cutout.reason


def assert_pixels(cutout: Cutout, expected: np.ndarray, encoding: str = "linear") -> None:
    assert cutout.status is Status.OK, cutout.reason
    assert cutout.encoding == encoding
    assert cutout.pixels.dtype == np.float32
    assert cutout.pixels.dtype.isnative
    assert cutout.pixels.flags.c_contiguous
    np.testing.assert_array_equal(cutout.pixels, expected)


@pytest.mark.parametrize("shape", [(74, 75), (76, 76), (8, 10_000), (2, 9, 33)])
def test_c45_odd_shapes_stay_as_they_are(tmp_path: Path, shape: tuple[int, ...]) -> None:
    cutout = read(tmp_path, npy(np.ones(shape, np.float32)))
    assert_pixels(cutout, np.ones((1, *shape) if len(shape) == 2 else shape))


@pytest.mark.parametrize("shape", [(1, 1), (7, 75), (75, 7), (1, 10_000), (3, 7, 75), (0, 75)])
def test_c45_less_than_eight_pixels(tmp_path: Path, shape: tuple[int, ...]) -> None:
    assert_bad(read(tmp_path, npy(np.ones(shape, np.float32))), Flag.SIZE)


def test_c46_band_last_where_it_is_certain(tmp_path: Path) -> None:
    assert_pixels(read(tmp_path, npy(CUBE.transpose(1, 2, 0))), CUBE)
    assert_pixels(read(tmp_path, npy(CUBE)), CUBE)


@pytest.mark.parametrize("shape", [(3, 3, 3), (9, 40, 3), (16, 16, 4)])
def test_c46_ambiguous_order(tmp_path: Path, shape: tuple[int, ...]) -> None:
    assert_bad(read(tmp_path, npy(np.ones(shape))), Flag.SHAPE, str(shape))


@pytest.mark.parametrize("shape", [(75,), (), (2, 3, 40, 50)])
def test_c46_other_axes(tmp_path: Path, shape: tuple[int, ...]) -> None:
    assert_bad(read(tmp_path, npy(np.ones(shape))), Flag.SHAPE, "(band, y, x)")


def test_c52_big_endian(tmp_path: Path) -> None:
    assert_pixels(read(tmp_path, npy(CUBE.astype(">f4"))), CUBE)
    assert_pixels(read(tmp_path, npy(CUBE.astype(">f8"))), CUBE)


def test_c53_fortran_order_and_strides(tmp_path: Path) -> None:
    assert_pixels(read(tmp_path, npy(np.asfortranarray(CUBE))), CUBE)
    assert_pixels(read(tmp_path, npy(CUBE[:, ::-1, ::2])), CUBE[:, ::-1, ::2])


@pytest.mark.parametrize("dtype", ["i1", "u1", "?", "f2", "f4", "f8", "g", "u2", "i4", "u8", ">i8"])
def test_c54_real_types(tmp_path: Path, dtype: str) -> None:
    array = (np.abs(CUBE) * 20).astype(dtype)
    encoding = "display" if dtype == "u1" else "linear"
    assert_pixels(read(tmp_path, npy(array)), array.astype(np.float32), encoding)


@pytest.mark.parametrize("dtype", ["c8", "U4", "S4", "M8[s]", "m8[s]", [("flux", "f4")], "V4"])
def test_c55_other_types(tmp_path: Path, dtype: object) -> None:
    assert_bad(read(tmp_path, npy(np.zeros((40, 50), dtype))), Flag.DTYPE, "real numbers")


class Canary:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"touch '{self.path}'",)


def test_d59_object_array_with_code(tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    array = np.array([[Canary(canary)] * 40] * 50, dtype=object)
    assert_bad(read(tmp_path, npy(array, allow_pickle=True)), Flag.DTYPE, "object")
    assert not canary.exists()


def test_d60_raw_pickle(tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        content = pickle.dumps(Canary(canary), protocol)
        assert_bad(read(tmp_path, content), Flag.NOT_AN_IMAGE)
    assert not canary.exists()


@pytest.mark.parametrize(
    "shape", ["(1000000, 1000000)", "(3, 10000, 100000)", "(17, 75, 75)", "(16, 4096, 4096)"]
)
def test_d61_huge_shape(tmp_path: Path, shape: str) -> None:
    tracemalloc.start()
    cutout = read(tmp_path, described(shape))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert_bad(cutout, Flag.SIZE)
    assert peak < 1_000_000


def test_d62_huge_header(tmp_path: Path) -> None:
    content = b"\x93NUMPY\x02\x00" + (2**32 - 1).to_bytes(4, "little") + bytes(100)
    assert_bad(read(tmp_path, content), Flag.HEADER, "4294967295 bytes")
    assert_bad(read(tmp_path, header("(" * 60_000)), Flag.HEADER)


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('touch canary')",
        "{'descr': __import__('os'), 'fortran_order': False, 'shape': (8, 8)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-8, -8)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (8.5, 8)}",
        "{'descr': '<f4', 'fortran_order': 3, 'shape': (8, 8)}",
        "{'descr': 'nonsense', 'fortran_order': False, 'shape': (8, 8)}",
        "{'descr': '<f4'}",
        "((((",
        "\x00\xff",
    ],
)
def test_d63_header_with_code_or_rubbish(tmp_path: Path, text: str) -> None:
    assert_bad(read(tmp_path, header(text)), Flag.HEADER)
    assert not (tmp_path / "canary").exists()


def test_truncated_array(tmp_path: Path) -> None:
    content = npy(CUBE)
    assert_bad(read(tmp_path, content[:-1]), Flag.TRUNCATED, "1 bytes")
    assert_bad(read(tmp_path, content[:60]), Flag.TRUNCATED, "header")
    assert_bad(read(tmp_path, content[:9]), Flag.TRUNCATED, "header")


def test_c47_count_of_bands(tmp_path: Path) -> None:
    cutout = read(tmp_path, npy(CUBE[:2]), bands=("g", "r", "i"))
    assert_bad(cutout, Flag.BANDS, "2 unnamed bands; expected 3 (g, r, i)")
    assert read(tmp_path, npy(CUBE), bands=("g", "r", "i")).bands == ("g", "r", "i")


@pytest.mark.parametrize("dtype", ["f4", ">f8", "u1"])
def test_stack_is_a_read_only_map(tmp_path: Path, dtype: str) -> None:
    stack = (np.abs(np.random.default_rng(6).normal(size=(20, 3, 30, 35))) * 50).astype(dtype)
    layouts = {"first": stack, "last": np.moveaxis(stack, 1, -1), "none": stack[:, 0]}
    for name, array in layouts.items():
        path = tmp_path / f"{name}.npy"
        np.save(path, array)
        opened = open_stack(path)
        assert isinstance(opened, np.memmap)
        assert stack_shape(path) == array.shape
        assert not opened.flags.writeable
        expected = stack[:, :1] if name == "none" else stack
        assert opened.shape == expected.shape
        cutout = stack_cutout(opened, 7)
        encoding = "display" if dtype == "u1" else "linear"
        assert_pixels(cutout, expected[7].astype(np.float32), encoding)
        assert type(cutout.pixels) is np.ndarray


def test_stack_in_an_archive(tmp_path: Path) -> None:
    stack = np.ones((20, 3, 30, 35), np.float32)
    np.savez_compressed(tmp_path / "a.npz", images=stack, labels=np.zeros(20), names=["a"] * 20)
    opened = open_stack(tmp_path / "a.npz")
    np.testing.assert_array_equal(opened, stack)
    assert not opened.flags.writeable
    np.savez(tmp_path / "b.npz", a=stack, b=stack)
    with pytest.raises(ArgumentError, match=r"2 stacks of images \(a.npy, b.npy\); expected one"):
        open_stack(tmp_path / "b.npz")


def test_stack_is_opened_without_reading_it(tmp_path: Path) -> None:
    path = tmp_path / "large.npy"
    head = described("(100000, 3, 75, 75)")[:-1000]
    with path.open("wb") as file:
        file.write(head)
        file.truncate(len(head) + 100_000 * 3 * 75 * 75 * 4)  # 6.7 GB, sparse
    start = time.process_time()
    assert stack_cutout(open_stack(path), 99_999).pixels.shape == (3, 75, 75)
    assert time.process_time() - start < 1


@pytest.mark.parametrize(
    ("content", "error", "text"),
    [
        (npy(np.zeros((40, 50))), ArgumentError, r"shape is \(40, 50\); expected \(image, band"),
        (npy(np.zeros((5, 3, 3, 3))), ArgumentError, r"may be \(band, y, x\)"),
        (npy(np.zeros((5, 40, 50), complex)), ArgumentError, "complex128; expected real"),
        (npy(np.zeros((5, 40, 5))), ArgumentError, "shortest side must be 8"),
        (npy(np.zeros((0, 3, 40, 50))), ArgumentError, "shape is"),
        (npy(np.zeros((5, 40, 50)))[:-9], CorruptFileError, "data end before"),
        (described("(5, 100000, 100000)"), ArgumentError, "at most"),
        (b"not an array", CorruptFileError, "no NumPy array"),
        (b"PK\x03\x04 rubbish", CorruptFileError, "table of contents"),
        (b"", CorruptFileError, "header"),
    ],
)
def test_stack_that_cannot_be_opened(
    tmp_path: Path, content: bytes, error: type[Exception], text: str
) -> None:
    path = tmp_path / "a.npy"
    path.write_bytes(content)
    with pytest.raises(error, match=text):
        open_stack(path)


def test_stack_that_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match=r"'a.npy' is not there"):
        open_stack(tmp_path / "a.npy")
    with pytest.raises(CorruptFileError, match="is a folder"):
        open_stack(tmp_path)
    with pytest.raises(ArgumentError, match="a place in a stack of 2"):
        stack_cutout(np.zeros((2, 1, 9, 9)), 2)
