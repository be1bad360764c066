"""A folder that is whole or absent: locked while it is made, renamed into place at the end."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from toomre.errors import OutputError, OutputExistsError, ToomreError

try:
    import fcntl
except ImportError:  # pragma: no cover - not on Windows
    fcntl = None  # type: ignore[assignment]

__all__ = ["output_folder", "output_lock", "refuse_existing"]


def refuse_existing(path: Path | str, *, overwrite: bool) -> None:
    """Refuse to write a file that is there already.

    Raises
    ------
    OutputExistsError
        If it is, and `overwrite` is off.

    Examples
    --------
    >>> refuse_existing(__file__, overwrite=True)
    >>> refuse_existing(__file__, overwrite=False)
    Traceback (most recent call last):
    toomre.errors.OutputExistsError: ... is there already. Give another name, or allow it to be
    replaced (--overwrite).
    """
    if Path(path).exists() and not overwrite:
        raise OutputExistsError(
            f"{path} is there already. Give another name, or allow it to be replaced (--overwrite)."
        )


@contextmanager
def output_folder(out: Path, known: Sequence[str], *, overwrite: bool = False) -> Iterator[Path]:
    """Give a temporary folder beside `out` that takes its place if the block succeeds.

    If the block fails, or the process dies, `out` is as it was. What a process that died left
    beside `out` is removed by the next run.

    Parameters
    ----------
    out
        The folder to make.
    known
        The names of the files that such a folder has; the last one marks it as finished.
    overwrite
        Replace a finished folder. A folder with other files in it is never replaced.

    Raises
    ------
    OutputExistsError
        If `out` is there (and not empty), or another run is writing it.
    OutputError
        If it cannot be written: a full disk, no permission, a file in the way.

    Examples
    --------
    >>> import tempfile
    >>> out = Path(tempfile.mkdtemp()) / "new"
    >>> with output_folder(out, ["done"]) as folder:
    ...     _ = (folder / "done").write_text("yes")
    >>> [path.name for path in out.iterdir()]
    ['done']
    """
    out = Path(out).resolve()
    temporary = out.with_name(f".{out.name}.unfinished")
    previous = out.with_name(f".{out.name}.previous")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with output_lock(out):
            _recover(out, previous)
            _check_free(out, known, overwrite)
            shutil.rmtree(temporary, ignore_errors=True)
            temporary.mkdir()
            try:
                yield temporary
                _take_place(temporary, out, previous)
            finally:
                shutil.rmtree(temporary, ignore_errors=True)
    except ToomreError:
        raise
    except OSError as error:
        raise OutputError(
            f"The output {out} cannot be written: {error.strerror or error}. No half result is "
            "kept; free some space or choose another place, and run again."
        ) from error


@contextmanager
def output_lock(out: Path) -> Iterator[None]:
    """Hold a lock on an output; the lock of a process that died does not count.

    Raises
    ------
    OutputExistsError
        If another process holds it.

    Examples
    --------
    >>> import tempfile
    >>> out = Path(tempfile.mkdtemp()) / "new"
    >>> with output_lock(out), output_lock(out):
    ...     pass
    Traceback (most recent call last):
    toomre.errors.OutputExistsError: Another run (process ...) is writing ...
    """
    path = out.with_name(f".{out.name}.lock")
    file = _locked(path, out)
    try:
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield
    finally:
        with suppress(OSError):
            path.unlink()  # before the lock is given up, so that nobody can lock a lost file
        file.close()


def _locked(path: Path, out: Path) -> IO[str]:
    while True:
        file = path.open("a+", encoding="utf-8")
        if not _try_lock(file):
            file.seek(0)
            holder = file.read(20).strip() or "unknown"
            file.close()
            raise OutputExistsError(
                f"Another run (process {holder}) is writing {out}. Wait until it has finished, "
                "or choose another output."
            )
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(file.fileno()), path.stat()):
                file.truncate(0)
                return file
        file.close()  # its holder removed it in the meantime: take the new one


def _try_lock(file: IO[str]) -> bool:
    if fcntl is None:  # pragma: no cover - without locks, two runs are the user's care
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _recover(out: Path, previous: Path) -> None:
    """Finish or undo a replacement that a dying process left half done."""
    if previous.exists() and not out.exists():
        previous.rename(out)
    shutil.rmtree(previous, ignore_errors=True)


def _check_free(out: Path, known: Sequence[str], overwrite: bool) -> None:
    if not os.path.lexists(out):
        return
    if not out.is_dir():
        raise OutputExistsError(f"Expected a new folder at {out}, but there is a file.")
    names = {path.name for path in out.iterdir()}
    if not names:
        return
    if known[-1] not in names or not names <= set(known):
        others = ", ".join(sorted(names - set(known))[:5]) or "an unfinished result"
        raise OutputExistsError(
            f"{out} holds something else ({others}), which is never replaced. "
            "Choose another output or move it away."
        )
    if not overwrite:
        raise OutputExistsError(
            f"{out} is there already. Choose another output, or overwrite it (--overwrite)."
        )


def _take_place(temporary: Path, out: Path, previous: Path) -> None:
    if out.exists() and any(out.iterdir()):
        out.rename(previous)
    elif out.exists():
        out.rmdir()
    temporary.rename(out)
    if os.name == "posix":
        descriptor = os.open(out.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    shutil.rmtree(previous, ignore_errors=True)
