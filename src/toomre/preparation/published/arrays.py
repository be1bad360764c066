"""Open the arrays of a published set: images stay on disk, labels and bands are checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from toomre.errors import ArgumentError, CorruptFileError
from toomre.images.arrays import open_stack
from toomre.images.caught import collected_warnings
from toomre.images.opening import check_regular, shown_name
from toomre.images.read_limits import BadInputError, one_line
from toomre.preparation.published.finding import DomainFiles

__all__ = ["PublishedArray", "open_published", "stated_bands"]

_FILTER = re.compile(r"F\d{3}(?:LP|[WMNX])")
_BAND_KEY = re.compile(r"(FILTERS?|FILT|BANDS?)(\d*)")
_LABEL_COLUMN = re.compile(r"labels?|y|merger|class", re.IGNORECASE)
_FLOATS = {-32: ">f4", -64: ">f8"}


@dataclass(frozen=True, eq=False)
class PublishedArray:
    """A published array, opened.

    Attributes
    ----------
    images
        Read-only memory map (image, band, y, x), as stored.
    labels
        Array of shape (image,), 1 for a merger and 0 for a nonmerger.
    bands
        The bands of the planes in the file's order.
    """

    images: NDArray[Any]
    labels: NDArray[np.int8]
    bands: tuple[str, ...]


def open_published(files: DomainFiles, bands: tuple[str, ...] | None = None) -> PublishedArray:
    """Open the images and labels of a domain; no pixel is read yet.

    Parameters
    ----------
    files
        From `toomre.preparation.published.finding.find_files`.
    bands
        The bands of the file's planes in order, where the user knows better than the default;
        what a FITS header says cannot be changed.

    Raises
    ------
    ArgumentError
        If the array has another shape or type than was published, the labels are not 0 and 1,
        or the bands are not those of the set.
    CorruptFileError
        If a file is damaged or ends too soon.
    """
    path, stated = files.images, None
    if path.suffix.casefold() == ".npy":
        images = open_stack(path)
        labels = _labels_of_array(files.labels or path)
    else:
        images, labels, stated = _open_fits(path)
    count = images.shape[1]
    if images.shape[2] != images.shape[3] or count not in files.domain.planes:
        wanted = " or ".join(str(number) for number in files.domain.planes)
        raise ArgumentError(
            f"Expected {shown_name(path)} to have the shape (image, {wanted}, side, side), but "
            f"got {images.shape}."
        )
    if images.dtype.kind not in "fu":
        raise ArgumentError.expected(shown_name(path), "of floats or bytes", str(images.dtype))
    planes = _planes(files, count, stated, bands)
    return PublishedArray(images, _checked_labels(labels, len(images), path), planes)


def stated_bands(header: Mapping[str, Any], count: int) -> tuple[str, ...] | None:
    """Return the filters that a FITS header states, or None if it does not name so many.

    FILTER, FILTERS, BAND, BANDS and numbered ones (FILTER1, FILT02, BAND0) are read, the
    numbered ones by their numbers.

    Examples
    --------
    >>> stated_bands({"FILTER": "MULTI", "FILTER02": "ACS/F814W", "FILTER01": "F160W"}, 2)
    ('F160W', 'F814W')
    >>> stated_bands({"FILTERS": "F814W-F160W"}, 3)
    """
    keys = [match for match in map(_BAND_KEY.fullmatch, dict.fromkeys(header)) if match]
    keys.sort(key=lambda match: int(match[2] or -1))
    text = " ".join(str(header[match[0]]).upper() for match in keys)
    names = tuple(dict.fromkeys(_FILTER.findall(text)))
    return names if len(names) == count else None


def _planes(
    files: DomainFiles,
    count: int,
    stated: tuple[str, ...] | None,
    told: tuple[str, ...] | None,
) -> tuple[str, ...]:
    """Return the bands in the file's order: of its header, the user, its name, the set."""
    if stated and told and stated != told:
        raise ArgumentError.expected("bands", f"{','.join(stated)}, as the header says", told)
    named = tuple(dict.fromkeys(_FILTER.findall(files.images.name.upper())))
    in_name = named if len(named) == count else None
    planes = stated or told or in_name or files.domain.planes[count]
    wanted = files.domain.stored[count]
    if sorted(planes) != sorted(wanted):
        raise ArgumentError.expected(
            "bands", f"{', '.join(wanted)} of {shown_name(files.images)} in some order", planes
        )
    return planes


