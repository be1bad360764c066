"""Array jobs of slurm, of which one fails, and a job that closes: the bytes are the same."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from toomre.errors import OutputExistsError
from toomre.inference.manifest import sidecar_of, work_folder
from toomre.jobs.classify import ClassifyOptions, classify
from toomre.jobs.classify_slurm import classify_on_slurm, jobs_folder
from toomre.storage import read_json

#: As sbatch: does the tasks of an array one after the other, but for the first, which fails.
SBATCH = """#!/bin/sh
script=$(eval echo \\"\\$$#\\")
case $* in
*afterany*) bash "$script" ;;
*) SLURM_ARRAY_TASK_ID=1 bash "$script" ;;
esac
echo 7
"""


def test_the_folder_is_beside_the_catalogue(tmp_path):
    jobs = classify_on_slurm(tmp_path / "o.csv", ["true"], 2)
    assert jobs.parts.parent == jobs_folder(tmp_path / "o.csv") == tmp_path / "o.csv.slurm"
    (tmp_path / "o.csv").touch()
    with pytest.raises(OutputExistsError):
        classify_on_slurm(tmp_path / "o.csv", ["true"], 2)
    classify_on_slurm(tmp_path / "o.csv", ["true"], 2, overwrite=True)


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="needs sh")
def test_a_part_that_failed_is_done_by_the_job_that_closes(
    galaxies, rng, make_model, tmp_path, monkeypatch
):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "sbatch").write_text(SBATCH)
    (tmp_path / "bin" / "sbatch").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    np.save(tmp_path / "stack.npy", galaxies(1100, 17, rng))
    model = make_model(grid={"size": 17, "crop": 17, "native_pixel_scale": 0.4})
    options = ClassifyOptions(bands=("g", "r", "i"), pixel_scale=0.4, device="cpu")
    whole = classify(tmp_path / "stack.npy", model, tmp_path / "whole.parquet", options=options)
    out = tmp_path / "o p" / "o.parquet"
    program = [sys.executable, "-c", "from toomre.cli import main; main()", "classify"]
    words = [str(tmp_path / "stack.npy"), f"--model={model}", f"--out={out}", "--bands=g,r,i"]
    stated = ["--pixel-scale=0.4", "--device=cpu", "--workers=1"]
    jobs = classify_on_slurm(out, [*program, *words, *stated], 2)
    line, closing = jobs.lines
    subprocess.run(["bash", "-c", line], check=True)
    assert len(list(work_folder(out).glob("*.parquet"))) == 1
    assert not out.exists()
    subprocess.run(["bash", "-c", f"job='7;cluster'\n{closing}"], check=False)
    logs = Path(jobs_folder(out)) / "logs"
    assert "Part 1 of 2: 76 images" in (logs / "part-1.txt").read_text()
    assert out.read_bytes() == whole.path.read_bytes(), (logs / "close.txt").read_text()
    assert read_json(sidecar_of(out))["manifest"]["classified_last"] == 1024
