"""The look of an SDSS colour cutout: its sky, its blur, its noise and its colour stretch.

The numbers are those of the Sloan Digital Sky Survey's imaging and of its public colour
pictures; the source stands beside each.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from astropy.visualization import make_lupton_rgb
from numpy.typing import NDArray
from scipy.fft import irfft2, next_fast_len, rfft2
from scipy.ndimage import gaussian_filter

from toomre.mocks.brushes import Canvas, Ellipse, point, sersic

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
    "background",
    "light_of",
    "photograph",
]

Image = NDArray[np.float64]

#: Bands that are shown as red, green and blue (SkyServer's image cutout service).
BANDS = ("i", "r", "g")
#: Pixel scale [arcsec/pixel] (Gunn et al. 1998, AJ 116, 3040).
PIXEL_SCALE = 0.396
#: Median width of the point spread function in r [arcsec] (SDSS, "Scope of the imaging survey").
PSF_FWHM = 1.3
#: Magnitude of a flux of 1 nanomaggy [mag] (SDSS, definition of the unit).
ZEROPOINT = 22.5
#: Magnitude of a star that is seen with 5 sigma [mag] (the same page).
DEPTH: Mapping[str, float] = {"g": 23.13, "r": 22.70, "i": 22.20}
#: Quality of the JPEG files (their quantisation tables are the usual ones for 75, chroma halved).
JPEG_QUALITY = 75

# Power of the Moffat (1969) profile's wings; 3 to 4 in SDSS frames.
_MOFFAT_BETA = 3.5
# The service resamples its frames, which joins the noise of neighbouring pixels: sigma [pixel]
# of a Gaussian that gives their correlation (0.8, 0.5 and 0.3 at 1, 2 and 3 pixels).
_RESAMPLING = 1.1
# Stretch of Lupton et al. (2004, PASP 116, 133), fitted to SDSS cutouts of galaxies with known
# r magnitudes: with these the summed light follows the magnitude with the least scatter (6 %).
_SOFTENING = 9.3
_RANGE = 0.385  # [nanomaggy/pixel]
_BAND_WEIGHT: Mapping[str, float] = {"i": 0.80, "r": 1.00, "g": 1.26}
# Its pictures are quieter than its frames: what is left of the noise in sky without objects.
_NOISE_LEFT = 0.72
# What shows as black: the sky's median is a little above it [nanomaggy/pixel, weighted].
_BLACK: Mapping[str, float] = {"i": -0.0055, "r": -0.0032, "g": -0.0032}

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
    kernel = _moffat(canvas.pixel_scale)
    shown = []
    for band, light in zip(BANDS, flux, strict=True):
        blurred = _convolve(light, kernel)
        noise = _NOISE_LEFT * rng.normal(0, _sky_noise(band, canvas.pixel_scale), light.shape)
        shown.append(_BAND_WEIGHT[band] * (blurred + gaussian_filter(noise, _RESAMPLING)))
    black = [_BLACK[band] for band in BANDS]
    picture = make_lupton_rgb(*shown, minimum=black, stretch=_RANGE, Q=_SOFTENING)
    return np.ascontiguousarray(np.moveaxis(picture, -1, 0))


def _sky_noise(band: str, pixel_scale: float) -> float:
    """Return the standard deviation of one pixel [nanomaggy] that gives the survey's depth.

    A star is measured over 4 pi sigma^2 pixels (King 1983, PASP 95, 163).
    """
    sigma = PSF_FWHM / pixel_scale / np.sqrt(8 * np.log(2))
    faintest = 10 ** (0.4 * (ZEROPOINT - DEPTH[band]))
    return float(faintest / 5 / np.sqrt(4 * np.pi * sigma**2))


def _moffat(pixel_scale: float) -> Image:
    core = PSF_FWHM / 2 / np.sqrt(2 ** (1 / _MOFFAT_BETA) - 1)
    reach = int(np.ceil(6 * PSF_FWHM / pixel_scale))
    axis = np.arange(-reach, reach + 1) * pixel_scale
    profile = (1 + (axis[:, None] ** 2 + axis**2) / core**2) ** -_MOFFAT_BETA
    kernel: Image = profile / profile.sum()
    return kernel


def _convolve(image: Image, kernel: Image) -> Image:
    """Convolve with a kernel of odd size; outside the image there is nothing."""
    reach = len(kernel) // 2
    size = next_fast_len(len(image) + 2 * reach, real=True)
    product = rfft2(image, (size, size)) * rfft2(kernel, (size, size))
    found: Image = irfft2(product, (size, size))
    return found[reach : reach + len(image), reach : reach + len(image)]


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
