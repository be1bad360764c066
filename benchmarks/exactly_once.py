"""Kill a classification again and again, and compare with one that was left alone.

    python benchmarks/exactly_once.py --count 100000 > docs/results/exactly-once.md

Cutouts of an invented sky, from a packed ``.npy`` file and from mosaics, and a small network of
random weights. Of each: an undisturbed run; a run whose parent is killed (SIGKILL) and started
again, whose workers are killed, and whose disk is full once; and a run after the end. Prints a log
as Markdown, and ends with code 1 if an input is missing or twice, or a byte differs.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from astropy.io import fits
from astropy.wcs import WCS

from toomre.build import build_network
from toomre.images.grid import Grid
from toomre.inference.catalog_reading import read_catalog
from toomre.inference.manifest import MANIFEST, read_manifest, work_folder
from toomre.networks.card import Architecture, InputCard, ModelCard, TrainingCard
from toomre.training.checkpoint import write_weights

BANDS, SCALE, STAMP, SIZE = ("g", "r", "i"), 0.4, 25, 17
KILLS, HOURS = 10, 10
#: Bytes that no file may exceed, which is what a full disk is to a shard, and to the last steps.
LESS_THAN_A_SHARD, LESS_THAN_ALL = 20_000, 200_000
RUN = """
import json, resource, sys
from toomre.jobs.classify import ClassifyOptions, classify
from toomre.mosaics.options import StampOptions
from toomre.mosaics.patterns import MosaicSource
if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    if given.get("most"):
        resource.setrlimit(resource.RLIMIT_FSIZE, (given["most"], given["most"]))
    source, stated = given["source"], {"bands": ("g", "r", "i"), "pixel_scale": 0.4}
    if isinstance(source, dict):
        source, stated = MosaicSource(source, StampOptions(size_arcsec=6.8)), {}
    options = ClassifyOptions(**stated, workers=given["workers"])
    done = classify(source, given["model"], given["out"], given["catalog"], options=options)
    print(json.dumps(done.classified))
"""


def make_model(folder: Path) -> Path:
    """Write DeepMerge II with random weights."""
    torch.manual_seed(1)
    plan = Architecture(backbone="deepmerge2", head="deepmerge2")
    network = build_network(plan, bands=len(BANDS), size=SIZE)
    folder.mkdir()
    zeros = dict.fromkeys(("dataset_sha256", "split_sha256", "recipe_sha256"), "0" * 64)
    card = ModelCard(
        name="random",
        architecture=plan,
        input=InputCard(
            bands=BANDS,
            encoding="linear",
            grid=Grid(size=SIZE, crop=SIZE, native_pixel_scale=SCALE),
            mean=(0.0,) * 3,
            std=(1.0,) * 3,
        ),
        class_prior=0.5,
        weights_sha256=write_weights(folder / "model.safetensors", network.state_dict()),
        training=TrainingCard(
            **zeros,
            **dict.fromkeys(("images", "mergers", "seed", "epoch"), 0),
            **dict.fromkeys(("data", "toomre_version", "torch_version", "created"), ""),
        ),
    )
    card.write(folder / "model.json")
    return folder


def draw(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Draw noise with a blob in the middle of the last two axes."""
    y, x = np.mgrid[: shape[-2], : shape[-1]] - (shape[-1] - 1) / 2
    blob = 20 * np.exp(-(x**2 + y**2) / rng.uniform(4, 16))
    return (rng.normal(0, 1, shape) + blob).astype(np.float32)


def make_stack(folder: Path, count: int) -> dict[str, Any]:
    """Write cutouts to a packed file."""
    rng = np.random.default_rng(3)
    shape = (count, len(BANDS), STAMP, STAMP)
    stack = np.lib.format.open_memmap(folder / "stack.npy", "w+", "<f4", shape)
    for image in stack:
        image[...] = draw(image.shape, rng)
    stack.flush()
    return {"source": str(folder / "stack.npy"), "catalog": None}


