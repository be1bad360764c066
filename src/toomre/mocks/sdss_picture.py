"""The look of an SDSS colour cutout: its sky, its blur, its noise and its colour stretch.

The numbers are those of the Sloan Digital Sky Survey's imaging and of its public colour
pictures; the source stands beside each.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image as Picture
from scipy.ndimage import gaussian_filter

from toomre.images.noise import sigma_for_point_depth
from toomre.images.psf import PSF, blur
from toomre.mocks.brushes import Canvas, Ellipse, point, sersic
from toomre.surveys.sdss import SDSS

__all__ = [
    "BANDS",
    "DEPTH",
    "EARLY",
    "JPEG_QUALITY",
    "LATE",
    "PIXEL_SCALE",
    "PSF_FWHM",
    "ZEROPOINT",
    "Colour",
    "as_jpeg",
    "background",
    "develop",
    "light_of",
    "photograph",
    "sky_noise",
    "undevelop",
]

Image = NDArray[np.float64]

#: Bands that are shown as red, green and blue (SkyServer's image cutout service).
BANDS = ("i", "r", "g")
#: Pixel scale [arcsec/pixel].
PIXEL_SCALE = SDSS.pixel_scale
#: Median width of the point spread function in r [arcsec] (SDSS, "Scope of the imaging survey").
PSF_FWHM = 1.3
#: Magnitude of a flux of 1 nanomaggy [mag].
ZEROPOINT = SDSS.zeropoint
#: Magnitude of a star that is seen with 5 sigma [mag].
DEPTH: Mapping[str, float] = {band.name: band.depth for band in SDSS.choose(BANDS)}
#: Quality of the JPEG files (their quantisation tables are the usual ones for 75, chroma halved).
JPEG_QUALITY = 75

# Power of the Moffat (1969) profile's wings; 3 to 4 in SDSS frames.
_MOFFAT_BETA = 3.5
# The service resamples its frames, which joins the noise of neighbouring pixels: sigma [pixel] of
# a Gaussian that, with JPEG, gives their correlation in sky without objects (0.78, 0.44 and 0.20
# at 1, 2 and 3 pixels), the noise before it over that of a frame, and how it differs from picture
# to picture [natural logarithm].
_RESAMPLING, _NOISE_OVER_FRAME, _NOISE_SCATTER = 1.02, 0.72, 0.15
# Part of the noise's variance that the three colours have in common: the pictures were JPEG files
# with fewer pixels of colour than of light before.
_NOISE_JOINT = 0.10
# Stretch of Lupton et al. (2004, PASP 116, 133), fitted to SDSS cutouts without regard to what
# they show: galaxies of known magnitude, their peaks and the sky.
_SOFTENING = 6.45
_RANGE = 0.413  # [nanomaggy/pixel]
_SLOPE = 25.5 / np.arcsinh(0.1 * _SOFTENING)
_BAND_WEIGHT: Mapping[str, float] = {"i": 0.80, "r": 1.00, "g": 1.26}
# Above this value the brightest of the three colours rises ever more slowly: the pictures have
# no flat white or orange discs.
_SHOULDER = 195.0
# The largest value whose light can be told back.
_BRIGHTEST = 240.0
# What shows as black: the sky's median is a little above it [nanomaggy/pixel, weighted].
_BLACK: Mapping[str, float] = {"i": -0.0055, "r": -0.0033, "g": -0.0033}
# Light that the sky's subtraction left: its mean and its slope across a picture
# [nanomaggy/pixel, weighted], in a part of the pictures.
_LEFT_OVER, _LEFT_SHARE = 0.005, 0.3

# Counts at high galactic latitude [1/arcmin^2], down to the magnitude in r where they blend
# into the noise, and their slope [dex/mag]: galaxies after Yasuda et al. (2001, AJ 122, 1104),
# stars after Chen et al. (2001, ApJ 553, 184); rounded.
_FAINTEST = 22.0
_GALAXIES, _GALAXY_SLOPE, _GALAXY_BRIGHTEST = 4.0, 0.40, 17.0
_STARS, _STAR_SLOPE, _STAR_BRIGHTEST = 1.3, 0.15, 13.0


class Colour(NamedTuple):
    """Two colours of an object [mag]."""

    g_r: float
    r_i: float


#: Typical colours at redshift 0.07: old stars, and discs that form stars (Strateva et al.
#: 2001, AJ 122, 1861; Blanton et al. 2003, ApJ 594, 186).
EARLY = Colour(0.92, 0.42)
LATE = Colour(0.38, 0.18)


def light_of(shape: Image, magnitude: float, colour: Colour) -> Image:
    """Return the flux [nanomaggy/pixel] of a shape of total 1 in i, r and g, (3, y, x).

    Examples
    --------
    >>> light_of(np.ones((1, 1)), 22.5, Colour(0.0, 0.0)).ravel().tolist()
    [1.0, 1.0, 1.0]
    """
    magnitudes = np.array([magnitude - colour.r_i, magnitude, magnitude + colour.g_r])
    flux: Image = 10 ** (0.4 * (ZEROPOINT - magnitudes))
    return flux[:, None, None] * shape


def background(canvas: Canvas, rng: np.random.Generator) -> Image:
    """Draw the stars and far galaxies that a field of SDSS holds by chance.

    Returns
    -------
    Flux before the blur [nanomaggy/pixel], (3, y, x) in i, r and g.
    """
    flux = np.zeros((3, canvas.size, canvas.size))
    area = (canvas.side / 60) ** 2
    for _ in range(rng.poisson(area * _GALAXIES)):
        x, y = rng.uniform(-0.5, 0.5, 2) * canvas.side
        radius, axis_ratio = rng.lognormal(np.log(0.6), 0.4), rng.uniform(0.4, 1)
        ellipse = Ellipse(x, y, radius, axis_ratio, rng.uniform(0, 180))
        colour = Colour(rng.normal(0.9, 0.35), rng.normal(0.45, 0.2))
        magnitude = _magnitude(rng, _GALAXY_BRIGHTEST, _GALAXY_SLOPE)
        flux += light_of(sersic(canvas, ellipse, index=1), magnitude, colour)
    for _ in range(rng.poisson(area * _STARS)):
        x, y = rng.uniform(-0.5, 0.5, 2) * canvas.side
        magnitude = _magnitude(rng, _STAR_BRIGHTEST, _STAR_SLOPE)
        flux += light_of(point(canvas, x, y), magnitude, _stellar_colour(rng))
    return flux


def photograph(flux: Image, canvas: Canvas, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Blur light as the atmosphere does, add the sky's noise, and stretch it for a screen.

    Parameters
    ----------
    flux
        Array of shape (3, y, x) in i, r and g [nanomaggy/pixel].
    canvas
        Its square of sky.
    rng
        For the noise.

    Returns
    -------
    Red, green and blue, (3, y, x), 0 to 255.
    """
    blurred = blur(flux, PSF(PSF_FWHM, "moffat", _MOFFAT_BETA), canvas.pixel_scale)
    return develop(blurred + sky_noise(canvas.size, canvas.pixel_scale, rng))


