from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from toomre.errors import ArgumentError
from toomre.jobs.parallel import in_parallel


def work(task: int, report) -> tuple[int, int, int]:
    import torch

    for part in (0.25, 0.5):
        report(part)
        time.sleep(0.01)
    if task == 13:
        raise ArgumentError("thirteen")
    return task, os.getpid(), torch.get_num_threads()


@pytest.mark.parametrize("workers", [1, 2])
def test_every_task_once_and_the_progress_only_grows(workers):
    seen = []
    found = list(in_parallel(work, [3, 1, 2], workers, lambda parts: seen.append(sum(parts))))
    assert sorted(task for task, _, _ in found) == [1, 2, 3]
    here = {process == os.getpid() for _, process, _ in found}
    assert here == {workers == 1}
    if workers > 1:
        assert {threads for _, _, threads in found} == {1}
    assert seen == sorted(seen)
    assert seen[-1] <= 3


@pytest.mark.parametrize("workers", [1, 2])
def test_the_first_error_is_raised(workers):
    with pytest.raises(ArgumentError, match="thirteen"):
        list(in_parallel(work, [13, 1, 2], workers, lambda parts: None))


def sleep(folder: Path, report) -> None:
    (folder / str(os.getpid())).touch()
    time.sleep(600)


def is_running(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().split()[2] != "Z"
    except OSError:
        return False


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks at /proc")
def test_workers_end_with_a_parent_that_is_killed(tmp_path):
    code = f"""
import sys
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).parent)!r})
from test_parallel import sleep
from toomre.jobs.parallel import in_parallel
if __name__ == "__main__":
    list(in_parallel(sleep, [Path({str(tmp_path)!r})] * 2, 2, lambda parts: None))
"""
    script = tmp_path / "script.py"
    script.write_text(code)
    parent = subprocess.Popen([sys.executable, script])
    workers: list[int] = []
    for _ in range(600):
        workers = [int(path.name) for path in tmp_path.iterdir() if path.name.isdigit()]
        if len(workers) == 2:
            break
        time.sleep(0.1)
    parent.kill()
    parent.wait()
    assert len(workers) == 2
    for _ in range(100):
        if not any(map(is_running, workers)):
            return
        time.sleep(0.1)
    pytest.fail("the workers go on without their parent")


def test_nothing_to_do():
    assert list(in_parallel(work, [], 4, lambda parts: None)) == []