def make_mosaics(folder: Path, count: int) -> dict[str, Any]:
    """Write an image a band, and a table of positions in no order."""
    rng = np.random.default_rng(4)
    across = int(np.ceil(np.sqrt(count)))
    side = across * STAMP
    wcs = WCS(naxis=2)
    wcs.wcs.ctype, wcs.wcs.crval = ["RA---TAN", "DEC--TAN"], [150.0, 2.0]
    wcs.wcs.crpix, wcs.wcs.cdelt = [side / 2, side / 2], [-SCALE / 3600, SCALE / 3600]
    files = {}
    for band in BANDS:
        image = np.empty((side, side), np.float32)
        for start in range(0, side, STAMP):
            strip = draw((across, STAMP, STAMP), rng)
            image[start : start + STAMP] = strip.transpose(1, 0, 2).reshape(STAMP, side)
        files[band] = str(folder / f"sky_{band}.fits")
        fits.writeto(files[band], image, wcs.to_header())
    number = rng.permutation(count)
    x, y = (part * STAMP + (STAMP - 1) / 2 for part in (number % across, number // across))
    ra, dec = wcs.all_pix2world(x, y, 0)
    table = pd.DataFrame({"image_id": [f"g{n}" for n in number], "ra": ra, "dec": dec})
    table.to_parquet(folder / "table.parquet", index=False)
    return {"source": files, "catalog": str(folder / "table.parquet")}


class Run:
    """One start of the command in a process of its own."""

    def __init__(self, given: dict[str, Any]) -> None:
        script = Path(given["folder"]) / "run.py"
        script.write_text(RUN)
        self.out = Path(given["out"])
        self.peak = 0.0
        self.begun = time.time()
        self.process = subprocess.Popen(
            [sys.executable, str(script), json.dumps(given)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )

    def wait(self, until: Callable[[], bool] = lambda: False) -> bool:
        """Wait until something is so, and watch the memory; false if the process ends first."""
        limit = time.monotonic() + 3600 * HOURS
        while self.process.poll() is None and time.monotonic() < limit:
            if until():
                return True
            peaks = [_peak(pid) for pid in (self.process.pid, *workers_of(self.process.pid))]
            self.peak = max([self.peak, *peaks])
            time.sleep(0.05)
        return False

    def wait_for_work(self, chance: random.Random) -> bool:
        """Wait until shards are at work, and then for a while."""
        journals = work_folder(self.out) / "journals"

        def is_at_work() -> bool:
            return any(_changed(path) > self.begun for path in journals.glob("*"))

        if not self.wait(is_at_work):
            return False
        stop = time.monotonic() + chance.uniform(0, 3)
        return self.wait(lambda: time.monotonic() > stop)

    def result(self) -> int:
        """Return how many images this start has classified."""
        self.wait()
        output, errors = self.process.communicate()
        if self.process.returncode:
            raise SystemExit(errors)
        return int(json.loads(output))


def workers_of(parent: int) -> list[int]:
    """Return the processes that do shards."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            is_child = int(path.read_text().rpartition(")")[2].split()[1]) == parent
            if is_child and b"spawn_main" in (path.parent / "cmdline").read_bytes():
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:  # the shard is done
        return 0.0


def _peak(pid: int) -> float:
    """Return the largest memory that a process has had [MB]."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line[:6] == "VmHWM:"), 0.0)


def disturbed(given: dict[str, Any], kills: int, chance: random.Random) -> dict[str, int]:
    """Kill parents and workers, fill the disk once, and go on to the end."""
    done = {"parent": 0, "worker": 0, "full disk": _fill({**given, "most": LESS_THAN_A_SHARD})}
    run = Run(given)
    plan = ["parent"] * kills + ["worker"] * kills
    chance.shuffle(plan)
    for wanted in plan:
        if not run.wait_for_work(chance):
            if not run.process.returncode:
                break
            run = Run(given)  # too many of its workers were killed before they could begin
            continue
        workers = workers_of(run.process.pid)
        victim = wanted if workers else "parent"
        os.kill(chance.choice(workers) if victim == "worker" else run.process.pid, signal.SIGKILL)
        done[victim] += 1
        if victim == "parent":
            run.process.communicate()
            run = Run(given)
    run.process.kill()
    run.process.communicate()
    done["full disk"] += _fill({**given, "most": LESS_THAN_ALL})
    Run(given).result()
    return done


def _fill(given: dict[str, Any]) -> int:
    """Let a run meet a full disk; return how often it did, and said so."""
    run = Run(given)
    run.wait()
    errors = run.process.communicate()[1]
    return int("OutputError" in errors and "what is done is kept" in errors)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def examine(kind: str, given: dict[str, Any], count: int, kills: int) -> bool:
    """Do all of it for one kind of input, and print the log."""
    folder = Path(given["folder"])
    begin = time.monotonic()
    alone = {**given, "out": str(folder / "alone" / "o.parquet")}
    whole = Run(alone)
    classified, seconds = whole.result(), time.monotonic() - begin
    begin = time.monotonic()
    given = {**given, "out": str(folder / "killed" / "o.parquet")}
    done = disturbed(given, kills, random.Random(kind))
    spent = time.monotonic() - begin
    again = Run(given).result()
    paths = Path(alone["out"]), Path(given["out"])
    ids = [read_catalog(path)["image_id"].tolist() for path in paths]
    manifest = (read_manifest(paths[1]) or {})[MANIFEST]
    checks = {
        "rows": len(ids[1]) == count == classified,
        "ids equal as sets": set(ids[0]) == set(ids[1]),
        "no id twice": len(set(ids[1])) == count,
        "bytes equal": _sha256(paths[0]) == _sha256(paths[1]),
        "a finished job classifies nothing": again == 0,
        "a full disk was met": done["full disk"] >= 1,
        "nothing is left over": {p.name for p in paths[1].parent.iterdir()}
        == {paths[1].name, f"{paths[1].name}.json"},
    }
    print(f"\n## {kind}: {count} cutouts, {given['workers']} workers\n")
    print(f"- undisturbed: {seconds:.0f} s, peak {whole.peak:.0f} MB in one process")
    print(f"- killed: parent {done['parent']} times, workers {done['worker']} times")
    print(f"- disk full {done['full disk']} times; all of it {spent:.0f} s")
    print(f"- starts {manifest['starts']}, SHA-256 {_sha256(paths[1])}\n")
    print("| check | holds |\n|---|---|")
    for name, holds in checks.items():
        print(f"| {name} | {'yes' if holds else '**NO**'} |")
    return all(checks.values())


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--kills", type=int, default=KILLS)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only", choices=("kills", "memory"), help="one of the two parts")
    parser.add_argument("--kinds", default="Packed file,Mosaics", help="of input")
    parser.add_argument("--folder", type=Path, default=None, help="of the temporary files")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(dir=given.folder))
    passed = True
    peaks = {}
    try:
        model = str(make_model(folder / "model"))
        print("# Exactly once: the log of `benchmarks/exactly_once.py`")
        makers = {"Packed file": make_stack, "Mosaics": make_mosaics}
        for kind in given.kinds.split(","):
            make = makers[kind]
            for count in (min(1000, given.count), given.count):
                place = folder / f"{kind[0]}{count}"
                place.mkdir()
                run = {**make(place, count), "model": model, "folder": str(place)}
                run |= {"workers": given.workers}
                if count < given.count:
                    small = Run({**run, "out": str(place / "o.parquet"), "workers": 1})
                    small.result()
                    peaks[kind, count] = small.peak
                else:
                    if given.only != "memory":
                        passed &= examine(kind, run, count, given.kills)
                    if given.only == "kills":
                        break
                    large = Run({**run, "out": str(place / "memory.parquet"), "workers": 1})
                    large.result()
                    peaks[kind, count] = large.peak
                shutil.rmtree(place)
        print("\n## Memory: one process, peak of the resident set\n\n| input | cutouts | MB |")
        print("|---|---|---|")
        for (kind, count), peak in peaks.items():
            print(f"| {kind} | {count} | {peak:.0f} |")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if not passed:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
