from __future__ import annotations

import subprocess
import sys

import numpy as np

from toomre.mocks.compiling import compiled


@compiled
def inverse(x: float) -> float:
    return 1 / x


def test_dividing_by_zero_gives_infinity():
    assert inverse(4.0) == 0.25
    assert inverse(0.0) == np.inf


def test_the_command_line_does_not_wait_for_the_compiler():
    code = "import sys, toomre.cli; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
