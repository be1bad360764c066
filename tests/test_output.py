"""E79: outputs are whole or absent, locked, and never replaced by accident."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from toomre.errors import ArgumentError, OutputError, OutputExistsError
from toomre.output import output_folder, output_lock

KNOWN = ("a", "done")


def _make(out: Path, text: str = "new", *, overwrite: bool = False) -> None:
    with output_folder(out, KNOWN, overwrite=overwrite) as folder:
        (folder / "a").write_text(text)
        (folder / "done").write_text(text)


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_new_output_leaves_nothing_beside_it(tmp_path: Path) -> None:
    _make(tmp_path / "x" / "out")
    assert _names(tmp_path / "x") == ["out"]
    assert _names(tmp_path / "x" / "out") == ["a", "done"]


def test_empty_folder_is_taken(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    _make(tmp_path / "out")
    assert _names(tmp_path / "out") == ["a", "done"]


def test_e79_existing_output(tmp_path: Path) -> None:
    out = tmp_path / "out"
    _make(out, "old")
    with pytest.raises(OutputExistsError, match=r"is there already.*--overwrite"):
        _make(out)
    assert (out / "a").read_text() == "old"
    _make(out, overwrite=True)
    assert (out / "a").read_text() == "new"
    assert _names(tmp_path) == ["out"]


@pytest.mark.parametrize("extra", ["thesis.tex", None])
def test_e79_other_folders_are_never_replaced(tmp_path: Path, extra: str | None) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "a").touch()
    if extra:
        (out / "done").touch()
        (out / extra).touch()
    with pytest.raises(OutputExistsError, match=r"something else.*never replaced"):
        _make(out, overwrite=True)
    assert (out / "a").exists()


def test_a_file_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "out").touch()
    with pytest.raises(OutputExistsError, match="there is a file"):
        _make(tmp_path / "out", overwrite=True)
    with pytest.raises(OutputError, match="cannot be written"):
        _make(tmp_path / "out" / "below")


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_e79_failure_leaves_nothing(tmp_path: Path, error: BaseException) -> None:
    out = tmp_path / "out"
    kind = OutputError if isinstance(error, OSError) else KeyboardInterrupt
    with pytest.raises(kind), output_folder(out, KNOWN):
        raise error
    assert _names(tmp_path) == []


def test_e79_failure_keeps_the_old_output(tmp_path: Path) -> None:
    out = tmp_path / "out"
    _make(out, "old")
    with pytest.raises(ArgumentError), output_folder(out, KNOWN, overwrite=True):
        raise ArgumentError("no")
    assert (out / "a").read_text() == "old"
    assert _names(tmp_path) == ["out"]


def test_e79_two_runs_on_one_output(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with output_folder(out, KNOWN):
        with pytest.raises(OutputExistsError, match=rf"process {os.getpid()}\) is writing"):
            _make(out)
        with pytest.raises(OutputExistsError):
            _make(out)  # the refused run did not take the lock away
    with output_lock(tmp_path / "other"), output_lock(out):
        pass


def test_a_half_done_replacement_is_undone(tmp_path: Path) -> None:
    out = tmp_path / "out"
    _make(out, "old")
    out.rename(tmp_path / ".out.previous")  # killed between the two renames
    with pytest.raises(OutputExistsError):
        _make(out)
    assert (out / "a").read_text() == "old"


@pytest.mark.skipif(os.name != "posix", reason="kills a process")
def test_e79_lock_and_rest_of_a_killed_run(tmp_path: Path) -> None:
    out = tmp_path / "out"
    program = (
        "import sys, time; from pathlib import Path\n"
        "from toomre.output import output_folder\n"
        "with output_folder(Path(sys.argv[1]), ('a', 'done')) as folder:\n"
        "    (folder / 'a').touch(); print('ready', flush=True); time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(out)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        with pytest.raises(OutputExistsError, match=rf"process {process.pid}\)"):
            _make(out)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert not out.exists()
    assert _names(tmp_path) == [".out.lock", ".out.unfinished"]
    start = time.monotonic()
    _make(out)
    assert time.monotonic() - start < 5
    assert _names(tmp_path) == ["out"]
    assert _names(out) == ["a", "done"]
