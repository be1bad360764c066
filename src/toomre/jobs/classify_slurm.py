"""``toomre classify --engine slurm``: job scripts beside the catalogue that is to be."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from toomre.engines.slurm import SlurmJobs, write_jobs
from toomre.jobs.classify_closing import check_free

__all__ = ["classify_on_slurm", "jobs_folder"]


def jobs_folder(out: Path) -> Path:
    """Return the folder of a catalogue's job scripts and of what they print.

    Examples
    --------
    >>> jobs_folder(Path("mergers.parquet")).name
    'mergers.parquet.slurm'
    """
    return out.with_name(f"{out.name}.slurm")


def classify_on_slurm(
    out: Path, command: Sequence[str], tasks: int, *, workers: int = 1, overwrite: bool = False
) -> SlurmJobs:
    """Write the scripts that classify in an array of jobs, and then close the catalogue.

    Parameters
    ----------
    out
        The catalogue, on a disk that all nodes see.
    command
        Program and arguments that classify into it, without ``--part``.
    tasks
        Jobs of the array: each does every n-th shard.
    workers
        Cores of each; `command` should say so too.
    overwrite
        Whether `command` allows that the catalogue is replaced.

    Raises
    ------
    ArgumentError, OutputError, OutputExistsError
        If the catalogue cannot be written, or `tasks` is less than 1.
    """
    check_free(out, overwrite=overwrite)
    return write_jobs(jobs_folder(out), command, tasks, cpus=workers)
