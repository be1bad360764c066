"""How the images of each domain become network input, and whether the domains fit together."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from toomre.datasets.normalisation import Normalisation
from toomre.datasets.unlabelled import UnlabelledImages
from toomre.errors import ArgumentError
from toomre.images.resample import SCALE_FLAGGED
from toomre.inference.scoring import StoredImages
from toomre.inference.store import CARD_FILE, model_folder, open_model
from toomre.networks.card import ModelCard
from toomre.networks.imagenet import imagenet_input
from toomre.preparation.prepared import PreparedInfo, PreparedSet
from toomre.recipe import Adaptation, Recipe, Transfer
from toomre.training.batch_norm import Domain

__all__ = [
    "check_options",
    "check_start",
    "check_target",
    "normalisations",
    "start_sha256",
    "target_images",
]


def target_images(
    target: PreparedSet | Path | str | None, recipe: Recipe
) -> UnlabelledImages | None:
    """Take the images of a target, if there is one; from here on nothing knows its labels."""
    if target is None:
        return None
    return UnlabelledImages.of(PreparedSet.of(target), recipe.adaptation.target_part, recipe.seed)


def start_sha256(start: Path | str | None) -> str | None:
    """Return the SHA-256 of the weights that a training starts from, if it starts from any."""
    return None if start is None else open_model(start).card.weights_sha256


def check_options(recipe: Recipe, target: object | None, start: object | None) -> None:
    """Refuse a recipe that speaks of a target or of a start that is not given.

    Raises
    ------
    ArgumentError
        Naming the entry of the recipe.
    """
    looking = [metric for metric in recipe.metrics if metric.startswith("target_")]
    if target is None and looking:
        raise ArgumentError(
            f"The recipe, or a stage of it, goes by {looking[0]}, which needs images of a target "
            "domain. Give them (--target), or take another `selection.metric` (and "
            "`schedule.plateau.metric`)."
        )
    if target is None and recipe.calibration.threshold == "target_mixture":
        raise ArgumentError(
            "The recipe takes the threshold from a target domain (target_mixture). Give one "
            "(--target), or choose by another `calibration.threshold`."
        )
    if target is None and recipe.adaptation != Adaptation():
        raise ArgumentError(
            "The recipe has a section [adaptation], but there is no target domain. Give one "
            "(--target), or leave the section out."
        )
    transfer = recipe.transfer
    if recipe.stage or "pretrained" in recipe.backbone.options:
        # What is frozen may be public weights, or what an earlier stage has learnt.
        kept = {name: getattr(Transfer(), name) for name in ("freeze", "frozen_batch_norm")}
        transfer = transfer.model_copy(update=kept)
    if start is None and transfer != Transfer():
        raise ArgumentError(
            "The recipe has a section [transfer], but nothing to start from. Give a run or a "
            "model (--start), or leave the section out."
        )


def check_target(source: PreparedInfo, target: PreparedInfo, *, per_domain: bool = False) -> None:
    """Refuse domains whose images cannot go through one network.

    Parameters
    ----------
    source, target
        What the images are.
    per_domain
        Whether each domain is normalised by itself: then flux may meet pictures, as in the
        published DeepMerge II.

    Raises
    ------
    ArgumentError
        If bands, their order, encoding or pixel scale differ.
    """
    hint = "Prepare both domains alike."
    for name in ("bands",) if per_domain else ("bands", "encoding"):
        wanted, found = getattr(source, name), getattr(target, name)
        if wanted != found:
            allowed = f"the source's, {wanted}"
            raise ArgumentError.expected(f"the target's {name}", allowed, found, hint)
    mine, theirs = (info.grid.pixel_scale or info.pixel_scale for info in (source, target))
    if mine and theirs and abs(theirs / mine - 1) > SCALE_FLAGGED:
        allowed = f"within 2 % of the source's {mine:.4g} arcsec/pixel"
        raise ArgumentError.expected("the target's pixel scale", allowed, theirs, hint)


def check_start(start: ModelCard, info: PreparedInfo) -> None:
    """Refuse to go on from a model of other images.

    As many bands of another survey are let through, as in the published DeepMerge II.

    Raises
    ------
    ArgumentError
        If encoding, the number of bands or the order of the same bands differ.
    """
    hint = f"The training is to start from the model {start.name}."
    wanted, found = start.input.bands, info.bands
    if len(wanted) != len(found) or (wanted != found and set(wanted) & set(found)):
        raise ArgumentError.expected("the bands of the images", str(wanted), found, hint)
    if start.input.encoding != info.encoding:
        name = "the encoding of the images"
        raise ArgumentError.expected(name, start.input.encoding, info.encoding, hint)


def normalisations(
    recipe: Recipe,
    source: StoredImages,
    rows: NDArray[np.intp],
    target: UnlabelledImages | None,
    start: Path | str | None,
) -> dict[Domain, Normalisation]:
    """Return how to normalise the source and, if there is one, the target.

    Statistics come from training rows alone, or from the model that the training starts from;
    of pictures they may be fixed: what public weights expect, or 0 and 255.

    Raises
    ------
    ArgumentError
        If the recipe fixes them, or changes the look of pictures, and the images are none.
    """
    domains: tuple[Domain, ...] = ("source",) if target is None else ("source", "target")
    per_domain = recipe.adaptation.normalisation == "per_domain"
    if start is not None and recipe.transfer.normalisation == "inherited":
        return {domain: _inherited(start, domain if per_domain else "target") for domain in domains}
    found = dict.fromkeys(domains, _measured(recipe, source, rows))
    if target is not None and per_domain:
        found["target"] = _measured(recipe, target, target.train)
    return found


def _inherited(start: Path | str, domain: Domain) -> Normalisation:
    card = ModelCard.read(model_folder(start, domain) / CARD_FILE)
    return Normalisation(card.input.mean, card.input.std, card.input.stretch)


def _measured(recipe: Recipe, stored: StoredImages, rows: NDArray[np.intp]) -> Normalisation:
    if recipe.augmentation.appearance and stored.info.encoding != "display":
        allowed = "0 for images that are not pictures from 0 to 255"
        raise ArgumentError.expected(
            "augmentation.appearance", allowed, recipe.augmentation.appearance
        )
    if recipe.input.normalisation == "measured":
        plan = recipe.input
        return Normalisation.measure(stored.images, rows, plan.size, plan.stretch)
    if stored.info.encoding != "display":
        raise ArgumentError.expected(
            "input.normalisation",
            "'measured' for images that are not pictures from 0 to 255",
            recipe.input.normalisation,
        )
    bands = len(stored.info.bands)
    if recipe.input.normalisation == "unit":
        return Normalisation.unit(bands, recipe.input.stretch)
    mean, std = imagenet_input(recipe.backbone.name, bands)
    return Normalisation(mean, std, recipe.input.stretch)