def sky_noise(size: int, pixel_scale: float, rng: np.random.Generator) -> Image:
    """Draw the noise of a picture's sky [nanomaggy/pixel], (3, size, size) in i, r and g.

    Neighbouring pixels share some of it, so that it is quieter than that of the survey's frames.
    """
    scatter = _NOISE_OVER_FRAME * rng.lognormal(0, _NOISE_SCATTER)
    own = rng.standard_normal((len(BANDS), size, size))
    joint = np.sqrt(1 - _NOISE_JOINT) * own + np.sqrt(_NOISE_JOINT) * rng.standard_normal(
        (size, size)
    )
    sigma = np.array([scatter * _frame_noise(band, pixel_scale) for band in BANDS])
    noise: Image = gaussian_filter(sigma[:, None, None] * joint, (0, _RESAMPLING, _RESAMPLING))
    if rng.uniform() < _LEFT_SHARE:
        axis = np.linspace(-1, 1, size)
        tilt = rng.uniform(-1, 1, 2)
        plane = rng.exponential(_LEFT_OVER) * (1 + tilt[0] * axis + tilt[1] * axis[:, None])
        tint = rng.lognormal(0, 0.12, 3) / list(_BAND_WEIGHT.values())
        noise += tint[:, None, None] * plane
    return noise


