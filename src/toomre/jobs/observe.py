"""`toomre.observe`: noiseless images become what a survey would have seen of them."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from toomre.errors import ArgumentError, ToomreError
from toomre.images.cutout import Cutout
from toomre.images.flags import Flag
from toomre.images.grid import Grid
from toomre.images.reading import read_cutout
from toomre.jobs.noiseless import Noiseless, from_files, from_prepared
from toomre.jobs.provenance import now
from toomre.lookup import lookup
from toomre.mocks import observing
from toomre.mocks.observing import ObservePlan
from toomre.mocks.placing import InputFacts
from toomre.preparation.inputs import Source, escape_name
from toomre.preparation.prepared import PreparedSet
from toomre.preparation.split import SplitOptions
from toomre.preparation.writing import Plan, Progress, write_prepared
from toomre.surveys.survey import Survey
from toomre.surveys.tables import SURVEYS

__all__ = ["ObserveOptions", "image_rng", "observe"]


@dataclass(frozen=True)
class ObserveOptions:
    """What `observe` may be told besides how to observe.

    Attributes
    ----------
    catalog
        Table with one row an image, for inputs that are no prepared set.
    input_bands
        Names of the input's bands that are seen through the plan's, in the same order; None
        where they have the same names (or, in files without names, the same order).
    sky
        A frame of the survey, in its counts, whose pieces take the place of noise.
    split
        How to split inputs that are no prepared set; a prepared set's split is kept.
    seed
        Of noise, field and pieces of sky. An image's own numbers follow from the seed and its
        id alone.
    overwrite
        Replace a finished data set.
    """

    catalog: Path | None = None
    input_bands: tuple[str, ...] | None = None
    sky: Path | None = None
    split: SplitOptions = SplitOptions()
    seed: int = 0
    overwrite: bool = False


def observe(
    source: Source | Path | str,
    out: Path | str,
    survey: Survey | str,
    plan: ObservePlan,
    *,
    facts: InputFacts = InputFacts(),
    options: ObserveOptions = ObserveOptions(),
    progress: Progress | None = None,
) -> PreparedSet:
    """Observe noiseless images with a survey; the result is the prepared twin of the input.

    Parameters
    ----------
    source
        A prepared set, or a folder of FITS files or arrays, an image, or a stack.
    out
        The folder to make; it is written whole or not at all.
    survey
        A survey, or its name in `SURVEYS`.
    plan
        How to observe.
    facts
        Unit, pixel scale and redshift of the input, over what it says of itself: a prepared set
        its unit and pixel scale, a FITS file its pixel scale, the catalogue the redshift.
    options
        Everything else.
    progress
        Called after each image with the number done and the number of all.

    Returns
    -------
    PreparedSet
        With the input's ids, labels, galaxies and split; linear images in nJy, or pictures.
        An input that cannot be observed is bad, with its reason.

    Raises
    ------
    MissingFileError
        If there is no input.
    ArgumentError
        If bands, unit or pixel scale are not known, or no image can be used.
    OutputExistsError, OutputError
        If the output is there already, or cannot be written.
    """
    survey = lookup(SURVEYS, survey, "survey") if isinstance(survey, str) else survey
    survey.choose(plan.bands)
    source = source if isinstance(source, Source) else Source(Path(source))
    wanted = options.input_bands or plan.bands
    if len(wanted) != len(plan.bands):
        raise ArgumentError.expected("input_bands", f"{len(plan.bands)} bands", wanted)
    if (Path(source.path) / "dataset.json").is_file():
        inputs = from_prepared(PreparedSet.open(source.path), wanted, facts)
    else:
        inputs = from_files(source, wanted, facts, options.catalog)
    task = _Task(survey, plan, options.seed, _sky(options.sky, survey, plan))
    table = inputs.table
    if plan.redshift is not None:
        table = table.assign(redshift_input=table["redshift"], redshift=plan.redshift)
    scale = plan.pixel_scale or survey.pixel_scale
    write_prepared(
        Path(out),
        table,
        _observed(inputs, task),
        Plan(
            grid=Grid(size=plan.size, crop=plan.size, native_pixel_scale=scale),
            split=options.split,
            command=_command(source, out, survey, (plan, facts, options)),
            created=now(),
            unit="" if plan.picture else "nJy",
            psf_fwhm=observing.psf_fwhm_of(survey, plan),
            given=inputs.split,
        ),
        overwrite=options.overwrite,
        progress=progress,
    )
    return PreparedSet.open(out)


def image_rng(seed: int, image_id: str) -> np.random.Generator:
    """Return the generator of one image; it depends on the seed and the image's id alone.

    Examples
    --------
    >>> int(image_rng(1, "a").integers(1000)) == int(image_rng(1, "a").integers(1000))
    True
    """
    number = int.from_bytes(hashlib.sha256(image_id.encode()).digest()[:8], "little")
    return np.random.default_rng([seed, number])


class _Task(NamedTuple):
    survey: Survey
    plan: ObservePlan
    seed: int
    sky: NDArray[np.float64] | None


def _observed(inputs: Noiseless, task: _Task) -> Iterator[Cutout]:
    rows = zip(inputs.cutouts, inputs.table["image_id"], inputs.table["redshift"], strict=True)
    for cutout, image_id, redshift in rows:
        if cutout.pixels is None:
            yield cutout
            continue
        try:
            yield _observe(cutout, _facts_of(cutout, inputs.facts, redshift), task, str(image_id))
        except ToomreError as error:  # one input must never stop the run
            yield Cutout.bad(Flag.UNREADABLE, str(error))


def _facts_of(cutout: Cutout, facts: InputFacts, redshift: float) -> InputFacts:
    stated = float(redshift) if np.isfinite(redshift) and redshift > 0 else None
    return replace(
        facts,
        pixel_scale=facts.pixel_scale or cutout.pixel_scale,
        redshift=stated if facts.redshift is None else facts.redshift,
    )


def _observe(cutout: Cutout, facts: InputFacts, task: _Task, image_id: str) -> Cutout:
    pixels = cutout.pixels
    if pixels is None or cutout.encoding != "linear":
        return Cutout.bad(Flag.DTYPE, "the input is a picture; expected linear flux")
    rng = image_rng(task.seed, image_id)
    seen = observing.observe(pixels, facts, task.survey, task.plan, rng, task.sky)
    return replace(
        cutout,
        pixels=seen,
        bands=observing.with_picture_bands(task.plan),
        pixel_scale=task.plan.pixel_scale or task.survey.pixel_scale,
        encoding="display" if task.plan.picture else "linear",
    )


def _sky(path: Path | None, survey: Survey, plan: ObservePlan) -> NDArray[np.float64] | None:
    """Read a frame of the survey [nJy/pixel]."""
    if path is None:
        return None
    frame = read_cutout(path, bands=plan.bands)
    if frame.pixels is None:
        raise ArgumentError(f"The frame of sky {path} cannot be used: {frame.reason}")
    return frame.pixels.astype(np.float64) * survey.nanojansky


def _command(
    source: Source,
    out: Path | str,
    survey: Survey,
    told: tuple[ObservePlan, InputFacts, ObserveOptions],
) -> str:
    """Return the command line that does the same."""
    plan, facts, options = told
    wanted = options.input_bands or plan.bands
    words = {
        "--survey": survey.name,
        "--out": out,
        "--band-map": ",".join(f"{a}={b}" for a, b in zip(wanted, plan.bands, strict=True)),
        "--size": plan.size,
        "--move-to": plan.redshift,
        "--spectral-slope": plan.spectral_slope,
        "--noise": plan.noise,
        "--level": plan.level,
        "--out-pixel-scale": plan.pixel_scale,
        "--psf-fwhm": plan.psf_fwhm,
        "--edge": plan.edge,
        "--pixel-scale": facts.pixel_scale,
        "--length": facts.length,
        "--redshift": facts.redshift,
        "--unit": facts.unit,
        "--catalog": options.catalog,
        "--pattern": source.pattern,
        "--sky": options.sky,
        "--seed": options.seed,
    }
    switches = {"--field": plan.field, "--picture": plan.picture, "--overwrite": options.overwrite}
    told_words = [
        word for name, value in words.items() if value is not None for word in (name, str(value))
    ]
    command = ["toomre", "observe", str(source.path), *told_words]
    command += [name for name, on in switches.items() if on]
    return shlex.join(escape_name(word) for word in command)
