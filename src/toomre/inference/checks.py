"""Does an input fit the model? What the caller states is checked first, then every input."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from toomre.errors import ArgumentError
from toomre.images.cutout import Cutout
from toomre.images.flags import Flag
from toomre.images.inspection import range_flag
from toomre.images.loading import Facts
from toomre.images.resample import SCALE_FLAGGED
from toomre.images.statistics import image_statistics
from toomre.inference.familiarity import known_pixels, novelty_of
from toomre.networks.card import InputCard, ModelCard
from toomre.preparation.prepared import PreparedInfo

__all__ = ["check_prepared", "check_stack", "check_stated", "fit_to_card", "fits_card"]

# Beyond this many standard deviations pixels are cut, so that no sum overflows; such an image
# has the flag RANGE.
_LARGEST = 1e6


def check_stated(card: ModelCard, facts: Facts, *, allow_domain: bool = False) -> None:
    """Refuse what the caller states of all inputs where the model cannot use it.

    Parameters
    ----------
    card
        The model's.
    facts
        What the caller states; None in a field states nothing.
    allow_domain
        Let pictures go to a model of flux, and the reverse.

    Raises
    ------
    ArgumentError
        If bands are missing, the encoding is another, or a pixel scale is off by more than
        2 % and the model's card does not say what field to cut.

    Examples
    --------
    ``check_stated(card, Facts(bands=("g", "r")))`` raises an error for a model of g, r and i.
    """
    wanted = card.input
    if facts.bands is not None:
        missing = [band for band in wanted.bands if band not in facts.bands]
        if missing or len(set(facts.bands)) != len(facts.bands):
            allowed = f"the names of all bands of the inputs, among them {_list(wanted.bands)}"
            hint = f"The model {card.name} was trained on these."
            raise ArgumentError.expected("bands", allowed, _list(facts.bands), hint)
    if facts.encoding not in (None, wanted.encoding) and not allow_domain:
        hint = f"The model {card.name} was trained on it. {_DOMAIN_HINT}"
        raise ArgumentError.expected("encoding", repr(wanted.encoding), facts.encoding, hint)
    native, scale = wanted.grid.native_pixel_scale, facts.pixel_scale
    if scale is not None and not (np.isfinite(scale) and scale > 0):
        raise ArgumentError.expected("pixel_scale", "a number above 0 [arcsec/pixel]", scale)
    if scale is None or native is None or wanted.grid.crop is not None:
        return
    if abs(scale / native - 1) > SCALE_FLAGGED:
        allowed = f"within 2 % of the {native:.4g} arcsec/pixel of the model {card.name}"
        hint = "It takes images as they are, so they must be resampled first."
        raise ArgumentError.expected("pixel_scale", allowed, scale, hint)


def check_stack(card: ModelCard, facts: Facts, bands: int) -> None:
    """Refuse a stack whose images, which are all alike, have other bands than the model wants.

    Parameters
    ----------
    card
        The model's.
    facts
        What the caller states, which `check_stated` has let through.
    bands
        How many bands each image has.

    Raises
    ------
    ArgumentError
        If their number is not that of the names stated, or else of the model's; or if they need
        names: three bands of a model of pictures are red, green and blue.

    Examples
    --------
    ``check_stack(card, Facts(), 2)`` raises an error for a model of g, r and i.
    """
    wanted, hint = card.input.bands, f"The model {card.name} wants {_list(card.input.bands)}."
    count = len(facts.bands or wanted)
    if bands != count:
        name = "the number of bands of the images"
        raise ArgumentError.expected(name, f"{count}", bands, f"{hint} See --bands.")
    is_picture = card.input.encoding == "display" and count == len("rgb")
    if facts.bands is None and count > 1 and not is_picture:
        raise ArgumentError(
            f"The input does not name its {count} bands. {hint} Name them in the order of the "
            "input (--bands)."
        )


def check_prepared(card: ModelCard, info: PreparedInfo, *, allow_domain: bool = False) -> None:
    """Refuse a prepared data set whose images are not what the model was trained on.

    Raises
    ------
    ArgumentError
        If bands, encoding, pixel scale or size do not fit.
    """
    wanted = card.input
    hint = f"The model {card.name} was trained so. Prepare the images again."
    if sorted(info.bands) != sorted(wanted.bands):
        name = "the bands of the prepared images"
        raise ArgumentError.expected(name, _list(wanted.bands), _list(info.bands), hint)
    if info.encoding != wanted.encoding and not allow_domain:
        name = "the encoding of the prepared images"
        hint = f"The model {card.name} was trained so. {_DOMAIN_HINT}"
        raise ArgumentError.expected(name, repr(wanted.encoding), info.encoding, hint)
    if wanted.grid.size > info.shape[-1] or (info.shape[-1] - wanted.grid.size) % 2:
        name = "the size of the prepared images"
        allowed = f"{wanted.grid.size} pixels, or an even number more"
        raise ArgumentError.expected(name, allowed, info.shape[-1], hint)
    mine, theirs = wanted.grid.pixel_scale, info.grid.pixel_scale or info.pixel_scale
    if mine is not None and theirs is not None and abs(theirs / mine - 1) > SCALE_FLAGGED:
        name = "the pixel scale of the prepared images"
        allowed = f"{mine:.4g} arcsec/pixel"
        raise ArgumentError.expected(name, allowed, f"{theirs:.4g}", hint)


def fit_to_card(cutout: Cutout, card: ModelCard, *, allow_domain: bool = False) -> Cutout:
    """Check one input on the model's grid; what does not fit becomes a flag.

    Parameters
    ----------
    cutout
        From `toomre.images.loading.load_cutout` with the card's grid and `wanted` bands.
    card
        The model's.
    allow_domain
        Let pictures go to a model of flux, and the reverse, with a warning.

    Returns
    -------
    Cutout
        Bad where the bands have no names (BANDS; three channels of a picture are red, green
        and blue, and need none) or the encoding is another (DTYPE). Warned where the values
        are far from those of the training (RANGE; not looked for where the card does not say what
        those were), the image is of another kind (OOD) or the
        encoding was let through (STRETCH).
    """
    if cutout.pixels is None:
        return cutout
    wanted = card.input
    if len(cutout.pixels) != len(wanted.bands):
        note = f"the input has {len(cutout.pixels)} bands; expected {_list(wanted.bands)}"
        return cutout.flagged(Flag.BANDS, note)
    if _lacks_names(cutout, wanted):
        note = (
            f"the input does not name its {len(wanted.bands)} bands, and the model wants "
            f"{_list(wanted.bands)}; name them in the order of the input (--bands)"
        )
        return cutout.flagged(Flag.BANDS, note)
    if cutout.encoding != wanted.encoding:
        note = f"the pixels are {_SAID[cutout.encoding]}, the model wants {_SAID[wanted.encoding]}"
        if not allow_domain:
            return cutout.flagged(Flag.DTYPE, f"{note} (--allow-domain lets them through)")
        cutout = cutout.flagged(Flag.STRETCH, note)
    return _like_training(_within_range(cutout, card), card)


def fits_card(
    read: Cutout, checked: Cutout, card: ModelCard, *, allow_domain: bool = False
) -> bool | None:
    """Say whether an input has the bands and the encoding that a model was trained on.

    A defect of the pixels, such as a blank image, does not count.

    Parameters
    ----------
    read
        The input as it was read.
    checked
        The same on the model's grid, from `fit_to_card`.
    card, allow_domain
        As for `fit_to_card`.

    Returns
    -------
    bool or None
        None where the input could not be read, so that nobody knows.

    Examples
    --------
    A file of the bands g and r gives False for a model of g, r and i; an empty file gives None.
    """
    if checked.flags & Flag.BANDS:
        return False
    if read.pixels is None:
        return None
    if _lacks_names(checked, card.input):
        return False
    return allow_domain or checked.encoding == card.input.encoding


def _lacks_names(cutout: Cutout, wanted: InputCard) -> bool:
    is_picture = cutout.encoding == wanted.encoding == "display" and len(wanted.bands) == 3
    return cutout.bands is None and len(wanted.bands) > 1 and not is_picture


_SAID = {"linear": "flux (linear)", "display": "a picture's (display, 0 to 255)"}
_DOMAIN_HINT = "Scores of other images mean little; to get them all the same: --allow-domain."


def _within_range(cutout: Cutout, card: ModelCard) -> Cutout:
    known, wanted = known_pixels(card), card.input
    if known is not None:
        cutout = range_flag(cutout, known.mean, known.std)
    if cutout.pixels is None or (known is not None and not cutout.flags & Flag.RANGE):
        return cutout
    mean = np.asarray(wanted.mean)[:, None, None]
    reach = _LARGEST * np.asarray(wanted.std)[:, None, None]
    pixels = np.clip(cutout.pixels, mean - reach, mean + reach).astype(np.float32)
    return replace(cutout, pixels=pixels)


def _like_training(cutout: Cutout, card: ModelCard) -> Cutout:
    if cutout.pixels is None or card.novelty is None:
        return cutout
    known = card.novelty
    found = image_statistics(cutout.pixels[np.newaxis], card.input.mean, card.input.std)
    distance = float(novelty_of(known).distance(found)[0])
    if distance <= known.limit:
        return cutout
    note = f"unlike the training images: distance {distance:.1f}, at most {known.limit:.1f}"
    return cutout.flagged(Flag.OOD, note)


def _list(bands: tuple[str, ...]) -> str:
    return ",".join(bands)
