"""From noiseless light to what a survey would have seen of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from toomre.errors import ArgumentError
from toomre.images.noise import (
    add_noise,
    sigma_for_brightness_limit,
    sigma_for_point_depth,
    sigma_for_signal_to_noise,
)
from toomre.images.psf import PSF, Edge, blur
from toomre.images.rebin import rebin
from toomre.mocks import sdss_picture
from toomre.mocks.brushes import Canvas
from toomre.mocks.field import chance_field
from toomre.mocks.placing import InputFacts, Placed, place
from toomre.surveys.sdss import SDSS
from toomre.surveys.survey import Band, Survey

__all__ = [
    "Noise",
    "ObservePlan",
    "cut_sky",
    "observe",
    "psf_fwhm_of",
    "with_picture_bands",
]

Image = NDArray[np.float64]

#: How the noise is chosen: the survey's depth, a 5 sigma brightness limit [mag/arcsec^2], a mean
#: signal-to-noise ratio of the galaxy's pixels, or none.
Noise = Literal["depth", "brightness", "signal_to_noise", "none"]

# Input pixels smaller than this part of the FWHM are joined to pairs or more first: it changes
# the width by less than 0.2 % and saves much time.
_FINEST = 1 / 12
# Objects fainter than the depth by this much are still drawn [mag].
_BELOW_DEPTH = 0.5
_TRIES = 200


@dataclass(frozen=True)
class ObservePlan:
    """How noiseless images are observed.

    Attributes
    ----------
    bands
        The survey's band through which each plane of the input is seen, in order.
    size
        Pixels on a side of the result.
    redshift, spectral_slope
        Where the galaxy is put; see `toomre.mocks.placing.place`.
    noise, level
        The kind of noise, and its level where the kind needs one.
    pixel_scale, psf_fwhm
        Other values than the survey's [arcsec/pixel], [arcsec].
    seeing
        Scatter of the width from one observation to the next [natural logarithm].
    edge
        What lies beyond the input.
    field
        Add stars and galaxies that lie there by chance.
    picture
        Make an 8-bit colour picture as the SDSS shows them, after JPEG compression. Its noise is
        that of the survey's pictures.

    Examples
    --------
    >>> ObservePlan(("g", "r", "i"), noise="brightness", level=25.0).size
    75
    """

    bands: tuple[str, ...]
    size: int = 75
    redshift: float | None = None
    spectral_slope: float = -1.0
    noise: Noise = "depth"
    level: float | None = None
    pixel_scale: float | None = None
    psf_fwhm: float | None = None
    seeing: float = 0.0
    edge: Edge = "zero"
    field: bool = False
    picture: bool = False

    def __post_init__(self) -> None:
        if self.size < 8:
            raise ArgumentError.expected("size", "at least 8 pixels", self.size)
        if self.noise not in {"depth", "brightness", "signal_to_noise", "none"}:
            allowed = "'depth', 'brightness', 'signal_to_noise' or 'none'"
            raise ArgumentError.expected("noise", allowed, self.noise)
        if (self.level is not None) != (self.noise in {"brightness", "signal_to_noise"}):
            allowed = "a number for the noise 'brightness' and 'signal_to_noise', else None"
            raise ArgumentError.expected("level", allowed, self.level)
        if self.picture and self.noise not in {"depth", "none"}:
            raise ArgumentError.expected("noise", "'depth' or 'none' for a picture", self.noise)
        missing = set(sdss_picture.BANDS) - set(self.bands)
        if self.picture and missing:
            raise ArgumentError.expected("bands", "with g, r and i for a picture", self.bands)


def observe(
    flux: NDArray[np.floating],
    facts: InputFacts,
    survey: Survey,
    plan: ObservePlan,
    rng: np.random.Generator,
    sky: NDArray[np.floating] | None = None,
) -> NDArray[np.float32]:
    """Observe noiseless light with a survey.

    In order: place at a redshift, blur, rebin, add the field, add noise or a piece of real sky,
    and, if wanted, stretch to a picture.

    Parameters
    ----------
    flux
        Array of shape (band, y, x), without noise and sky.
    facts
        Its unit, pixel scale and redshift.
    survey
        From `toomre.surveys.tables.SURVEYS`, or one's own.
    plan
        What to do.
    rng
        The same state gives the same observation.
    sky
        A frame of the survey (band, y, x) [nJy/pixel] at its pixel scale, NaN where masked. A
        random piece of it takes the place of the noise.

    Returns
    -------
    Array of shape (band, size, size) [nJy/pixel]; or (3, size, size), 0 to 255, in i, r and g
    for a picture. The first row stays the first row.

    Raises
    ------
    ArgumentError
        If bands, redshift or shapes do not fit, or a signal-to-noise ratio is asked for of an
        image without light.

    Examples
    --------
    >>> from toomre.surveys.tables import SURVEYS
    >>> plan = ObservePlan(("r",), size=32, noise="none")
    >>> light = np.zeros((1, 64, 64))
    >>> light[0, 30:34, 30:34] = 10.0
    >>> facts, rng = InputFacts(0.1, unit="nJy"), np.random.default_rng(1)
    >>> seen = observe(light, facts, SURVEYS["hsc"], plan, rng)
    >>> seen.shape, round(float(seen.sum()), 1)
    ((1, 32, 32), 159.8)
    """
    flux = _checked(flux, plan)
    bands = _seen_through(survey.choose(plan.bands), plan, rng)
    placed = place(facts, plan.redshift, plan.spectral_slope)
    scale = plan.pixel_scale or survey.pixel_scale
    light = np.stack(
        [
            _sharpness(plane, placed, _psf(survey, band, plan), (scale, plan))
            for plane, band in zip(flux, bands, strict=True)
        ]
    )
    sigma = [_sigma(plane, band, survey, plan) for plane, band in zip(light, bands, strict=True)]
    if plan.field:
        light += _field(survey, bands, plan, rng)
    if sky is not None:
        light += cut_sky(sky, len(bands), plan.size, rng)
    if plan.picture:
        return _picture(light, plan, scale, None if sky is not None else rng)
    if sky is None:
        light = add_noise(light, sigma, rng)
    return light.astype(np.float32)


def cut_sky(
    sky: NDArray[np.floating], bands: int, size: int, rng: np.random.Generator
) -> NDArray[np.floating]:
    """Cut a random square without masked pixels from a frame (band, y, x).

    Raises
    ------
    ArgumentError
        If the frame has other bands, is too small, or is masked almost everywhere.

    Examples
    --------
    >>> cut_sky(np.ones((2, 40, 50)), 2, 16, np.random.default_rng(1)).shape
    (2, 16, 16)
    """
    if sky.ndim != 3 or len(sky) != bands or min(sky.shape[1:]) < size:
        allowed = f"of shape ({bands}, y, x) with at least {size} pixels on a side"
        raise ArgumentError.expected("sky", allowed, sky.shape)
    for _ in range(_TRIES):
        row, column = (int(rng.integers(length - size + 1)) for length in sky.shape[1:])
        piece = sky[:, row : row + size, column : column + size]
        if np.isfinite(piece).all():
            return piece
    raise ArgumentError.expected("sky", "a frame with unmasked squares", f"none in {_TRIES} tries")


def with_picture_bands(plan: ObservePlan) -> tuple[str, ...]:
    """Return the bands of the result in order.

    Examples
    --------
    >>> with_picture_bands(ObservePlan(("g", "r", "i"), picture=True))
    ('i', 'r', 'g')
    """
    return sdss_picture.BANDS if plan.picture else plan.bands


def psf_fwhm_of(survey: Survey, plan: ObservePlan) -> tuple[float, ...]:
    """Return the FWHM of a star in each band of the result, in order [arcsec].

    It is that of the survey, or of the plan, in the middle of its scatter; what blur the light
    had before is not in it.

    Examples
    --------
    >>> from toomre.surveys.tables import SURVEYS
    >>> psf_fwhm_of(SURVEYS["hsc"], ObservePlan(("r", "g")))
    (0.75, 0.79)
    """
    bands = survey.choose(with_picture_bands(plan))
    return tuple(plan.psf_fwhm or band.psf_fwhm for band in bands)


def _checked(flux: NDArray[np.floating], plan: ObservePlan) -> Image:
    light: Image = np.asarray(flux, dtype=np.float64)
    if light.ndim != 3 or len(light) != len(plan.bands) or 0 in light.shape:
        allowed = f"of shape ({len(plan.bands)}, y, x), a plane for each of the plan's bands"
        raise ArgumentError.expected("flux", allowed, light.shape)
    if not np.isfinite(light).all():
        raise ArgumentError.expected("flux", "finite everywhere", "NaN or infinity in it")
    return light


def _seen_through(
    bands: tuple[Band, ...], plan: ObservePlan, rng: np.random.Generator
) -> tuple[Band, ...]:
    """Return the bands with the sharpness of one night, in steps so that stamps are kept."""
    if plan.seeing == 0:
        return bands
    step = plan.seeing / 3
    factor = np.exp(step * round(float(np.clip(rng.normal(), -2, 2.5)) * 3))
    return tuple(replace(band, psf_fwhm=factor * band.psf_fwhm) for band in bands)


def _psf(survey: Survey, band: Band, plan: ObservePlan) -> PSF:
    return PSF(plan.psf_fwhm or band.psf_fwhm, survey.profile)


def _sharpness(plane: Image, placed: Placed, psf: PSF, output: tuple[float, ObservePlan]) -> Image:
    """Blur one plane and bring it to the survey's pixels; blur on the finer of the two grids."""
    scale, plan = output
    fine = placed.pixel_scale
    join = int(_FINEST * psf.fwhm / fine)
    if join > 1:
        size = -(-max(plane.shape) // join)
        plane, fine = rebin(plane, fine, fine * join, size), fine * join
    if fine < scale:
        plane = _widened(plane, int(np.ceil(plan.size * scale / fine)), plan.edge)
        seen = rebin(blur(plane, psf, fine, plan.edge), fine, scale, plan.size)
    else:
        seen = blur(rebin(plane, fine, scale, plan.size), psf, scale, plan.edge)
    return placed.factor * seen


def _widened(plane: Image, size: int, edge: Edge) -> Image:
    """Pad a plane to at least the output's frame, so that light may spread there."""
    pads = [(max(-(-(size - length) // 2), 0),) * 2 for length in plane.shape]
    return np.pad(plane, pads, mode="edge" if edge == "nearest" else "constant")


def _sigma(light: Image, band: Band, survey: Survey, plan: ObservePlan) -> float:
    """Return the noise of a pixel in one band [nJy]."""
    scale = plan.pixel_scale or survey.pixel_scale
    fwhm = plan.psf_fwhm or band.psf_fwhm
    if plan.noise == "none" or plan.picture:
        return 0.0
    if plan.noise == "signal_to_noise" and plan.level is not None:
        return sigma_for_signal_to_noise(light, plan.level)
    if plan.noise == "brightness" and plan.level is not None:
        return sigma_for_brightness_limit(plan.level, scale, fwhm)
    if survey.depth_of == "surface":
        return sigma_for_brightness_limit(band.depth, scale, fwhm)
    return sigma_for_point_depth(band.depth, scale, fwhm)


def _field(
    survey: Survey, bands: Sequence[Band], plan: ObservePlan, rng: np.random.Generator
) -> Image:
    scale = plan.pixel_scale or survey.pixel_scale
    faintest = max(band.depth for band in bands) + _BELOW_DEPTH
    objects = chance_field(Canvas(plan.size, scale), bands, faintest, rng)
    planes = zip(objects, bands, strict=True)
    return np.stack([blur(plane, _psf(survey, band, plan), scale) for plane, band in planes])


def _picture(
    light: Image, plan: ObservePlan, scale: float, rng: np.random.Generator | None
) -> NDArray[np.float32]:
    """Develop a picture; without `rng` the noise is in the light already."""
    places = [plan.bands.index(band) for band in sdss_picture.BANDS]
    shown = light[places] / SDSS.nanojansky
    if rng is not None and plan.noise != "none":
        shown = shown + sdss_picture.sky_noise(plan.size, scale, rng)
    return sdss_picture.as_jpeg(sdss_picture.develop(shown)).astype(np.float32)
