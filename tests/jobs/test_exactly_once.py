"""Every input once, whatever is killed and when: the same bytes as of a run left alone."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from astropy.io import fits
from tests.mosaics.conftest import header_of, make_wcs, table_of
from typer.testing import CliRunner

from toomre.cli.classify import classify as command
from toomre.images.flags import Flag
from toomre.inference.catalog_reading import read_catalog
from toomre.inference.manifest import sidecar_of, work_folder
from toomre.inference.rows import FileRows
from toomre.jobs.classify import ClassifyOptions, classify
from toomre.storage import read_json

STATED = {"bands": ("g", "r", "i"), "pixel_scale": 0.4}
ROWS, KILLS = 5000, 10
#: Bytes that no file may exceed, which is what a full disk is to a shard, and to the last steps.
LESS_THAN_A_SHARD, LESS_THAN_ALL = 20_000, 100_000
SCRIPT = """
import json, resource, sys
from toomre.jobs.classify import ClassifyOptions, classify
from toomre.mosaics.patterns import MosaicSource
if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    if "most" in given:
        resource.setrlimit(resource.RLIMIT_FSIZE, (given["most"], given["most"]))
    source = given["source"]
    source = MosaicSource(source) if isinstance(source, dict) else source
    options = ClassifyOptions(**given["stated"], workers=given.get("workers", 2))
    done = classify(source, given["model"], given["out"], given.get("catalog"), options=options)
    print(done.classified)
"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at /proc"),
]


@pytest.fixture
def model(make_model):
    return make_model(grid={"size": 17, "crop": 17, "native_pixel_scale": 0.4})


def workers_of(parent: int) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            is_child = int(path.read_text().rpartition(")")[2].split()[1]) == parent
            if is_child and b"spawn_main" in (path.parent / "cmdline").read_bytes():
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


def wait_for_work(process: subprocess.Popen[bytes], out: Path, begun: float) -> bool:
    """Wait until a shard is at work; false if the process ends first."""
    journals = work_folder(out) / "journals"
    while process.poll() is None:
        for path in journals.glob("*"):
            with suppress(OSError):  # the shard is done
                if path.stat().st_mtime > begun:
                    return True
        time.sleep(0.02)
    return False


def packed(folder: Path, images: np.ndarray, rng: np.random.Generator) -> dict[str, Any]:
    """Write the images to one file."""
    np.save(folder / "stack.npy", images + rng.normal(0, 1, (ROWS, 1, 1, 1)))
    return {"source": str(folder / "stack.npy"), "stated": STATED}


