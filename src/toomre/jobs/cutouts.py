"""``toomre.cutouts``: the stamps of a table of positions, cut from mosaics and written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from astropy.wcs import WCS

from toomre.errors import ArgumentError
from toomre.images.cutout import Cutout
from toomre.images.flags import Flag, Status, flag_counts
from toomre.images.grid import Grid
from toomre.images.loading import finish
from toomre.images.resample import SMALLEST_SIDE
from toomre.jobs.apart import check_apart, mosaic_files
from toomre.jobs.cutout_files import ArrayWriter, CutoutWriter, FitsWriter, Written
from toomre.jobs.provenance import environment, recorded_mosaics
from toomre.mosaics.options import StampOptions, sizes_of
from toomre.mosaics.patterns import FileSpec, MosaicSource
from toomre.mosaics.regrid import window_wcs
from toomre.mosaics.stamp_header import resampled_wcs
from toomre.mosaics.stamps import Mosaics
from toomre.output import output_folder
from toomre.preparation.catalog import read_table
from toomre.preparation.columns import Columns
from toomre.preparation.inputs import escape_name
from toomre.storage import atomic_path, write_json

__all__ = ["CutoutOptions", "cutouts"]

_LOBES = 3  # of the filter that resamples
_NO_COLUMNS = Columns()


@dataclass(frozen=True)
class CutoutOptions:
    """What is written of the stamps.

    Attributes
    ----------
    pixels
        Resample every stamp to so many pixels on a side; masked pixels are then filled, as
        `prepare` and `classify` do. None: the mosaic's own pixels, NaN where masked.
    layout
        ``"fits"``: one file a stamp with a plane a band, below ``images``. ``"npy"``: all in
        ``images.npy``, which takes stamps of one size.
    overwrite
        Replace a finished folder.
    """

    pixels: int | None = None
    layout: Literal["fits", "npy"] = "fits"
    overwrite: bool = False

    def __post_init__(self) -> None:
        if self.layout not in ("fits", "npy"):
            raise ArgumentError.expected("layout", "'fits' or 'npy'", self.layout)
        if self.pixels is not None and not 8 <= self.pixels <= 4096:
            raise ArgumentError.expected("pixels", "8 to 4096", self.pixels)


_DEFAULTS = CutoutOptions()


def cutouts(
    mosaics: Mapping[str, FileSpec],
    catalog: Path | str,
    out: Path | str,
    stamps: StampOptions,
    *,
    columns: Columns = _NO_COLUMNS,
    options: CutoutOptions = _DEFAULTS,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Cut the stamp of every row of a table from mosaics, and write them all.

    The folder gets the images, ``catalog.parquet`` (the table with `file`, `status`, `flags`
    and `reason`) and, when all is done, ``cutouts.json``. `toomre.prepare` reads either layout
    together with the catalogue.

    Parameters
    ----------
    mosaics
        For each band its files: a name, a pattern, or several.
    catalog
        Table with ra and dec.
    out
        The folder to make, whole or not at all.
    stamps
        How stamps are cut.
    columns
        Which of the table's columns are what; by default guessed.
    options
        What is written.
    progress
        Called with (stamps done, all stamps).

    Returns
    -------
    dict
        How many `images`, `ok`, `warn` and `bad`; in `flags` how many have each flag; in
        `skipped` the mosaics that were passed over (`band`, `file`, `why`).

    Raises
    ------
    MissingFileError, CorruptFileError, ArgumentError
        If a mosaic or the table cannot be used, or lies in `out`; nothing is written then.
    OutputExistsError, OutputError
        If `out` is there already, or cannot be written.
    """
    check_apart(Path(out), [*mosaic_files(Path(out), mosaics, stamps.extension), catalog])
    table = read_table(catalog, columns, positions=True)
    if options.pixels is not None:
        stamps = replace(stamps, margin=_LOBES / options.pixels)
    opened = Mosaics.open(mosaics, table, stamps)
    writer_class: type[CutoutWriter] = _WRITERS[options.layout]
    names = (writer_class.NAME, "catalog.parquet", "cutouts.json")
    found: dict[str, list[Any]] = {"file": [], "status": [], "flags": [], "reason": []}
    with output_folder(Path(out), names, overwrite=options.overwrite) as folder:
        with writer_class(folder, len(opened)) as writer:
            for item in _finished(opened, options):
                found["file"].append(writer.write(item))
                found["status"].append(str(item.cutout.status))
                found["flags"].append(item.cutout.flags.value)
                found["reason"].append(item.cutout.reason)
                if progress is not None:
                    progress(len(found["file"]), len(opened))
        if options.layout == "npy":
            del found["file"]
        with atomic_path(folder / names[1]) as temporary:
            table.assign(**found).to_parquet(temporary, index=False)
        counts = {**_counts(found), "skipped": recorded_mosaics(opened.skipped)}
        what = {"mosaics": str(MosaicSource(mosaics)), "catalog": escape_name(str(catalog))}
        how = {"stamps": asdict(stamps), "options": asdict(options)}
        write_json(folder / names[2], {**environment(), **what, **how, "counts": counts})
    return counts


_WRITERS: dict[str, type[CutoutWriter]] = {"fits": FitsWriter, "npy": ArrayWriter}


def _finished(mosaics: Mosaics, options: CutoutOptions) -> Iterator[Written]:
    """Give the cutouts as they are to be stored, in the table's order."""
    sizes = sizes_of(mosaics.table, mosaics.options)
    ids = mosaics.table["image_id"].tolist()
    for batch in mosaics.batches():
        stamps = zip(batch.rows.tolist(), batch.cutouts, batch.windows, strict=True)
        for row, cutout, window in stamps:
            done = cutout, None
            if window is not None:
                sky = mosaics.frame(window).sky
                done = cutout, window_wcs(sky.wcs, window.x0, window.y0, window.side)
                if options.pixels is not None:
                    done = _resampled(*done, (sizes[row], window.pad), options.pixels)
            yield Written(row, str(ids[row]), *done)


def _resampled(
    cutout: Cutout, wcs: WCS, field: tuple[float, int], pixels: int
) -> tuple[Cutout, WCS]:
    """Return a stamp, of a side [arcsec] and with a margin [pixel], in so many pixels on a side."""
    size, margin = field
    scale = cutout.pixel_scale or 1.0
    box = size / scale
    side = wcs.array_shape[0]
    if box < SMALLEST_SIDE:
        note = (
            f"the stamp of {size:.4g} arcsec is {box:.1f} pixels wide; {SMALLEST_SIDE} are needed"
        )
        return cutout.flagged(Flag.SIZE, note), wcs
    done = finish(cutout, Grid(size=pixels, crop=box, native_pixel_scale=scale), margin=margin)
    return done, resampled_wcs(wcs, side, box, pixels)


def _counts(found: Mapping[str, list[Any]]) -> dict[str, Any]:
    status = Counter(found["status"])
    counts = {str(each): status[str(each)] for each in Status}
    return {"images": status.total(), **counts, "flags": flag_counts(found["flags"])}
