"""Stamps from mosaics as inputs of a model: cut, resampled to its pixels, and checked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from toomre.errors import ArgumentError
from toomre.images.cutout import Cutout
from toomre.images.flags import Flag
from toomre.images.grid import Grid
from toomre.images.loading import finish
from toomre.images.read_limits import one_line
from toomre.images.resample import SCALE_FLAGGED
from toomre.inference.checks import fits_card
from toomre.inference.readings import Reading, Wish
from toomre.mosaics.options import StampOptions, sizes_of
from toomre.mosaics.stamps import Mosaics
from toomre.networks.card import ModelCard

__all__ = ["for_model", "read_mosaics"]

_LOBES = 3  # of the filter that resamples


def for_model(card: ModelCard, options: StampOptions | None) -> StampOptions:
    """Return how to cut stamps for a model: its own field if no size is given.

    Parameters
    ----------
    card
        The model's.
    options
        What the user wants; None: the defaults, and the field that the model wants.

    Raises
    ------
    ArgumentError
        If no size is given and the model's card does not say what field it wants, or its
        sharpness is asked for and the card does not tell it.
    """
    grid = card.input.grid
    margin = 0.0 if grid.native_pixel_scale is None else _LOBES / grid.size
    given = StampOptions() if options is None else options
    if given.psf is not None and given.psf.target == "model":
        given = replace(given, psf=replace(given.psf, target=_sharpness_of(card)))
    if given.size_arcsec is not None or given.size_column is not None:
        return replace(given, margin=margin)
    if grid.crop is None or grid.native_pixel_scale is None:
        hint = f"The model {card.name} does not say how large a field it wants (--size-arcsec)."
        raise ArgumentError.expected("size_arcsec", "given for mosaics", None, hint)
    return replace(given, size_arcsec=grid.crop * grid.native_pixel_scale, margin=margin)


def _sharpness_of(card: ModelCard) -> dict[str, float]:
    wanted = card.input
    if not wanted.psf_fwhm:
        allowed = f"a number [arcsec], for the card of the model {card.name} tells no sharpness"
        hint = "Models do that were trained on what `toomre simulate` or `toomre observe` made."
        raise ArgumentError.expected("psf_target", allowed, "model", hint)
    return dict(zip(wanted.bands, wanted.psf_fwhm, strict=True))


def read_mosaics(
    mosaics: Mosaics, wish: Wish, rows: NDArray[np.int64] | None = None
) -> Iterator[Reading]:
    """Give the stamp of each row of the table in order, on the model's grid.

    The whole stamp is shown with the model's number of pixels. If its pixels are then not as
    large as those of the training, by more than 2 %, it is flagged PIXEL_SCALE.

    Parameters
    ----------
    mosaics
        With the model's bands, opened with options from `for_model`.
    wish
        What the model wants.
    rows
        Rows of the table; None: all.
    """
    table = mosaics.table
    sizes = sizes_of(table, mosaics.options)
    ids = table["image_id"].tolist()
    ra, dec = (table[name].to_numpy(dtype=float, na_value=np.nan) for name in ("ra", "dec"))
    for batch in mosaics.batches(rows):
        stamps = zip(batch.rows.tolist(), batch.cutouts, batch.windows, strict=True)
        for row, cutout, window in stamps:
            field = float(sizes[row]), 0 if window is None else window.pad
            reading = _reading(str(ids[row]), cutout, field, wish)
            yield replace(reading, ra=float(ra[row]), dec=float(dec[row]))


def _reading(image_id: str, read: Cutout, field: tuple[float, int], wish: Wish) -> Reading:
    """Bring a stamp, whose field has a side [arcsec] and a margin [pixel], to the model's grid."""
    size, margin = field
    facts = replace(wish.facts, bands=None, wanted=wish.card.input.bands)
    try:
        wanted = wish.card.input.grid
        grid = _grid_of(wanted, size) if read.pixels is not None else wanted
        checked = wish.fit(_check_scale(finish(read, grid, facts, margin=margin), wanted))
        fits = fits_card(read, checked, wish.card, allow_domain=wish.allow_domain)
        return Reading(image_id, checked, fits=fits)
    except Exception as error:  # one input must never stop the run
        note = f"the reader failed: {type(error).__name__}: {one_line(error)}"
        return Reading(image_id, Cutout.bad(Flag.UNREADABLE, note))


def _grid_of(wanted: Grid, size: float) -> Grid:
    """Return the grid that shows a stamp of `size` arcsec whole with the model's pixels."""
    native = wanted.native_pixel_scale
    if native is None:
        return wanted.model_copy(update={"crop": None, "fraction": 1.0})
    return wanted.model_copy(update={"crop": size / native})


def _check_scale(cutout: Cutout, wanted: Grid) -> Cutout:
    expected, found = wanted.pixel_scale, cutout.pixel_scale
    if cutout.pixels is None or expected is None or found is None:
        return cutout
    if abs(found / expected - 1) <= SCALE_FLAGGED:
        return cutout
    note = f"the stamp's size gives {found:.4g} arcsec/pixel, the model was trained on"
    return cutout.flagged(Flag.PIXEL_SCALE, f"{note} {expected:.4g}")