def develop(flux: Image) -> NDArray[np.uint8]:
    """Stretch observed light for a screen as the survey's pictures are (Lupton et al. 2004).

    Parameters
    ----------
    flux
        Array of shape (3, y, x) in i, r and g [nanomaggy/pixel], with blur and noise.

    Returns
    -------
    Red, green and blue, (3, y, x), 0 to 255.

    Examples
    --------
    >>> develop(np.full((3, 1, 1), 0.1)).ravel().tolist()
    [43, 52, 65]
    """
    shown = [_BAND_WEIGHT[band] * light for band, light in zip(BANDS, flux, strict=True)]
    black = [_BLACK[band] for band in BANDS]
    seen = np.stack(shown) - np.array(black)[:, None, None]
    mean = np.maximum(seen.mean(axis=0), 1e-12)
    # As astropy's make_lupton_rgb, but for the shoulder.
    level = _SLOPE * np.arcsinh(mean * _SOFTENING / _RANGE)
    values = np.maximum(seen, 0) * (level / mean)
    most = np.maximum(values.max(axis=0), 1e-12)
    room = 255 - _SHOULDER
    soft = _SHOULDER + room * -np.expm1(-np.maximum(most - _SHOULDER, 0) / room)
    return np.asarray(values * (np.minimum(most, soft) / most), dtype=np.uint8)


def undevelop(picture: ArrayLike) -> Image:
    """Return the light that `develop` shows as a picture, to the picture's rounding.

    What was darker than black, half of the sky's noise in each colour, is gone; what was JPEG
    keeps its scars; pixels above 240 count as 240, for beyond a step is any light.

    Parameters
    ----------
    picture
        Red, green and blue, (3, y, x), 0 to 255.

    Returns
    -------
    Flux in i, r and g [nanomaggy/pixel], (3, y, x); NaN where the picture is not finite.

    Examples
    --------
    >>> undevelop(develop(np.full((3, 1, 1), 0.1))).ravel().round(2).tolist()
    [0.1, 0.1, 0.1]
    """
    values = np.asarray(picture, dtype=np.float64)
    most = np.maximum(values.max(axis=0), 1e-12)
    room = 255 - _SHOULDER
    over = np.clip(most - _SHOULDER, 0, _BRIGHTEST - _SHOULDER) / room
    values = values * (np.where(over > 0, _SHOULDER - room * np.log1p(-over), most) / most)
    level = np.maximum(values.mean(axis=0), 1e-12)
    seen = values * (np.sinh(level / _SLOPE) * _RANGE / _SOFTENING / level)
    black = np.array([_BLACK[band] for band in BANDS])[:, None, None]
    weight = np.array([_BAND_WEIGHT[band] for band in BANDS])[:, None, None]
    return np.asarray((seen + black) / weight, dtype=np.float64)


def as_jpeg(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return what is left of a colour picture (3, y, x) after it was a JPEG file.

    Examples
    --------
    >>> as_jpeg(np.full((3, 8, 8), 100, np.uint8))[:, 0, 0].tolist()
    [100, 100, 100]
    """
    file = io.BytesIO()
    pixels = np.ascontiguousarray(np.moveaxis(picture, 0, -1))
    Picture.fromarray(pixels).save(file, "JPEG", quality=JPEG_QUALITY)
    return np.ascontiguousarray(np.moveaxis(np.asarray(Picture.open(file)), -1, 0))


def _frame_noise(band: str, pixel_scale: float) -> float:
    """Return the standard deviation of one pixel [nanomaggy] that gives the survey's depth."""
    return sigma_for_point_depth(DEPTH[band], pixel_scale, PSF_FWHM) / SDSS.nanojansky


def _magnitude(rng: np.random.Generator, brightest: float, slope: float) -> float:
    """Draw a magnitude in r from counts that rise by `slope` [dex/mag] to the faintest."""
    low = 10 ** (slope * (brightest - _FAINTEST))
    return float(_FAINTEST + np.log10(rng.uniform(low, 1)) / slope)


def _stellar_colour(rng: np.random.Generator) -> Colour:
    """Draw from the two arms of the stellar locus (Covey et al. 2007, AJ 134, 2398; rounded)."""
    if rng.uniform() < 0.5:
        g_r = rng.uniform(0.3, 1.2)
        return Colour(g_r, 0.4 * g_r - 0.04)
    return Colour(rng.normal(1.4, 0.06), rng.uniform(0.5, 1.7))
