"""Run every benchmark: each prints ratios taken in one run, beside the floor to hold."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def main() -> None:
    folder = Path(__file__).parent
    # One thread, so that ratios are steady on a shared machine.
    threads = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    for path in sorted(folder.glob("bench_*.py")):
        print(f"# {path.name}", flush=True)
        subprocess.run([sys.executable, str(path)], env={**os.environ, **threads}, check=True)


if __name__ == "__main__":
    main()
