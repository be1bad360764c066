"""Find the files of a published set in a folder, by the names under which they are spread."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from toomre.errors import ArgumentError, MissingFileError
from toomre.preparation.published.schema import PUBLISHED, Domain, PublishedSet

__all__ = ["TABLES", "DomainFiles", "find_files"]

#: Tables of the images in file order, which are spread with the code of DeepMerge I.
TABLES = ("subsamples_id", "subsamples_y", "logmstar", "concentration", "m20")

_ENDINGS = (".npy", ".fits", ".fit")
_LABELS = re.compile(r"(^|[^a-z0-9])(y|labels?)($|[^a-z0-9])")
_THREE = ("3filt", "f356w")


@dataclass(frozen=True)
class DomainFiles:
    """The files of one domain.

    Attributes
    ----------
    domain
        What they hold.
    images
        The file of images.
    labels
        The file of labels; None where the file of images has them too (FITS).
    """

    domain: Domain
    images: Path
    labels: Path | None


def find_files(
    published: PublishedSet, folder: Path, filters: int | None = None
) -> list[DomainFiles]:
    """Find the images and labels of each domain in a folder; case does not matter.

    Known are the FITS files at MAST, their ``.npy`` twins (``*-x.npy``, ``*labels-y.npy``), the
    twins published with the code (``SB00_augmented.npy``, ``SB00_augmented_y.npy``, SB25, with
    ``_3FILT``), and the arrays at Zenodo (``SimSim_SOURCE_X_*.npy``).

    Parameters
    ----------
    published
        Which set.
    folder
        Where to look; folders below it are not searched.
    filters
        2 or 3, where files of both kinds are there.

    Raises
    ------
    MissingFileError
        If the folder or all files of images are missing, or a file's labels.
    ArgumentError
        If there are several files for one domain.

    Examples
    --------
    >>> import tempfile
    >>> from toomre.preparation.published.schema import PUBLISHED
    >>> folder = Path(tempfile.mkdtemp())
    >>> for name in ("SB00_augmented.npy", "SB00_augmented_y.npy"):
    ...     _ = (folder / name).write_bytes(b"")
    >>> [(files.domain.name, files.labels.name)
    ...  for files in find_files(PUBLISHED["deepmerge1"], folder)]
    [('pristine', 'SB00_augmented_y.npy')]
    """
    if not folder.is_dir():
        raise MissingFileError(f"There is no folder {folder} to look for {published.name} in.")
    files = [path for path in sorted(folder.iterdir()) if _belongs(path, published)]
    found = []
    for domain in published.domains:
        own = [path for path in files if _words(path, domain.words)]
        images = [p for p in own if not _is_labels(p) and _has_filters(p, filters)]
        if len(images) > 1:
            raise ArgumentError(
                f"Expected one file of {domain.name} images in {folder}, but got "
                f"{_listed(images)}. Say which filters (--filters 2 or 3), or give a folder "
                "with one of them."
            )
        found += [DomainFiles(domain, path, _labels_of(path, own, files)) for path in images]
    if not found:
        raise MissingFileError(
            f"No image file of {published.name} is in {folder}; expected such as "
            f"{_EXPECTED[published.name]}. `toomre fetch` downloads them."
        )
    return found


_EXPECTED = {
    "deepmerge1": "hlsp_deepmerge_..._sim-pristine.fits or SB00_augmented.npy",
    "deepmerge2-simsim": "SimSim_SOURCE_X_Illustris2_pristine.npy",
    "deepmerge2-simreal": "SimReal_SOURCE_X_Illustris0.npy",
}


def _belongs(path: Path, published: PublishedSet) -> bool:
    name = path.name.casefold()
    others = {other.required for other in PUBLISHED.values()} - {published.required, ""}
    strange = path.stem.casefold() in TABLES or any(word in name for word in others)
    return name.endswith(_ENDINGS) and published.required in name and not strange


def _words(path: Path, words: Sequence[str]) -> bool:
    return any(word in path.name.casefold() for word in words)


def _is_labels(path: Path) -> bool:
    return _LABELS.search(path.stem.casefold()) is not None


def _has_filters(path: Path, filters: int | None) -> bool:
    return filters is None or _words(path, _THREE) == (filters == 3)


def _labels_of(images: Path, own: Sequence[Path], files: Sequence[Path]) -> Path | None:
    """Return the file of labels that goes with one of images."""
    if images.suffix.casefold() != ".npy":
        return None
    three = _words(images, _THREE)
    for candidates in (own, files):
        labels = [p for p in candidates if _is_labels(p) and p.suffix.casefold() == ".npy"]
        same = [path for path in labels if _words(path, _THREE) == three] or labels
        if len(same) == 1:
            return same[0]
        if same:
            raise ArgumentError(
                f"Expected one file of labels beside {images.name}, but got {_listed(same)}. "
                "Give a folder with one of them."
            )
    raise MissingFileError(
        f"{images} has no file of labels beside it; expected the same name with y or labels-y."
    )


def _listed(paths: Sequence[Path]) -> str:
    return ", ".join(ascii(path.name) for path in paths)
