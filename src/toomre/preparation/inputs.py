"""Find the images that the user means: a folder of files, one file, or the rows of a stack."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from toomre.errors import MissingFileError
from toomre.preparation.band_files import group_by_band

__all__ = [
    "InputItem",
    "Source",
    "escape_name",
    "find_inputs",
    "is_stack",
    "list_images",
    "stack_inputs",
    "stem_of",
    "unescape_name",
]

_IMAGE = re.compile(
    r".\.(?:fits|fit|fts|fz|(?:fits|fit|fts)\.(?:fz|gz|bz2)|jpe?g|jpe|png|tiff?|gif|np[yz])$",
    re.IGNORECASE | re.DOTALL,
)
_ESCAPED = re.compile(rb"\\(?:\\|x([0-9a-f]{2}))")


@dataclass(frozen=True)
class Source:
    """Where the images are, and how their files are named.

    Attributes
    ----------
    path
        A folder, one image, or a stack (``.npy``, ``.npz``).
    pattern
        How a file's name is made, such as ``{image_id}_{band}.fits``; with a slash it is
        matched with the path below the folder, else with the name alone. Files that do not
        match are no inputs. None: every image file is an input, and FITS files that differ
        only in one of the bands' names belong together.
    """

    path: Path
    pattern: str | None = None


@dataclass(frozen=True)
class InputItem:
    """One input, not opened yet.

    Attributes
    ----------
    image_id
        Its name in the catalogue.
    paths
        Its file, or one file a band in the order of the bands asked for; None for a row.
    row
        Its row in a stack, else None.
    bands
        The band of each path where the names tell, else None.
    """

    image_id: str
    paths: tuple[Path, ...] | None = None
    row: int | None = None
    bands: tuple[str, ...] | None = None


def find_inputs(
    source: Source | Path | str, bands: Sequence[str] | None = None, *, without: Path | None = None
) -> Iterator[InputItem]:
    """Give every image file below a folder, sorted by path, or the one file.

    Only the names are held in memory. Nothing is opened, so an item may turn out to be no
    image at all; that is for the reader to say.

    Parameters
    ----------
    source
        A folder or file, or a `Source` with a pattern.
    bands
        The bands asked for, in order; needed to put one file a band together.
    without
        A file that is no input, such as the output of an earlier run.

    Yields
    ------
    InputItem
        `image_id` is the path below the folder, see `escape_name`; for files put together it
        is what the pattern calls so, behind the folder they lie in.

    Raises
    ------
    MissingFileError
        If the source is not there or holds no image.
    ArgumentError
        If the pattern is not allowed or fits no file.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> for name in ("132_gband.fits", "132_rband.fits", "L132.jpg", "notes.txt"):
    ...     (folder / name).touch()
    >>> [(item.image_id, item.bands) for item in find_inputs(folder, ("r", "g"))]
    [('132', ('r', 'g')), ('L132.jpg', None)]
    """
    source = source if isinstance(source, Source) else Source(Path(source))
    folder = Path(source.path)
    if not os.path.lexists(folder):
        raise MissingFileError(f"Expected images at {folder}, but there is no such file or folder.")
    if not folder.is_dir():
        names, folder = [folder.name], folder.parent
    else:
        names = [name for name in list_images(folder) if not _is_same(folder / name, without)]
    if not names:
        raise MissingFileError(
            f"Expected images in {folder}, but no file there or below ends in .fits, .jpg, .png, "
            ".tif, .npy or .npz."
        )
    for image_id, group, group_bands in group_by_band(names, bands, source.pattern):
        paths = tuple(folder / name for name in group)
        yield InputItem(escape_name(image_id), paths, bands=group_bands)


def stack_inputs(length: int) -> Iterator[InputItem]:
    """Give the rows of a stack; `image_id` is the row's number as text.

    Examples
    --------
    >>> [item.image_id for item in stack_inputs(3)]
    ['0', '1', '2']
    """
    return (InputItem(str(row), row=row) for row in range(length))


def is_stack(path: Path) -> bool:
    """Return whether a source is one array file: then it is a stack of images.

    Examples
    --------
    >>> is_stack(Path("nowhere.npy")), is_stack(Path("."))
    (False, False)
    """
    return path.suffix.lower() in (".npy", ".npz") and path.is_file()


def list_images(folder: Path) -> list[str]:
    """Return the paths of all image files below a folder, with slashes, sorted by their bytes.

    A file counts by its ending. What begins with a dot is left out. Links to folders are
    followed, each real folder once. A folder that is named like an image, or that cannot be
    read, is listed too, so that somebody will say so.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> (folder / "b").mkdir()
    >>> for name in ("b/1.fits.gz", "a.JPG", ".hidden.jpg", "labels.csv"):
    ...     (folder / name).touch()
    >>> list_images(folder)
    ['a.JPG', 'b/1.fits.gz']
    """
    found: list[str] = []
    seen: set[tuple[int, int]] = set()
    pending = [""]
    while pending:
        prefix = pending.pop()
        try:
            status = os.stat(folder / prefix)  # noqa: PTH116 - one call for both numbers
            if (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            with os.scandir(folder / prefix) as entries:
                listed = [(entry.name, _is_folder(entry)) for entry in entries]
        except OSError:
            found.append(prefix.rstrip("/"))
            continue
        below = sorted(name for name, is_folder in listed if is_folder and _is_open(name))
        # The last is taken first: of two links to one folder, the first by name counts.
        pending += [f"{prefix}{name}/" for name in reversed(below)]
        found += [f"{prefix}{name}" for name, _ in listed if _IMAGE.search(name) and _visible(name)]
    return sorted(found, key=lambda name: name.encode("utf-8", "surrogateescape"))


def escape_name(name: str) -> str:
    r"""Return a file's name as valid text: a byte that is no UTF-8 becomes ``\xNN``.

    A backslash is doubled, so that `unescape_name` can give the name back. Everything else
    stays, also spaces, quotes and line ends.

    Examples
    --------
    >>> print(escape_name("caf\udce9 \\ 'x'"))
    caf\xe9 \\ 'x'
    """
    doubled = name.replace("\\", "\\\\").encode("utf-8", "surrogateescape")
    return doubled.decode("utf-8", "backslashreplace")


def unescape_name(image_id: str) -> str:
    r"""Return the file's name that `escape_name` was given.

    Examples
    --------
    >>> unescape_name(escape_name("caf\udce9 \\ 'x'")) == "caf\udce9 \\ 'x'"
    True
    """
    content = _ESCAPED.sub(
        lambda match: bytes.fromhex(match[1].decode()) if match[1] else b"\\", image_id.encode()
    )
    return content.decode("utf-8", "surrogateescape")


def stem_of(name: str) -> str:
    """Return a file's name without the ending of an image.

    Examples
    --------
    >>> stem_of("NGC 1.5.fits.gz"), stem_of("NGC 1.5")
    ('NGC 1.5', 'NGC 1.5')
    """
    match = _IMAGE.search(name)
    return name[: match.start() + 1] if match else name


def _is_same(path: Path, other: Path | None) -> bool:
    # The name is compared first, for looking at the disk takes long.
    return other is not None and path.name == other.name and path.resolve() == other.resolve()


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _visible(name: str) -> bool:
    return not name.startswith(".")


def _is_open(name: str) -> bool:
    return _visible(name) and not _IMAGE.search(name)
