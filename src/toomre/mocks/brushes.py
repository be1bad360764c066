"""Shapes of light for the drawn cutouts: ellipses of stars, spiral arms, tails and shells.

Every shape is an image of shape (y, x) on a `Canvas`. A shape that falls off smoothly has total
flux 1 where it lies within the canvas. Lengths are in arcseconds from the canvas's centre.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import cos, exp, pi, radians, sin, tan

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.special import gamma

from toomre.errors import ArgumentError

__all__ = [
    "Canvas",
    "Ellipse",
    "TailShape",
    "clumps",
    "point",
    "sersic",
    "shells",
    "spiral_arms",
    "tail",
]

Image = NDArray[np.float64]

# The centre of a Sersic profile is softened by this fraction of a pixel, for a pixel measures
# the mean of its area and not the value in its middle.
_SOFTENING = 0.25
# Points along a tail; with more of them no picture changes.
_TAIL_POINTS = 80


@dataclass(frozen=True)
class Canvas:
    """A square of sky.

    Attributes
    ----------
    size
        Pixels on a side.
    pixel_scale
        Pixel scale [arcsec/pixel].

    Examples
    --------
    >>> Canvas(8, 2.0).axis.tolist()
    [-7.0, -5.0, -3.0, -1.0, 1.0, 3.0, 5.0, 7.0]
    """

    size: int
    pixel_scale: float

    def __post_init__(self) -> None:
        if self.size < 8:
            raise ArgumentError.expected("size", "at least 8 pixels", self.size)
        if not self.pixel_scale > 0:
            raise ArgumentError.expected("pixel_scale", "above 0 arcsec/pixel", self.pixel_scale)

    @cached_property
    def axis(self) -> Image:
        """Offset of each pixel's middle from the centre [arcsec], (size,)."""
        pixels = np.arange(self.size, dtype=np.float64)
        return (pixels - (self.size - 1) / 2) * self.pixel_scale

    @property
    def side(self) -> float:
        """Length of a side [arcsec]."""
        return self.size * self.pixel_scale


@dataclass(frozen=True)
class Ellipse:
    """Where a galaxy is and how it is seen.

    Attributes
    ----------
    x, y
        Offset of its middle from the canvas's centre [arcsec].
    radius
        Half-light radius along the major axis [arcsec].
    axis_ratio
        Minor axis over major axis, above 0 and at most 1.
    angle
        Angle from the x axis to the major axis [degrees].
    """

    x: float
    y: float
    radius: float
    axis_ratio: float
    angle: float

    def plane(self, canvas: Canvas) -> tuple[Image, Image]:
        """Return the coordinates along the axes, the minor one stretched to a circle [arcsec]."""
        dx, dy = canvas.axis[None, :] - self.x, canvas.axis[:, None] - self.y
        c, s = cos(radians(self.angle)), sin(radians(self.angle))
        return dx * c + dy * s, (dy * c - dx * s) / self.axis_ratio


@dataclass(frozen=True)
class TailShape:
    """Length [arcsec], turn from end to end [degrees] and first width [arcsec, sigma]."""

    length: float
    curl: float
    width: float


def sersic(canvas: Canvas, ellipse: Ellipse, index: float) -> Image:
    """Return a Sersic profile with total flux 1.

    The constant that makes `radius` hold half the light is the series of Ciotti & Bertin
    (1999, A&A 352, 447, equation 18), good to 0.1 % for an index of 0.5 to 10. The pixels
    round off a steep centre: at an index of 4 some percent of the light are missing.

    Examples
    --------
    >>> image = sersic(Canvas(256, 0.4), Ellipse(0, 0, 3.0, 0.7, 30.0), index=1)
    >>> bool(abs(image.sum() - 1) < 0.01)
    True
    """
    u, v = ellipse.plane(canvas)
    r = np.sqrt(u**2 + v**2 + (_SOFTENING * canvas.pixel_scale) ** 2) / ellipse.radius
    b = 2 * index - 1 / 3 + 4 / (405 * index) + 46 / (25515 * index**2)
    area = 2 * pi * index * ellipse.radius**2 * ellipse.axis_ratio
    total = area * b ** (-2 * index) * gamma(2 * index)
    profile: Image = np.exp(-b * r ** (1 / index)) * canvas.pixel_scale**2 / total
    return profile


