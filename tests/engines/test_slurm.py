"""Scripts for slurm: any path and argument, each part once, and a job that closes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from toomre.engines.slurm import write_jobs
from toomre.errors import ArgumentError, MissingPackageError, OutputError

UGLY = "a 'b' $(touch hacked) `touch hacked`; #x\n\\ \"c\" %A ü"

#: As sbatch: runs the tasks of an array one after the other as plain processes.
SBATCH = f"""#!{sys.executable}
import os, subprocess, sys
script = sys.argv[-1]
head = [line for line in open(script, errors="replace") if line.startswith("#SBATCH")]
array = [line for line in head if "--array=0-" in line]
with open(os.environ["SEEN"], "a") as file:
    file.write(" ".join(sys.argv[1:-1]) + "\\n")
if "REFUSE" in os.environ:
    sys.exit("sbatch: error: Invalid partition")
numbers = range(int(array[0].split("-")[-1]) + 1) if array else [None]
for number in numbers:
    more = {{}} if number is None else {{"SLURM_ARRAY_TASK_ID": str(number)}}
    subprocess.run(["bash", script], env={{**os.environ, **more}}, cwd="/")
print("42;cluster")
"""

#: Notes its arguments and its folder, one file a call.
NOTE = """
import os, sys
name = sys.argv[-1].replace("/", "of") if sys.argv[-2] == "--part" else "close"
print("said by", name)
open(os.path.join(sys.argv[1], name), "w").write(repr((sys.argv[2:], os.getcwd())))
"""


@pytest.fixture
def sbatch(tmp_path, monkeypatch):
    """A stand-in on the PATH; gives the file of what it was called with."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "sbatch").write_text(SBATCH)
    (programs / "sbatch").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("SEEN", str(tmp_path / "seen"))
    return tmp_path / "seen"


@pytest.fixture
def ugly(tmp_path, monkeypatch) -> Path:
    folder = tmp_path / UGLY
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def check(folder: Path, notes: Path) -> None:
    found = {path.name: eval(path.read_text()) for path in notes.iterdir()}
    assert set(found) == {"0of3", "1of3", "2of3", "close"}
    assert found["close"] == ([UGLY, "--x"], str(folder))
    assert found["1of3"] == ([UGLY, "--x", "--part", "1/3"], str(folder))
    assert not list(folder.parent.rglob("hacked"))
    assert not Path("/hacked").exists()
    logs = folder / "o.slurm" / "logs"
    assert (logs / "part-2.txt").read_text() == "said by 2of3\n"
    assert (logs / "close.txt").read_text() == "said by close\n"


@pytest.mark.parametrize("typed", [False, True])
def test_parts_and_closing_with_any_path(sbatch, ugly, tmp_path, typed):
    notes = tmp_path / "notes"
    notes.mkdir()
    command = [sys.executable, "-c", NOTE, str(notes), UGLY, "--x"]
    jobs = write_jobs(ugly / "o.slurm", command, 3, cpus=2)
    if typed:
        subprocess.run(["bash", "-c", "\n".join(jobs.lines)], check=True)
    else:
        assert jobs.submit() == ("42", "42")
    check(ugly, notes)
    assert sbatch.read_text() == "--parsable\n" + (
        "--dependency=afterany:42\n" if typed else "--parsable --dependency=afterany:42\n"
    )
    head = [line for line in jobs.parts.read_text().split("\n") if line.startswith("#SBATCH")]
    assert "#SBATCH --cpus-per-task=2" in head
    assert "#SBATCH --array=0-2" in head


def test_a_name_that_is_no_text(tmp_path):
    name = os.fsdecode(b"\xff")
    jobs = write_jobs(tmp_path / "o", ["echo", name], 1)
    assert b"echo '\xff' --part" in jobs.parts.read_bytes()


def test_what_slurm_refuses(sbatch, tmp_path, monkeypatch):
    monkeypatch.setenv("REFUSE", "1")
    jobs = write_jobs(tmp_path / "o", ["true"], 1)
    with pytest.raises(OutputError, match=r"slurm did not take .*parts\.sh: .*Invalid partition"):
        jobs.submit()


def test_no_slurm_here(tmp_path, monkeypatch):
    jobs = write_jobs(tmp_path / "o", ["true"], 1)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingPackageError, match="There is no `sbatch` on this machine. Leave"):
        jobs.submit()


def test_arguments(tmp_path):
    with pytest.raises(ArgumentError, match="Expected `tasks` to be 1 or more, but got 0"):
        write_jobs(tmp_path / "o", ["true"], 0)
    with pytest.raises(ArgumentError, match="Expected `workers` to be 1 or more, but got 0"):
        write_jobs(tmp_path / "o", ["true"], 2, cpus=0)
    assert not (tmp_path / "o").exists()