def mosaics(folder: Path, images: np.ndarray, rng: np.random.Generator) -> dict[str, Any]:
    """Write the images side by side on the sky, and a table of them in no order."""
    across, size = 50, images.shape[-1]
    wcs = make_wcs(shape=(ROWS // across * size, across * size), turn=0.0)
    files = {}
    for plane, band in enumerate("gri"):
        files[band] = str(folder / f"{band}.fits")
        image = images[:, plane].reshape(-1, across, size, size).swapaxes(1, 2)
        fits.writeto(files[band], image.reshape(-1, across * size), header_of(wcs))
    number = rng.permutation(ROWS)
    place = (np.array([number % across, number // across]) + 0.5) * size - 0.5
    table = table_of(*wcs.all_pix2world(*place, 0)).assign(image_id=[str(n) for n in number])
    table.to_csv(folder / "t.csv", index=False)
    return {"source": files, "catalog": str(folder / "t.csv"), "stated": {}}


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("make", [packed, mosaics])
def test_kills_and_full_disks_at_any_moment_leave_the_same_bytes(
    galaxies, rng, model, tmp_path, make
):
    images = np.tile(galaxies(50, 21, rng).astype(np.float32), (ROWS // 50, 1, 1, 1))
    given = {**make(tmp_path, images, rng), "model": str(model)}
    (tmp_path / "run.py").write_text(SCRIPT)
    whole, out = tmp_path / "whole" / "o.parquet", tmp_path / "o.parquet"
    chance = random.Random(5)
    killed = {"parent": 0, "worker": 0}

    def start(**more: object) -> subprocess.Popen[bytes]:
        words = json.dumps({**given, "out": str(out), **more})
        command = [sys.executable, str(tmp_path / "run.py"), words]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def meets_a_full_disk(most: int) -> None:
        _, errors = start(most=most).communicate()
        assert b"OutputError" in errors, errors
        assert b"what is done is kept" in errors

    assert json.loads(start(out=str(whole), workers=1).communicate()[0]) == ROWS
    meets_a_full_disk(LESS_THAN_A_SHARD)
    process, begun = start(), time.time()
    for number in range(KILLS):
        if not wait_for_work(process, out, begun):
            break
        time.sleep(chance.uniform(0, 0.5))
        workers = workers_of(process.pid)
        if number % 2 and workers:
            os.kill(chance.choice(workers), signal.SIGKILL)
            killed["worker"] += 1
            continue
        process.kill()
        process.communicate()
        killed["parent"] += 1
        process, begun = start(), time.time()
    process.kill()
    process.communicate()
    assert killed["parent"] >= 2
    assert killed["worker"] >= 2
    if not out.exists():  # the machine is so quick that the kills came too late
        meets_a_full_disk(LESS_THAN_ALL)
    last = start()
    last.communicate()
    assert last.returncode == 0
    ids = read_catalog(out)["image_id"]
    assert ids.tolist() == read_catalog(whole)["image_id"].tolist()
    assert sorted(ids, key=int) == [str(row) for row in range(ROWS)]
    assert out.read_bytes() == whole.read_bytes()
    assert {path.name for path in out.parent.iterdir()} >= {"o.parquet", "o.parquet.json"}
    assert not work_folder(out).exists()
    assert json.loads(start().communicate()[0]) == 0


@pytest.mark.timeout(600)
@pytest.mark.parametrize("workers", [1, 2])
def test_ctrl_c_says_one_line_and_blames_no_input(galaxies, rng, model, tmp_path, workers):
    np.save(tmp_path / "stack.npy", np.tile(galaxies(50, 21, rng), (60, 1, 1, 1)))
    out = tmp_path / "o.parquet"
    words = ["classify", tmp_path / "stack.npy", "--model", model, "--out", out, "--bands", "g,r,i"]
    words = [str(word) for word in (*words, "--pixel-scale", 0.4, "--device", "cpu")]
    program = [sys.executable, "-c", "from toomre.cli import main; main()"]
    process = subprocess.Popen(
        [*program, *words, "--workers", str(workers)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert wait_for_work(process, out, 0.0)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does, to all of them
    printed, errors = process.communicate()
    assert process.returncode == 130
    assert errors.split("\n")[-2:] == ["Stopped; the same command goes on.", ""]
    assert "Traceback" not in errors
    assert "KeyboardInterrupt" not in errors
    assert printed == ""
    assert list((work_folder(out) / "journals").iterdir()) == []
    options = ClassifyOptions(**STATED, device="cpu")
    done = classify(tmp_path / "stack.npy", model, out, options=options)
    assert done.summary["images"] == 3000
    assert read_json(sidecar_of(out))["manifest"]["starts"] == 2


@dataclass(frozen=True, eq=False)
class Poisoned(FileRows):
    """Rows of which one kills the process that reads it."""

    def readings(self, wish, start: int, stop: int) -> Iterator:
        found = super().readings(wish, start, stop)
        for row in range(start, stop):
            if self.items[row][0].image_id == "07.npy":
                os.kill(os.getpid(), signal.SIGKILL)
            yield next(found)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("how", [{"workers": 2}, {"workers": None}, {"isolated": True}])
def test_an_input_that_kills_is_found_in_a_run_of_one_shard(
    galaxies, rng, model, tmp_path, monkeypatch, how
):
    folder = tmp_path / "in"
    folder.mkdir()
    for index, image in enumerate(galaxies(12, 21, rng)):
        np.save(folder / f"{index:02}.npy", image)
    expected = classify(folder, model, options=ClassifyOptions(**STATED)).table
    monkeypatch.setattr("toomre.jobs.classify_inputs.FileRows", Poisoned)
    options = ClassifyOptions(**STATED, device="cpu", **how)
    found = classify(folder, model, tmp_path / "b.parquet", options=options)
    assert found.table["flags"].tolist() == [0] * 7 + [Flag.KILLED_WORKER.value] + [0] * 4
    others = found.table.index != 7
    assert found.table[others].equals(expected[others])


@pytest.mark.timeout(600)
def test_an_input_that_kills_is_found_by_the_command_and_by_a_job_of_slurm(
    galaxies, rng, model, tmp_path, monkeypatch
):
    app = typer.Typer()
    app.command()(command)
    folder, out = tmp_path / "in", tmp_path / "o.parquet"
    folder.mkdir()
    for index, image in enumerate(galaxies(9, 21, rng)):
        np.save(folder / f"{index:02}.npy", image)
    monkeypatch.setattr("toomre.jobs.classify_inputs.FileRows", Poisoned)
    words = [folder, "--model", model, "--out", out, "--workers", 1, "--device", "cpu"]
    words = [str(word) for word in (*words, "--bands", "g,r,i", "--pixel-scale", 0.4)]
    for more, said in ((["--part", "0/1"], "9 images classified"), ([], "killed_worker (bad): 1")):
        done = CliRunner().invoke(app, words + more)
        assert done.exit_code == 0, done.output
        assert said in done.stdout
    assert read_catalog(out)["flags"].tolist() == [0] * 7 + [Flag.KILLED_WORKER.value] + [0]


@pytest.mark.timeout(600)
def test_an_input_that_kills_is_found_and_the_others_are_classified(
    galaxies, rng, model, tmp_path, monkeypatch
):
    for module in ("classify_plan", "classify", "classify_opened"):
        monkeypatch.setattr(f"toomre.jobs.{module}.SHARD_ROWS", 4)
    folder = tmp_path / "in"
    folder.mkdir()
    for index, image in enumerate(galaxies(12, 21, rng)):
        np.save(folder / f"{index:02}.npy", image)
    options = ClassifyOptions(**STATED, workers=2)
    expected = classify(folder, model, tmp_path / "a.parquet", options=options).table
    monkeypatch.setattr("toomre.jobs.classify_inputs.FileRows", Poisoned)
    found = classify(folder, model, tmp_path / "b.parquet", options=options)
    table = found.table
    assert table["flags"].tolist() == [0] * 7 + [Flag.KILLED_WORKER.value] + [0] * 4
    assert table.loc[7, "status"] == "bad"
    assert found.summary["flags"] == {"killed_worker": 1}
    others = table.index != 7
    assert table[others].equals(expected[others])
    manifest = json.loads(sidecar_of(found.path).read_text())["manifest"]
    assert (manifest["worker_deaths"], manifest["workers"]) == (2, 2)