def spiral_arms(canvas: Canvas, ellipse: Ellipse, pitch: float, phase: float) -> Image:
    """Return two logarithmic arms as a factor from 0 to 1 for a disc's light.

    Parameters
    ----------
    canvas, ellipse
        The square of sky and the disc.
    pitch
        Angle between an arm and a circle [degrees]; about 10 to 30 in real galaxies
        (Kennicutt 1981, AJ 86, 1847). A negative one winds the other way.
    phase
        Where the arms begin [degrees].
    """
    u, v = ellipse.plane(canvas)
    r = np.hypot(u, v) / ellipse.radius + 1e-3
    wave = np.cos(2 * (np.arctan2(v, u) - np.log(r) / tan(radians(pitch))) - radians(phase))
    arms: Image = ((1 + wave) / 2) ** 2 * (1 - np.exp(-((r / 0.5) ** 2)))
    return arms


def tail(canvas: Canvas, start: tuple[float, float], heading: float, shape: TailShape) -> Image:
    """Return a curved stream of light that fades and widens along its way, of total flux 1.

    Parameters
    ----------
    canvas
        The square of sky.
    start
        Where it begins (x, y) [arcsec].
    heading
        The direction in which it begins, from the x axis [degrees].
    shape
        Its length, curl and width.

    Examples
    --------
    >>> light = tail(Canvas(256, 0.4), (0.0, 0.0), 90.0, TailShape(20.0, 60.0, 1.0))
    >>> bool(abs(light.sum() - 1) < 0.01)
    True
    """
    t = np.linspace(0, 1, _TAIL_POINTS)
    direction = np.radians(heading + shape.curl * t)
    step = shape.length / _TAIL_POINTS
    x = start[0] + np.cumsum(np.cos(direction)) * step
    y = start[1] + np.cumsum(np.sin(direction)) * step
    width = shape.width * (1 + 1.5 * t)
    weight = np.exp(-1.5 * t)
    weight /= weight.sum()
    across = [
        np.exp(-(((canvas.axis[None, :] - at[:, None]) / width[:, None]) ** 2) / 2)
        * (canvas.pixel_scale / np.sqrt(2 * pi) / width[:, None])
        for at in (y, x)
    ]
    light: Image = (across[0] * weight[:, None]).T @ across[1]
    return light


def shells(canvas: Canvas, ellipse: Ellipse, radii: tuple[float, ...], opening: float) -> Image:
    """Return arcs with a sharp outer edge, as a merger on a plunging orbit leaves them.

    They lie on both sides of the major axis in turn (Quinn 1984, ApJ 279, 596); `radii` are in
    half-light radii and `opening` is the half-angle of the arcs [degrees].
    """
    u, v = ellipse.plane(canvas)
    r, angle = np.hypot(u, v) / ellipse.radius, np.arctan2(v, u)
    light = np.zeros_like(r)
    for number, radius in enumerate(radii):
        away = np.angle(np.exp(1j * (angle - pi * (number % 2))))
        # Light rises over a fifth of the radius and stops at the edge.
        inside = np.exp((r - radius) / (0.2 * radius)) * (r < radius)
        light += inside * np.exp(-((away / radians(opening)) ** 2) / 2) * exp(-0.5 * radius)
    total = light.sum()
    return light / total if total > 0 else light


def clumps(canvas: Canvas, rng: np.random.Generator, scale: float, strength: float) -> Image:
    """Return a random positive factor of mean about 1, smooth over `scale` [arcsec, sigma]."""
    noise = gaussian_filter(
        rng.standard_normal((canvas.size, canvas.size)), scale / canvas.pixel_scale, mode="wrap"
    )
    spread = float(noise.std()) or 1.0
    factor: Image = np.exp(strength * noise / spread - strength**2 / 2)
    return factor


def point(canvas: Canvas, x: float, y: float) -> Image:
    """Return a point of flux 1 at an offset [arcsec], shared among the four nearest pixels."""
    middle = (canvas.size - 1) / 2
    at = (middle + y / canvas.pixel_scale, middle + x / canvas.pixel_scale)
    light = np.zeros((canvas.size, canvas.size))
    low = [int(np.floor(value)) for value in at]
    for j in (0, 1):
        for i in (0, 1):
            row, column = low[0] + j, low[1] + i
            if 0 <= row < canvas.size and 0 <= column < canvas.size:
                light[row, column] = (1 - abs(at[0] - row)) * (1 - abs(at[1] - column))
    return light