def _labels_of_array(path: Path) -> NDArray[Any]:
    try:
        return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
    except (OSError, ValueError, EOFError) as error:
        raise CorruptFileError(f"{shown_name(path)} cannot be read: {one_line(error)}.") from error


def _open_fits(path: Path) -> tuple[NDArray[Any], NDArray[Any], tuple[str, ...] | None]:
    """Return the images as a memory map, the labels, and the bands that the header states."""
    try:
        size = check_regular(path)
        with collected_warnings(), fits.open(path, memmap=True) as hdus:
            place = next(i for i, hdu in enumerate(hdus) if _naxis(hdu.header) == 4)
            header = hdus[place].header
            shape = tuple(int(header[f"NAXIS{axis}"]) for axis in (4, 3, 2, 1))
            scaled = header.get("BSCALE", 1) != 1 or header.get("BZERO", 0) != 0
            if header["BITPIX"] not in _FLOATS or scaled:
                raise ArgumentError.expected(
                    shown_name(path), "of floats without scaling", f"BITPIX {header['BITPIX']}"
                )
            dtype = np.dtype(_FLOATS[header["BITPIX"]])
            start = int(hdus.fileinfo(place)["datLoc"])
            if size < start + dtype.itemsize * int(np.prod(shape)):
                raise CorruptFileError(
                    f"{shown_name(path)} ends before its header says. Fetch it again."
                )
            labels = _labels_of_hdu(hdus[place + 1])
    except BadInputError as error:
        raise CorruptFileError(f"{error.note}.") from error
    except (StopIteration, IndexError) as error:
        raise ArgumentError.expected(
            shown_name(path), "a FITS file of images (N, band, y, x) and their labels", "another"
        ) from error
    except (OSError, KeyError, TypeError, ValueError) as error:
        if isinstance(error, ArgumentError | CorruptFileError):
            raise
        raise CorruptFileError(f"{shown_name(path)} cannot be read: {one_line(error)}.") from error
    return np.memmap(path, dtype, "r", start, shape), labels, stated_bands(header, shape[1])


def _naxis(header: fits.Header) -> int:
    return int(header.get("NAXIS", 0))


def _labels_of_hdu(hdu: Any) -> NDArray[Any]:
    """Return the labels of an image, or of the one column of a table that may be meant."""
    data = hdu.data
    if data is None or data.dtype.names is None:
        return np.array([] if data is None else data)
    names = list(data.dtype.names)
    fitting = names if len(names) == 1 else [n for n in names if _LABEL_COLUMN.fullmatch(n)]
    if len(fitting) != 1:
        raise ArgumentError.expected("labels", "one column of the FITS table", names)
    return np.array(data[fitting[0]])


def _checked_labels(labels: NDArray[Any], count: int, path: Path) -> NDArray[np.int8]:
    if labels.shape not in ((count,), (count, 1)):
        raise ArgumentError(
            f"Expected one label for each of the {count} images in {shown_name(path)}, but got "
            f"labels of shape {labels.shape}."
        )
    values = labels.ravel()
    found = np.unique(values) if values.dtype.kind in "buif" else values[:1]
    if found.tolist() != [0, 1]:
        shown = ", ".join(map(str, found[:5].tolist()))
        raise ArgumentError.expected(f"labels of {path.name}", "0 and 1, both of them", shown)
    return values.astype(np.int8)
