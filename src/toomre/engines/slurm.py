"""Array jobs of a slurm cluster: scripts that do a command in parts and then close it."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess  # nosec B404
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from toomre.errors import ArgumentError, MissingPackageError, OutputError
from toomre.storage import atomic_path

__all__ = ["SlurmJobs", "write_jobs"]

_HEAD = """\
#!/bin/bash
#SBATCH --job-name=toomre
#SBATCH --output=/dev/null
#SBATCH --cpus-per-task={cpus}
{more}\
exec >{log} 2>&1
cd -- {folder} || exit 1
"""


@dataclass(frozen=True)
class SlurmJobs:
    """Two scripts for ``sbatch``.

    Attributes
    ----------
    parts
        Does every n-th part of the work in each task of an array.
    close
        Runs when all of them have ended, does what failed, and closes.
    """

    parts: Path
    close: Path

    @property
    def lines(self) -> tuple[str, str]:
        r"""What to type, with every path quoted.

        Examples
        --------
        >>> print(*SlurmJobs(Path("my out/parts.sh"), Path("my out/close.sh")).lines, sep="\n")
        job=$(sbatch --parsable 'my out/parts.sh')
        sbatch --dependency=afterany:"${job%%;*}" 'my out/close.sh'
        """
        parts, close = (shlex.quote(str(path)) for path in (self.parts, self.close))
        return (
            f"job=$(sbatch --parsable {parts})",
            f'sbatch --dependency=afterany:"${{job%%;*}}" {close}',
        )

    def submit(self) -> tuple[str, str]:
        """Give both to slurm; return the numbers of the jobs.

        Raises
        ------
        MissingPackageError
            If there is no ``sbatch`` here.
        OutputError
            If slurm refuses one; the message is slurm's.
        """
        first = _sbatch(str(self.parts))
        return first, _sbatch(f"--dependency=afterany:{first}", str(self.close))


def write_jobs(
    folder: Path, command: Sequence[str], tasks: int, *, part: str = "--part", cpus: int = 1
) -> SlurmJobs:
    """Write the scripts; those of an earlier call are replaced.

    Parameters
    ----------
    folder
        Where to; what the jobs print comes into its folder ``logs``. All nodes must see it.
    command
        What to run, in the present folder: program and arguments.
    tasks
        Tasks of the array.
    part
        The command's option that takes ``i/n``, i from 0.
    cpus
        Cores of each task.

    Raises
    ------
    ArgumentError
        If `tasks` or `cpus` is less than 1.
    """
    for name, value in (("tasks", tasks), ("workers", cpus)):
        if value < 1:
            raise ArgumentError.expected(name, "1 or more", value)
    folder = folder.absolute()
    logs = folder / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    quoted = shlex.join(command)
    log = f'{shlex.quote(str(logs / "part"))}-"$SLURM_ARRAY_TASK_ID".txt'
    more = f"#SBATCH --array=0-{tasks - 1}\n"
    jobs = SlurmJobs(folder / "parts.sh", folder / "close.sh")
    _write(
        jobs.parts,
        _head(log, cpus, more) + f'exec {quoted} {part} "$SLURM_ARRAY_TASK_ID/{tasks}"\n',
    )
    log = shlex.quote(str(logs / "close.txt"))
    _write(jobs.close, _head(log, cpus, "") + f"exec {quoted}\n")
    return jobs


def _head(log: str, cpus: int, more: str) -> str:
    return _HEAD.format(cpus=cpus, more=more, log=log, folder=shlex.quote(str(Path.cwd())))


def _write(path: Path, text: str) -> None:
    with atomic_path(path) as temporary:
        temporary.write_bytes(os.fsencode(text))  # a name need not be UTF-8
        temporary.chmod(0o755)


def _sbatch(*arguments: str) -> str:
    program = shutil.which("sbatch")
    if program is None:
        raise MissingPackageError(
            "There is no `sbatch` on this machine. Leave --submit out, and type the two lines that "
            "are then printed on a machine of the cluster."
        )
    made = subprocess.run(  # noqa: S603  # nosec B603
        [program, "--parsable", *arguments], capture_output=True, text=True, check=False
    )
    if made.returncode != 0:
        said = (made.stderr or made.stdout).strip()
        raise OutputError(f"slurm did not take {arguments[-1]}: {said}")
    return made.stdout.strip().partition(";")[0]  # of several clusters the name follows
