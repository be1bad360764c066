"""The manifest beside a catalogue: it closes a run, and tells whether the catalogue is whole."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from toomre.errors import CorruptFileError, ToomreError
from toomre.inference.catalog_hats import hats_sha256
from toomre.storage import read_json, sha256_file

__all__ = [
    "MANIFEST",
    "RUN_FACTS",
    "catalog_sha256",
    "check_manifest",
    "read_manifest",
    "sidecar_of",
    "work_folder",
]

#: The entry of the JSON file that makes it a manifest; the others are the provenance.
MANIFEST = "manifest"

#: Entries of the provenance that two runs of one job need not share, so the catalogue itself,
#: whose bytes are the same after each, does not hold them.
RUN_FACTS = ("command", "created", "platform")

_WORK = ".shards"


def sidecar_of(path: Path) -> Path:
    """Return the JSON file beside a catalogue.

    It is the manifest, and of a CSV catalogue the provenance too.

    Examples
    --------
    >>> sidecar_of(Path("mergers.csv")).name
    'mergers.csv.json'
    """
    return path.with_name(f"{path.name}.json")


def work_folder(path: Path) -> Path:
    """Return the folder beside a catalogue that holds its shards until it is closed.

    Examples
    --------
    >>> work_folder(Path("mergers.csv")).name
    '.mergers.csv.shards'
    """
    return path.with_name(f".{path.name}{_WORK}")


def read_manifest(path: Path) -> dict[str, Any] | None:
    """Return what the JSON file beside a catalogue says; None if it is no manifest."""
    try:
        content = read_json(sidecar_of(path))
    except (ToomreError, OSError):
        return None
    if not isinstance(content, dict) or not isinstance(content.get(MANIFEST), Mapping):
        return None
    return content


def catalog_sha256(path: Path) -> str:
    """Return the SHA-256 of a catalogue; of a folder that of its files' names and hashes."""
    return hats_sha256(path) if path.is_dir() else sha256_file(path)


def check_manifest(path: Path) -> None:
    """Refuse a catalogue that is not the one that its manifest is of, if it has one.

    Raises
    ------
    CorruptFileError
        If the bytes differ, or it is a part of a run that has not finished.
    """
    if path.absolute().parent.name.endswith(_WORK):
        raise CorruptFileError(
            f"{path} is a part of a run that has not finished. Run `toomre classify` again as "
            "before; it goes on with what is done."
        )
    content = read_manifest(path)
    if content is None:
        return
    wanted, found = content[MANIFEST].get("sha256"), catalog_sha256(path)
    if found != wanted:
        raise CorruptFileError(
            f"{path} has SHA-256 {found}, but its manifest {sidecar_of(path).name} says {wanted}: "
            "it was damaged or changed after it was written. Classify again (--overwrite), or "
            "remove the manifest if you have changed it yourself."
        )
